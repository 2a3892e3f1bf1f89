-- What the store's reconciler asks: which commits are here, by the day they were recorded on (UTC). First a digest a day,
-- then, for days that differ, the commits themselves. Both answer in one JSON value, which no bound on rows cuts short.
--
-- A commit's hash is over what identifies it and its result; the store computes the same from its own tables:
--
--   the first 60 bits of SHA-256 of "EXTRACTION|0000320193-24-000123|version|sequence|recorded_at in us|result key"
--
-- ("ANALYSIS" likewise; a purge is "PURGE|0000320193-24-000123|sequence|recorded_at in us".) Sums of hashes need no order
-- and no memory. With contents, a version whose rows are not what came with it has the hash 0.

create index filings_recorded on public.filings using brin (recorded_at);
create index analyses_recorded on public.analyses using brin (recorded_at);
create index tombstones_recorded on public.tombstones using brin (purged_at);

create function tenkay_internal.identity_hash(identity text) returns bigint
language sql immutable
as $$
    select ('x' || pg_catalog.left(pg_catalog.encode(pg_catalog.sha256(pg_catalog.convert_to(identity, 'UTF8')), 'hex'), 15))
        ::bit(60)::bigint
$$;

-- No search path of its own: so that the planner sees what it does. Its callers have one.
create function tenkay_internal.commits_between(first_day date, last_day date)
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
    select 'PURGE', t.filing_id, 0, t.sequence, t.purged_at, null
    from public.tombstones t, bounds where t.purged_at >= low and t.purged_at < high
$$;

-- Whether the rows of a version are what came with it.
create function tenkay_internal.is_intact(kind text, filing_id text, version integer) returns boolean
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
begin
    case kind
        when 'EXTRACTION' then
            return exists (
                select from public.filings f
                where f.filing_id = filing_id and f.version = version
                    and f.contents_hash = tenkay_internal.extraction_hash(f)
            );
        when 'ANALYSIS' then
            return exists (
                select from public.analyses a
                where a.filing_id = filing_id and a.version = version
                    and a.contents_hash = tenkay_internal.analysis_hash(a)
            );
        else
            return true;
    end case;
end
$$;

create function tenkay_internal.commit_hash(
    kind text, filing_id text, version integer, sequence bigint, recorded_at timestamptz, result_key text,
    with_contents boolean
)
returns bigint
language sql stable
as $$
    select case
        when with_contents and not tenkay_internal.is_intact(kind, filing_id, version) then 0
        else tenkay_internal.identity_hash(pg_catalog.concat_ws(
            '|', kind, filing_id, case when kind <> 'PURGE' then version end, sequence,
            (extract(epoch from recorded_at) * 1000000)::bigint, result_key
        ))
    end
$$;

-- {"2026-01-31": [number of commits, sum of their hashes as text], …} for the days from first_day to last_day that have
-- any. '-infinity' and 'infinity' are days.
create function public.commit_digests(first_day date, last_day date, with_contents boolean)
returns jsonb
language sql stable security definer
set search_path = pg_catalog, pg_temp
as $$
    select coalesce(jsonb_object_agg(day, jsonb_build_array(commits, hashes::text)), '{}')
    from (
        select
            (c.recorded_at at time zone 'UTC')::date::text as day, count(*) as commits,
            sum(tenkay_internal.commit_hash(
                c.kind, c.filing_id, c.version, c.sequence, c.recorded_at, c.result_key, with_contents
            )) as hashes
        from tenkay_internal.commits_between(first_day, last_day) c
        group by 1
    ) days
$$;

comment on function public.commit_digests(date, date, boolean) is 'A digest of the commits of each day.';

-- [[sequence, kind, filing_id, version, hash], …] of one day's commits with a sequence above after_sequence and up to
-- up_to, in the order of sequences: at_most of them, and those beyond that have the last one's sequence.
create function public.commits_of_day(
    day date, after_sequence bigint, up_to bigint, at_most integer, with_contents boolean
)
returns jsonb
language sql stable security definer
set search_path = pg_catalog, pg_temp
as $$
    select coalesce(
        jsonb_agg(
            jsonb_build_array(
                page.sequence, page.kind, page.filing_id, page.version,
                tenkay_internal.commit_hash(
                    page.kind, page.filing_id, page.version, page.sequence, page.recorded_at, page.result_key,
                    with_contents
                )
            )
            order by page.sequence, page.kind, page.filing_id, page.version
        ),
        '[]'
    )
    from (
        select c.* from tenkay_internal.commits_between(day, day) c
        where c.sequence > after_sequence and c.sequence <= up_to
        order by c.sequence
        fetch first at_most rows with ties
    ) page
$$;

comment on function public.commits_of_day(date, bigint, bigint, integer, boolean) is 'The commits of a day.';

revoke all on function public.commit_digests(date, date, boolean) from public, anon, authenticated;
revoke all on function public.commits_of_day(date, bigint, bigint, integer, boolean) from public, anon, authenticated;
grant execute on function public.commit_digests(date, date, boolean) to service_role;
grant execute on function public.commits_of_day(date, bigint, bigint, integer, boolean) to service_role;
