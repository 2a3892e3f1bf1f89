-- What a restore of the store reads back: commits in the very form in which public.ingest_filing_batch took them.
--
--   select public.read_commits(17, 100, 50)   -- the first 50 commits after 17, up to 100
--   [{"filing_id": "0000320193-24-000123", "sequence": 18, "recorded_at": "…", "extraction": {"version": 1, …}}, …]
--
-- Amounts come as text: a number in JSON loses digits in most languages. Of a purge only its moment is here, and what
-- was purged is not. The lease that a commit was made under is kept with it, so that it holds after a restore too, and
-- the digests of its artifacts, so that they are found again; and what it was computed from, so that it is known when it
-- is out of date. Of disputes the newest of each value is here.

alter table public.filings
    add column fence_scope text,
    add column fence_token bigint,
    -- Null: none, or written by a store of before.
    add column artifacts jsonb check (jsonb_typeof(artifacts) = 'array'),
    -- All companies and persons that the filing is of. Null: not told.
    add column entity_ciks bigint[],
    -- Over the filing's bytes and listing and the extractor. Null: not told.
    add column content_key text,
    -- [{"accession_number": …, "content_key": …}, …]. Null: written by a store of before.
    add column earlier_filings jsonb check (jsonb_typeof(earlier_filings) = 'array');
alter table public.analyses add column fence_scope text, add column fence_token bigint;

create index filings_sequence on public.filings using brin (sequence);
create index analyses_sequence on public.analyses using brin (sequence);
create index disputes_sequence on public.disputes using brin (sequence);

create function public.read_commits(after_sequence bigint, up_to_sequence bigint, most integer)
returns jsonb
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
    with page as (
        select kind, filing_id, version, sequence
        from (
            select 'extraction' as kind, f.filing_id, f.version, f.sequence
            from public.filings f
            where f.sequence > after_sequence and f.sequence <= up_to_sequence
            union all
            select 'analysis', a.filing_id, a.version, a.sequence
            from public.analyses a
            where a.sequence > after_sequence and a.sequence <= up_to_sequence
            union all
            select 'dispute', d.filing_id, d.version, d.sequence
            from public.disputes d
            where d.sequence > after_sequence and d.sequence <= up_to_sequence
            union all
            select 'purge', t.filing_id, null, t.sequence
            from public.tombstones t
            where t.sequence > after_sequence and t.sequence <= up_to_sequence
        ) commits
        order by sequence
        limit least(greatest(most, 0), 200)
    ),
    found as (
        select p.sequence, f.filing_id, f.recorded_at, p.kind,
            to_jsonb(f) || jsonb_build_object(
                'signals', (
                    select coalesce(
                        jsonb_agg(
                            to_jsonb(s) || jsonb_build_object('value_decimal', s.value_decimal::text)
                            order by s.position
                        ),
                        '[]'
                    )
                    from public.signals s
                    where s.partition_date = f.partition_date
                        and s.filing_id = f.filing_id
                        and s.version = f.version
                ),
                'missing', (
                    select coalesce(jsonb_agg(to_jsonb(m) order by m.position), '[]')
                    from public.missing_signals m
                    where m.filing_id = f.filing_id and m.version = f.version
                )
            ) as part
        from page p
        join public.filings f on p.kind = 'extraction' and f.filing_id = p.filing_id and f.version = p.version
        union all
        select p.sequence, a.filing_id, a.recorded_at, p.kind, to_jsonb(a)
        from page p
        join public.analyses a on p.kind = 'analysis' and a.filing_id = p.filing_id and a.version = p.version
        union all
        select p.sequence, d.filing_id, d.recorded_at, p.kind, to_jsonb(d)
        from page p
        join public.disputes d on p.kind = 'dispute' and d.filing_id = p.filing_id and d.sequence = p.sequence
        union all
        select p.sequence, t.filing_id, t.purged_at, p.kind, '{}'::jsonb
        from page p
        join public.tombstones t on p.kind = 'purge' and t.filing_id = p.filing_id
    )
    select coalesce(
        jsonb_agg(
            jsonb_build_object(
                'filing_id', filing_id, 'sequence', sequence, 'recorded_at', recorded_at, kind, part
            )
            order by sequence
        ),
        '[]'
    )
    from found
$$;

comment on function public.read_commits(bigint, bigint, integer) is
    'Commits after one and up to another, in the form that ingest_filing_batch takes.';

revoke all on function public.read_commits(bigint, bigint, integer) from public, anon, authenticated;
grant execute on function public.read_commits(bigint, bigint, integer) to service_role;
