-- The roles of Supabase, where they are missing: on a plain Postgres. On Supabase they exist and nothing is done.
--
-- A request comes in as `authenticator` and switches to the role its token names: `anon` without a token,
-- `authenticated` for people who read, `service_role` for the store.

do $$
begin
    if not exists (select from pg_roles where rolname = 'anon') then
        create role anon nologin noinherit;
    end if;
    if not exists (select from pg_roles where rolname = 'authenticated') then
        create role authenticated nologin noinherit;
    end if;
    if not exists (select from pg_roles where rolname = 'service_role') then
        create role service_role nologin noinherit bypassrls;
    end if;
    if not exists (select from pg_roles where rolname = 'authenticator') then
        create role authenticator login noinherit;
        grant anon, authenticated, service_role to authenticator;
    end if;
end
$$;

grant usage on schema public to anon, authenticated, service_role;

-- Partitions and the functions that only other functions call live here, out of the reach of the REST API.
create schema if not exists tenkay_internal;
revoke all on schema tenkay_internal from public;
