-- Each version of a filing and of an analysis keeps a hash of what was stored with it, so that what was changed here by
-- hand is found, and repaired by sending the commit again.
--
-- The hash is the sum of the hashes of its rows, so their order plays no part. It is not cryptographic and is compared
-- within this database only: it finds accidents, not forgers, who could change the hash as well. Columns are named one
-- by one, so that a column added later does not change the hash of what is there.

create function tenkay_internal.filing_hash(f public.filings) returns bigint
language sql immutable
as $$
    select pg_catalog.hash_record_extended(
        row(
            f.filing_id, f.version, f.sequence, f.recorded_at, f.partition_date, f.cik, f.form_type, f.company_name,
            f.filing_date, f.accepted_at, f.period_end, f.sic_code, f.items, f.primary_document, f.source,
            f.is_amendment, f.sections, f.texts, f.result_key, f.catalog_version, f.code_version, f.fact_count
        ),
        0
    )
$$;

create function tenkay_internal.signal_hash(s public.signals) returns bigint
language sql immutable
as $$
    select pg_catalog.hash_record_extended(
        row(
            s.signal_id, s.position, s.category, s.value_decimal, s.value_double, s.value_bool, s.value_int,
            s.value_text, s.unit, s.currency, s.confidence, s.out_of_range, s.evidence, s.notes
        ),
        0
    )
$$;

create function tenkay_internal.missing_signal_hash(m public.missing_signals) returns bigint
language sql immutable
as $$
    select pg_catalog.hash_record_extended(row(m.signal_id, m.position, m.reason, m.detail), 0)
$$;

create function tenkay_internal.analysis_hash(a public.analyses) returns bigint
language sql immutable
as $$
    select pg_catalog.hash_record_extended(
        row(
            a.filing_id, a.version, a.sequence, a.recorded_at, a.rating, a.score, a.uncapped_score, a.band,
            a.low_confidence, a.dimensions, a.flags, a.reasons, a.narrative, a.backend, a.result_key, a.rules_version,
            a.reference_id, a.not_rated_reason, a.extraction_key
        ),
        0
    )
$$;

-- The sum of hashes as one number again.
create function tenkay_internal.folded(hashes numeric) returns bigint
language sql immutable
as $$
    select pg_catalog.mod(hashes, 9223372036854775807)::bigint
$$;

-- The hash of an extraction as its rows are now.
create function tenkay_internal.extraction_hash(f public.filings) returns bigint
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
    of_signals numeric;
    of_missing numeric;
begin
    -- Planned anew each time, with the date known, so that only the one partition is opened and locked.
    execute 'select sum(tenkay_internal.signal_hash(s)) from public.signals s '
        'where s.partition_date = $1 and s.filing_id = $2 and s.version = $3'
    into of_signals using f.partition_date, f.filing_id, f.version;
    select sum(tenkay_internal.missing_signal_hash(m)) into of_missing
    from public.missing_signals m where m.filing_id = f.filing_id and m.version = f.version;
    return tenkay_internal.folded(
        tenkay_internal.filing_hash(f)::numeric + coalesce(of_signals, 0) + coalesce(of_missing, 0)
    );
end
$$;

alter table public.filings add column contents_hash bigint;
alter table public.analyses add column contents_hash bigint;
update public.filings f set contents_hash = tenkay_internal.extraction_hash(f);
update public.analyses a set contents_hash = tenkay_internal.analysis_hash(a);
alter table public.filings alter column contents_hash set not null;
alter table public.analyses alter column contents_hash set not null;

