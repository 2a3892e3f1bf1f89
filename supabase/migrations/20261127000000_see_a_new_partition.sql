-- A batch that waited for another one's partition now sees it.
--
-- to_regclass answers from the session's cache of the catalog, and taking an advisory lock does not renew it: the second
-- look, after the wait, still said that the partition was not there, and making it failed with 42P07. A query reads the
-- catalog under the statement's own snapshot, which is taken after the wait.

create or replace function tenkay_internal.ensure_signals_partition(filing_date date)
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
    if exists (
        select from pg_class
        where relnamespace = 'tenkay_internal'::regnamespace and relname = partition
    ) then
        return;
    end if;
    execute format(
        'create table tenkay_internal.%I partition of public.signals for values from (%L) to (%L)',
        partition, first_day, (first_day + interval '1 month')::date
    );
    execute format('alter table tenkay_internal.%I enable row level security', partition);
end
$$;
