-- What operators said of values: that one is wrong, or that this is settled. A write of a batch may be of a dispute:
--
--   {"filing_id": "0000320193-24-000123", "sequence": 20, "recorded_at": "…",
--    "dispute": {"version": 1, "signal_id": "revenue", "is_open": true, "reason": "WRONG_SCALE",
--                "said_by": "…", "note": "…"}}

create table public.disputes (
    filing_id   text        not null check (filing_id ~ '^\d{10}-\d{2}-\d{6}$'),
    version     integer     not null check (version >= 1),
    signal_id   text        not null,
    sequence    bigint      not null check (sequence >= 0),
    recorded_at timestamptz not null,
    is_open     boolean     not null,
    reason      text        not null,
    said_by     text        not null,
    note        text        not null,
    primary key (filing_id, version, signal_id)
);

comment on table public.disputes is
    'The newest that was said of a value of a version: disputed while is_open. current_signals leaves such values out.';

alter table public.disputes enable row level security;
revoke all on public.disputes from anon, authenticated, service_role;
grant select on public.disputes to authenticated, service_role;
create policy readers_read on public.disputes for select to authenticated using (true);

create or replace view public.current_signals with (security_invoker = true) as
select
    f.filing_id, f.version, f.cik, f.form_type, f.filing_date, f.period_end,
    s.signal_id, s.position, s.category, s.value_decimal, s.value_double, s.value_bool, s.value_int, s.value_text,
    s.unit, s.currency, s.confidence, s.out_of_range, s.evidence, s.notes
from public.filings f
join public.signals s
    on s.partition_date = f.partition_date and s.filing_id = f.filing_id and s.version = f.version
where not exists (
    select from public.filings newer where newer.filing_id = f.filing_id and newer.sequence > f.sequence
)
and not exists (
    select from public.disputes d
    where d.filing_id = s.filing_id and d.version = s.version and d.signal_id = s.signal_id and d.is_open
);

comment on view public.current_signals is
    'The signals of the newest version of each filing, without values that are disputed.';

create function tenkay_internal.apply_dispute(filing_id text, sequence bigint, recorded_at timestamptz, part jsonb)
returns boolean
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    new public.disputes;
begin
    new := jsonb_populate_record(null::public.disputes, part);
    new.filing_id := filing_id;
    new.sequence := sequence;
    new.recorded_at := recorded_at;
    insert into public.disputes as d select new.*
    on conflict on constraint disputes_pkey do update
        set sequence = excluded.sequence, recorded_at = excluded.recorded_at, is_open = excluded.is_open,
            reason = excluded.reason, said_by = excluded.said_by, note = excluded.note
        where d.sequence < excluded.sequence;
    return found;
end
$$;

create or replace function tenkay_internal.apply_purge(filing_id text, sequence bigint, recorded_at timestamptz)
returns boolean
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
    old public.filings;
    changed boolean;
begin
    insert into public.tombstones as t (filing_id, sequence, purged_at)
    values (filing_id, sequence, recorded_at)
    on conflict on constraint tombstones_pkey do update
        set sequence = excluded.sequence, purged_at = excluded.purged_at
        where t.sequence < excluded.sequence or (t.sequence = excluded.sequence and t.purged_at <> excluded.purged_at);
    changed := found;
    for old in select * from public.filings f where f.filing_id = filing_id and f.sequence < sequence loop
        perform tenkay_internal.delete_extraction(old);
        changed := true;
    end loop;
    delete from public.analyses a where a.filing_id = filing_id and a.sequence < sequence;
    changed := changed or found;
    delete from public.disputes d where d.filing_id = filing_id and d.sequence < sequence;
    return changed or found;
end
$$;

create or replace function public.ingest_filing_batch(batch jsonb)
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
        if (item ? 'extraction')::integer + (item ? 'analysis')::integer + (item ? 'purge')::integer
            + (item ? 'dispute')::integer <> 1 then
            raise exception 'write % (%) must have exactly one of extraction, analysis, dispute and purge', position - 1, id
                using errcode = 'invalid_parameter_value';
        end if;
        if item ? 'purge' then
            applied := tenkay_internal.apply_purge(id, commit_at, recorded);
        elsif exists (select from public.tombstones t where t.filing_id = id and t.sequence >= commit_at) then
            applied := false;
        elsif item ? 'extraction' then
            applied := tenkay_internal.apply_extraction(id, commit_at, recorded, item -> 'extraction');
        elsif item ? 'dispute' then
            applied := tenkay_internal.apply_dispute(id, commit_at, recorded, item -> 'dispute');
        else
            applied := tenkay_internal.apply_analysis(id, commit_at, recorded, item -> 'analysis');
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
