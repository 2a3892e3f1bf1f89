-- Filings, their signals and gaps, their analyses, and the marks of purged ones.
--
-- A filing's id is its accession number. Each extraction of it is a version, and so is each analysis; older versions
-- stay. `sequence` is the position of the commit in the store, which decides what is newer.
--
-- Everybody who may read, may read everything; nobody writes but through public.ingest_filing_batch.

create table public.filings (
    filing_id        text        not null check (filing_id ~ '^\d{10}-\d{2}-\d{6}$'),
    version          integer     not null check (version >= 1),
    sequence         bigint      not null check (sequence >= 0),
    recorded_at      timestamptz not null,
    -- Where the version's signals lie: the day of filing, or -infinity when it is not known. A partition key cannot be
    -- null; filing_date beside it stays null then. Never shown to readers.
    partition_date   date        not null check (partition_date = coalesce(filing_date, '-infinity')),
    cik              bigint      check (cik >= 0),
    form_type        text,
    company_name     text,
    filing_date      date,
    accepted_at      timestamptz,
    period_end       date,
    sic_code         integer,
    items            text[]      not null,
    primary_document text,
    source           text,
    is_amendment     boolean     not null,
    sections         jsonb       not null check (jsonb_typeof(sections) = 'array'),
    texts            jsonb       not null check (jsonb_typeof(texts) = 'array'),
    result_key       text        not null,
    catalog_version  text        not null,
    code_version     text        not null,
    fact_count       integer     not null check (fact_count >= 0),
    primary key (filing_id, version)
);

comment on table public.filings is 'Versions of filings: one row for each extraction of a filing.';
create index filings_newest on public.filings (filing_id, sequence desc);
create index filings_company on public.filings (cik, filing_date desc);
create index filings_date on public.filings using brin (filing_date);

create table public.signals (
    partition_date date             not null,
    filing_id      text             not null,
    version        integer          not null,
    signal_id      text             not null,
    -- Position among the filing's signals, from 0: the catalog's order.
    position       integer          not null check (position >= 0),
    category       text             not null,
    value_decimal  numeric          check (value_decimal > '-Infinity' and value_decimal < 'Infinity'),
    value_double   double precision check (value_double > '-Infinity' and value_double < 'Infinity'),
    value_bool     boolean,
    value_int      bigint,
    value_text     text,
    unit           text             not null check (unit <> ''),
    currency       text,
    confidence     double precision not null check (confidence between 0 and 1),
    out_of_range   boolean          not null,
    evidence       jsonb            not null check (jsonb_typeof(evidence) = 'array' and evidence <> '[]'),
    notes          text[]           not null,
    constraint signals_one_value
        check (num_nonnulls(value_decimal, value_double, value_bool, value_int, value_text) = 1),
    primary key (partition_date, filing_id, version, signal_id)
) partition by range (partition_date);

comment on table public.signals is
    'Values of signals. One partition a month of filing, made when the first filing of the month comes.';
comment on column public.signals.value_decimal is 'Money and amounts per share, exact.';
comment on column public.signals.value_double is 'Ratios and shares.';
comment on column public.signals.value_bool is 'Flags.';
comment on column public.signals.value_int is 'Counts.';
comment on column public.signals.value_text is 'One of the names the signal''s definition lists.';
create index signals_date on public.signals using brin (partition_date);
create index signals_value on public.signals (signal_id, partition_date);

create table tenkay_internal.signals_undated partition of public.signals
    for values from (minvalue) to ('0001-01-01');
alter table tenkay_internal.signals_undated enable row level security;

create table public.missing_signals (
    filing_id text    not null,
    version   integer not null,
    signal_id text    not null,
    position  integer not null check (position >= 0),
    reason    text    not null,
    detail    text    not null check (detail <> ''),
    primary key (filing_id, version, signal_id)
);

comment on table public.missing_signals is 'Signals of the catalog that a filing gives no value for, with the reason.';

create table public.analyses (
    filing_id        text             not null check (filing_id ~ '^\d{10}-\d{2}-\d{6}$'),
    version          integer          not null check (version >= 1),
    sequence         bigint           not null check (sequence >= 0),
    recorded_at      timestamptz      not null,
    rating           text             not null,
    score            double precision check (score between 0 and 100),
    uncapped_score   double precision check (uncapped_score between 0 and 100),
    band             double precision check (band >= 0),
    low_confidence   boolean          not null,
    dimensions       jsonb            not null check (jsonb_typeof(dimensions) = 'array'),
    flags            jsonb            not null check (jsonb_typeof(flags) = 'array'),
    reasons          jsonb            not null check (jsonb_typeof(reasons) = 'array'),
    narrative        text             not null,
    backend          text             not null,
    result_key       text             not null,
    rules_version    text             not null,
    reference_id     text,
    not_rated_reason text,
    extraction_key   text             not null,
    primary key (filing_id, version)
);

comment on table public.analyses is 'Versions of analyses: one row for each analysis of a filing.';
create index analyses_newest on public.analyses (filing_id, sequence desc);

create table public.tombstones (
    filing_id text        primary key,
    sequence  bigint      not null check (sequence >= 0),
    purged_at timestamptz not null
);

comment on table public.tombstones is
    'Purged filings. What was committed before the purge stays away, however late it arrives.';

create view public.current_filings with (security_invoker = true) as
select distinct on (filing_id)
    filing_id, version, sequence, recorded_at, cik, form_type, company_name, filing_date, accepted_at, period_end,
    sic_code, items, primary_document, source, is_amendment, result_key, catalog_version, code_version, fact_count
from public.filings
order by filing_id, sequence desc;

comment on view public.current_filings is 'The newest version of each filing.';

create view public.current_signals with (security_invoker = true) as
select
    f.filing_id, f.version, f.cik, f.form_type, f.filing_date, f.period_end,
    s.signal_id, s.position, s.category, s.value_decimal, s.value_double, s.value_bool, s.value_int, s.value_text,
    s.unit, s.currency, s.confidence, s.out_of_range, s.evidence, s.notes
from public.filings f
join public.signals s
    on s.partition_date = f.partition_date and s.filing_id = f.filing_id and s.version = f.version
where not exists (
    select from public.filings newer where newer.filing_id = f.filing_id and newer.sequence > f.sequence
);

comment on view public.current_signals is 'The signals of the newest version of each filing.';

create view public.current_analyses with (security_invoker = true) as
select distinct on (filing_id) *
from public.analyses
order by filing_id, sequence desc;

comment on view public.current_analyses is 'The newest analysis of each filing.';

alter table public.filings enable row level security;
alter table public.signals enable row level security;
alter table public.missing_signals enable row level security;
alter table public.analyses enable row level security;
alter table public.tombstones enable row level security;

-- Supabase grants everything on new tables to its roles: take it back, then give what is meant.
revoke all on
    public.filings, public.signals, public.missing_signals, public.analyses, public.tombstones,
    public.current_filings, public.current_signals, public.current_analyses
from anon, authenticated, service_role;
grant select on
    public.filings, public.signals, public.missing_signals, public.analyses, public.tombstones,
    public.current_filings, public.current_signals, public.current_analyses
to authenticated, service_role;

create policy readers_read on public.filings for select to authenticated using (true);
create policy readers_read on public.signals for select to authenticated using (true);
create policy readers_read on public.missing_signals for select to authenticated using (true);
create policy readers_read on public.analyses for select to authenticated using (true);
create policy readers_read on public.tombstones for select to authenticated using (true);
