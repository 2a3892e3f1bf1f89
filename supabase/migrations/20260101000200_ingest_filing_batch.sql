-- The one way into the tables: a batch of the store's commits, applied as one transaction.
--
--   select public.ingest_filing_batch('{"writes": [
--     {"filing_id": "0000320193-24-000123", "sequence": 17, "recorded_at": "2026-01-01T00:00:00Z",
--      "extraction": {"version": 1, …the other columns of filings…,
--                     "signals": [{"signal_id": "revenue", "value_decimal": "391035000000", …}, …],
--                     "missing": [{"signal_id": "…", "reason": "…", "detail": "…"}, …]}},
--     {"filing_id": "0000320193-24-000123", "sequence": 18, "recorded_at": "…", "analysis": {"version": 1, …}},
--     {"filing_id": "0000320193-24-000124", "sequence": 19, "recorded_at": "…", "purge": true}
--   ]}')
--
-- Each write has exactly one of extraction, analysis and purge; keys are the columns' names, and a key that is left out
-- is null. The answer says for each write, in the batch's order, what became of it:
--
--   {"results": [{"filing_id": "0000320193-24-000123", "sequence": 17, "outcome": "applied"}, …]}
--
-- "ignored" means that the same version of the same filing, or its purge, is already here from the same or a later
-- commit. So batches may be sent again, overlap and overtake each other: the end is the same in any order.
-- An error in one write leaves the whole batch undone.

create function tenkay_internal.ensure_signals_partition(filing_date date)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    first_day date := date_trunc('month', filing_date)::date;
    partition text := 'signals_' || to_char(first_day, 'YYYY_MM');
begin
    if to_regclass('tenkay_internal.' || partition) is not null then
        return;
    end if;
    -- One maker at a time; it holds the table of signals until its transaction ends.
    perform pg_advisory_xact_lock(hashtextextended('tenkay_internal.signals', 0));
    if to_regclass('tenkay_internal.' || partition) is not null then
        return;
    end if;
    execute format(
        'create table tenkay_internal.%I partition of public.signals for values from (%L) to (%L)',
        partition, first_day, (first_day + interval '1 month')::date
    );
    execute format('alter table tenkay_internal.%I enable row level security', partition);
end
$$;

create function tenkay_internal.delete_extraction(old public.filings)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    -- Planned anew each time, with the date known, so that only the one partition is opened and locked.
    execute 'delete from public.signals where partition_date = $1 and filing_id = $2 and version = $3'
    using old.partition_date, old.filing_id, old.version;
    delete from public.missing_signals where filing_id = old.filing_id and version = old.version;
    delete from public.filings where filing_id = old.filing_id and version = old.version;
end
$$;

create function tenkay_internal.apply_extraction(filing_id text, sequence bigint, recorded_at timestamptz, part jsonb)
returns boolean
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
    new public.filings;
    old public.filings;
begin
    if jsonb_typeof(part -> 'signals') is distinct from 'array'
        or jsonb_typeof(part -> 'missing') is distinct from 'array' then
        raise exception 'the extraction of % must have the arrays signals and missing', filing_id
            using errcode = 'invalid_parameter_value';
    end if;
    new := jsonb_populate_record(null::public.filings, part);
    new.filing_id := filing_id;
    new.sequence := sequence;
    new.recorded_at := recorded_at;
    new.partition_date := coalesce(new.filing_date, '-infinity');
    select * into old from public.filings f where f.filing_id = new.filing_id and f.version = new.version;
    if found then
        if old.sequence >= new.sequence then
            return false;
        end if;
        perform tenkay_internal.delete_extraction(old);
    end if;
    insert into public.filings select new.*;
    insert into public.signals (
        partition_date, filing_id, version, signal_id, position, category,
        value_decimal, value_double, value_bool, value_int, value_text,
        unit, currency, confidence, out_of_range, evidence, notes
    )
    select
        new.partition_date, new.filing_id, new.version, s.signal_id, s.ordinality - 1, s.category,
        s.value_decimal, s.value_double, s.value_bool, s.value_int, s.value_text,
        s.unit, s.currency, s.confidence, s.out_of_range, s.evidence, s.notes
    from rows from (
        jsonb_to_recordset(part -> 'signals') as (
            signal_id text, category text,
            value_decimal numeric, value_double double precision, value_bool boolean, value_int bigint, value_text text,
            unit text, currency text, confidence double precision, out_of_range boolean, evidence jsonb, notes text[]
        )
    ) with ordinality as s;
    insert into public.missing_signals (filing_id, version, signal_id, position, reason, detail)
    select new.filing_id, new.version, m.signal_id, m.ordinality - 1, m.reason, m.detail
    from rows from (
        jsonb_to_recordset(part -> 'missing') as (signal_id text, reason text, detail text)
    ) with ordinality as m;
    return true;
end
$$;