-- Puts in the signals and gaps of an extraction; the sum of their hashes.
create function tenkay_internal.insert_parts(filing public.filings, part jsonb)
returns numeric
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    hashes numeric;
begin
    with signals as (
        insert into public.signals as stored (
            partition_date, filing_id, version, signal_id, position, category,
            value_decimal, value_double, value_bool, value_int, value_text,
            unit, currency, confidence, out_of_range, evidence, notes
        )
        select
            filing.partition_date, filing.filing_id, filing.version, s.signal_id, s.ordinality - 1, s.category,
            s.value_decimal, s.value_double, s.value_bool, s.value_int, s.value_text,
            s.unit, s.currency, s.confidence, s.out_of_range, s.evidence, s.notes
        from rows from (
            jsonb_to_recordset(part -> 'signals') as (
                signal_id text, category text,
                value_decimal numeric, value_double double precision, value_bool boolean, value_int bigint,
                value_text text, unit text, currency text, confidence double precision, out_of_range boolean,
                evidence jsonb, notes text[]
            )
        ) with ordinality s
        returning tenkay_internal.signal_hash(stored) as hash
    ),
    missing as (
        insert into public.missing_signals as stored (filing_id, version, signal_id, position, reason, detail)
        select filing.filing_id, filing.version, m.signal_id, m.ordinality - 1, m.reason, m.detail
        from rows from (
            jsonb_to_recordset(part -> 'missing') as (signal_id text, reason text, detail text)
        ) with ordinality m
        returning tenkay_internal.missing_signal_hash(stored) as hash
    )
    select sum(hash) into hashes from (select hash from signals union all select hash from missing) rows_of_it;
    return coalesce(hashes, 0);
end
$$;

create or replace function tenkay_internal.apply_extraction(
    filing_id text, sequence bigint, recorded_at timestamptz, part jsonb
)
returns boolean
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
    new public.filings;
    old public.filings;
    hashes numeric;
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
        if old.sequence > new.sequence then
            return false;
        end if;
        -- The same commit again: nothing to do, unless what is here is not what came with it.
        if old.sequence = new.sequence and old.result_key = new.result_key and old.recorded_at = new.recorded_at
            and old.contents_hash = tenkay_internal.extraction_hash(old) then
            return false;
        end if;
        perform tenkay_internal.delete_extraction(old);
    end if;
    begin
        hashes := tenkay_internal.insert_parts(new, part);
    exception
        when unique_violation then
            -- Rows that were left here when their filing was deleted by hand; or the extraction has a signal twice, which
            -- fails once more.
            perform tenkay_internal.delete_extraction(new);
            hashes := tenkay_internal.insert_parts(new, part);
    end;
    new.contents_hash := tenkay_internal.folded(
        tenkay_internal.filing_hash(new)::numeric + hashes
    );
    insert into public.filings select new.*;
    return true;
end
$$;

create or replace function tenkay_internal.apply_analysis(
    filing_id text, sequence bigint, recorded_at timestamptz, part jsonb
)
returns boolean
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
    new public.analyses;
    old public.analyses;
begin
    new := jsonb_populate_record(null::public.analyses, part);
    new.filing_id := filing_id;
    new.sequence := sequence;
    new.recorded_at := recorded_at;
    new.contents_hash := tenkay_internal.analysis_hash(new);
    select * into old from public.analyses a where a.filing_id = new.filing_id and a.version = new.version;
    if found then
        if old.sequence > new.sequence then
            return false;
        end if;
        if old.sequence = new.sequence and old.contents_hash = new.contents_hash
            and old.contents_hash = tenkay_internal.analysis_hash(old) then
            return false;
        end if;
        delete from public.analyses a where a.filing_id = new.filing_id and a.version = new.version;
    end if;
    insert into public.analyses select new.*;
    return true;
end
$$;

-- A purge that came before takes out what is there of the filing nevertheless: rows of purged filings that were put back
-- by hand go when the purge is sent again.
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
    return changed or found;
end
$$;

-- As before, but a purge that is here already is applied again.
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
        if (item ? 'extraction')::integer + (item ? 'analysis')::integer + (item ? 'purge')::integer <> 1 then
            raise exception 'write % (%) must have exactly one of extraction, analysis and purge', position - 1, id
                using errcode = 'invalid_parameter_value';
        end if;
        if item ? 'purge' then
            applied := tenkay_internal.apply_purge(id, commit_at, recorded);
        elsif exists (select from public.tombstones t where t.filing_id = id and t.sequence >= commit_at) then
            applied := false;
        elsif item ? 'extraction' then
            applied := tenkay_internal.apply_extraction(id, commit_at, recorded, item -> 'extraction');
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
