-- Whose this project is. A store is numbered from its first commit on, and what is written here is guarded by those
-- numbers: of two stores that write to one project, the commits with the lower numbers would be ignored and taken for
-- written. So a project is one store's: the first that claims it while it is empty, or that shows that what is here is
-- its own. Batches of others are refused with TK001.

create table tenkay_internal.owner (
    -- One row at most.
    is_there   boolean     primary key default true check (is_there),
    -- The identity that the store was made with.
    store_id   text        not null check (store_id <> ''),
    claimed_at timestamptz not null default now()
);

comment on table tenkay_internal.owner is 'The store whose commits are here.';

alter table tenkay_internal.owner enable row level security;
revoke all on tenkay_internal.owner from public, anon, authenticated, service_role;

-- The newest commit is asked for at each start of the store, which BRIN has no answer to.
drop index public.filings_sequence, public.analyses_sequence, public.disputes_sequence;
create index filings_sequence on public.filings (sequence);
create index analyses_sequence on public.analyses (sequence);
create index disputes_sequence on public.disputes (sequence);
create index tombstones_sequence on public.tombstones (sequence);

-- {"store_id": "…", "newest": {"sequence": 12, "filing_id": "0000320193-24-000123", "recorded_at": "…"}}; null where there
-- is no owner, and no commit.
create function public.store_owner()
returns jsonb
language sql stable security definer
set search_path = pg_catalog, pg_temp
as $$
    select jsonb_build_object(
        'store_id', (select o.store_id from tenkay_internal.owner o),
        'newest', (
            select jsonb_build_object(
                'sequence', c.sequence, 'filing_id', c.filing_id, 'recorded_at', c.recorded_at
            )
            from (
                (select f.sequence, f.filing_id, f.recorded_at from public.filings f order by 1 desc limit 1)
                union all
                (select a.sequence, a.filing_id, a.recorded_at from public.analyses a order by 1 desc limit 1)
                union all
                (select d.sequence, d.filing_id, d.recorded_at from public.disputes d order by 1 desc limit 1)
                union all
                (select t.sequence, t.filing_id, t.purged_at from public.tombstones t order by 1 desc limit 1)
            ) c
            order by c.sequence desc
            limit 1
        )
    )
$$;

comment on function public.store_owner() is 'The store whose commits are here, and the newest of them.';

-- Makes the project this store's if it is nobody's; what store_owner says then. While commits are here that nobody has
-- claimed, only with used: the store has seen that they are its own.
create function public.claim_store(store_id text, used boolean)
returns jsonb
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    -- Held to the end, so that of two that come at once the second sees the first.
    lock table tenkay_internal.owner in share row exclusive mode;
    if used or (public.store_owner() ->> 'newest') is null then
        insert into tenkay_internal.owner (store_id) values (claim_store.store_id) on conflict do nothing;
    end if;
    return public.store_owner();
end
$$;

comment on function public.claim_store(text, boolean) is 'Makes the project a store''s, if it is nobody''s.';

-- What took batches until now does so still, once it is known whose they are.
alter function public.ingest_filing_batch(jsonb) rename to apply_batch;
alter function public.apply_batch(jsonb) set schema tenkay_internal;
alter function tenkay_internal.apply_batch(jsonb) security invoker;
revoke all on function tenkay_internal.apply_batch(jsonb) from public, anon, authenticated, service_role;

create function public.ingest_filing_batch(batch jsonb)
returns jsonb
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    owner text := (select o.store_id from tenkay_internal.owner o);
begin
    if owner is distinct from (batch ->> 'store_id') then
        raise exception 'this project is of the store % and the batch of %',
            coalesce(owner, 'nobody yet'), coalesce(batch ->> 'store_id', 'one that does not say')
            using errcode = 'TK001';
    end if;
    return tenkay_internal.apply_batch(batch);
end
$$;

comment on function public.ingest_filing_batch(jsonb) is
    'Applies up to 200 writes of the store whose project this is as one transaction; each answers applied or ignored.';

revoke all on function public.store_owner() from public, anon, authenticated;
revoke all on function public.claim_store(text, boolean) from public, anon, authenticated;
revoke all on function public.ingest_filing_batch(jsonb) from public, anon, authenticated;
grant execute on function public.store_owner() to service_role;
grant execute on function public.claim_store(text, boolean) to service_role;
grant execute on function public.ingest_filing_batch(jsonb) to service_role;