create function tenkay_internal.apply_analysis(filing_id text, sequence bigint, recorded_at timestamptz, part jsonb)
returns boolean
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
    new public.analyses;
begin
    new := jsonb_populate_record(null::public.analyses, part);
    new.filing_id := filing_id;
    new.sequence := sequence;
    new.recorded_at := recorded_at;
    if exists (
        select from public.analyses a
        where a.filing_id = new.filing_id and a.version = new.version and a.sequence >= new.sequence
    ) then
        return false;
    end if;
    delete from public.analyses a where a.filing_id = new.filing_id and a.version = new.version;
    insert into public.analyses select new.*;
    return true;
end
$$;

create function tenkay_internal.apply_purge(filing_id text, sequence bigint, recorded_at timestamptz)
returns boolean
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
    old public.filings;
begin
    insert into public.tombstones as t (filing_id, sequence, purged_at)
    values (filing_id, sequence, recorded_at)
    on conflict on constraint tombstones_pkey do update
        set sequence = excluded.sequence, purged_at = excluded.purged_at
        where t.sequence < excluded.sequence;
    if not found then
        return false;
    end if;
    for old in select * from public.filings f where f.filing_id = filing_id and f.sequence < sequence loop
        perform tenkay_internal.delete_extraction(old);
    end loop;
    delete from public.analyses a where a.filing_id = filing_id and a.sequence < sequence;
    return true;
end
$$;

create function public.ingest_filing_batch(batch jsonb)
returns jsonb
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    most_writes constant integer := 200;
    writes      jsonb := batch -> 'writes';
    filing      text;
    month       date;
    position    bigint;
    item        jsonb;
    id          text;
    commit_at   bigint;
    recorded    timestamptz;
    applied     boolean;
    outcomes    jsonb[];
begin
    if writes is null or jsonb_typeof(writes) <> 'array' then
        raise exception 'batch.writes must be an array' using errcode = 'invalid_parameter_value';
    end if;
    if jsonb_array_length(writes) > most_writes then
        raise exception 'batch.writes has % writes; % is the most', jsonb_array_length(writes), most_writes
            using errcode = 'invalid_parameter_value';
    end if;
    outcomes := array_fill(null::jsonb, array[jsonb_array_length(writes)]);

    -- Locks come first: filings in the order of their ids, then the table of signals where a partition is to be made.
    -- So no batch waits for another that waits for it.
    for filing in
        select distinct w ->> 'filing_id' as filing_id
        from jsonb_array_elements(writes) w
        where w ->> 'filing_id' is not null
        order by filing_id
    loop
        perform pg_advisory_xact_lock(hashtextextended(filing, 1));
    end loop;
    for month in
        select distinct date_trunc('month', (w -> 'extraction' ->> 'filing_date')::date)::date as first_day
        from jsonb_array_elements(writes) w
        where w -> 'extraction' ->> 'filing_date' is not null
        order by first_day
    loop
        perform tenkay_internal.ensure_signals_partition(month);
    end loop;

    for position, item in
        select w.ordinality, w.value
        from jsonb_array_elements(writes) with ordinality w
        order by (w.value ->> 'sequence')::bigint, w.ordinality
    loop
        id := item ->> 'filing_id';
        commit_at := (item ->> 'sequence')::bigint;
        recorded := (item ->> 'recorded_at')::timestamptz;
        if id is null or commit_at is null or recorded is null then
            raise exception 'write % lacks filing_id, sequence or recorded_at', position - 1
                using errcode = 'invalid_parameter_value';
        end if;
        if (item ? 'extraction')::integer + (item ? 'analysis')::integer + (item ? 'purge')::integer <> 1 then
            raise exception 'write % (%) must have exactly one of extraction, analysis and purge', position - 1, id
                using errcode = 'invalid_parameter_value';
        end if;
        if exists (select from public.tombstones t where t.filing_id = id and t.sequence >= commit_at) then
            applied := false;
        elsif item ? 'extraction' then
            applied := tenkay_internal.apply_extraction(id, commit_at, recorded, item -> 'extraction');
        elsif item ? 'analysis' then
            applied := tenkay_internal.apply_analysis(id, commit_at, recorded, item -> 'analysis');
        else
            applied := tenkay_internal.apply_purge(id, commit_at, recorded);
        end if;
        outcomes[position] := jsonb_build_object(
            'filing_id', id,
            'sequence', commit_at,
            'outcome', case when applied then 'applied' else 'ignored' end
        );
    end loop;
    return jsonb_build_object('results', to_jsonb(outcomes));
end
$$;

comment on function public.ingest_filing_batch(jsonb) is 'Applies a batch of the store''s commits as one transaction.';

revoke all on function public.ingest_filing_batch(jsonb) from public, anon, authenticated;
grant execute on function public.ingest_filing_batch(jsonb) to service_role;
