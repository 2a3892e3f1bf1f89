-- What was said of values is compared by the store's reconciler like commits are: a day's digest and its list of commits
-- have the newest of each value. All of it is in the hash, by the first 60 bits of the SHA-256 of
--
--   "DISPUTE|0000320193-24-000123|version|sequence|recorded_at in us|signal|1 while it is open, else 0|reason|who|note"
--
-- A dispute that was altered here is put right by sending it again.

create index disputes_recorded on public.disputes using brin (recorded_at);

create or replace function tenkay_internal.commits_between(first_day date, last_day date)
returns table (
    kind text, filing_id text, version integer, sequence bigint, recorded_at timestamptz, result_key text
)
language sql stable
as $$
    with bounds as (
        select
            first_day::timestamp at time zone 'UTC' as low,
            case when last_day < 'infinity' then (last_day + 1)::timestamp at time zone 'UTC' else 'infinity' end as high
    )
    select 'EXTRACTION', f.filing_id, f.version, f.sequence, f.recorded_at, f.result_key
    from public.filings f, bounds where f.recorded_at >= low and f.recorded_at < high
    union all
    select 'ANALYSIS', a.filing_id, a.version, a.sequence, a.recorded_at, a.result_key
    from public.analyses a, bounds where a.recorded_at >= low and a.recorded_at < high
    union all
    select
        'DISPUTE', d.filing_id, d.version, d.sequence, d.recorded_at,
        concat_ws('|', d.signal_id, d.is_open::integer, d.reason, d.said_by, d.note)
    from public.disputes d, bounds where d.recorded_at >= low and d.recorded_at < high
    union all
    select 'PURGE', t.filing_id, 0, t.sequence, t.purged_at, null
    from public.tombstones t, bounds where t.purged_at >= low and t.purged_at < high
$$;

create or replace function tenkay_internal.apply_dispute(filing_id text, sequence bigint, recorded_at timestamptz, part jsonb)
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
        where d.sequence < excluded.sequence
            or (d.sequence = excluded.sequence and d is distinct from excluded);
    return found;
end
$$;
