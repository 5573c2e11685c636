-- Articles, their immutable versions and the citations between them: the truth, of which the search
-- index is a projection. Bodies lie in the object store, by digest.

create table account (
  name text primary key,
  owner text not null,
  seed boolean not null default false
);
comment on column account.owner is 'accounts of one owner cite each other without weight';
comment on column account.seed is 'trust begins here';

create table article (
  seq bigint generated always as identity unique,
  id text primary key,
  author text not null,
  field text not null,
  state text not null check (state in ('published', 'rejected', 'withdrawn')),
  review text not null check (review in ('none', 'pending', 'accepted', 'rejected')),
  reviewer text,
  stake int not null check (stake between 10 and 1000),
  stake_returned boolean not null default false,
  boost int not null default 0 check (boost >= 0),
  score int not null check (score between 0 and 100),
  reason text not null,
  nearest jsonb not null,
  model text not null,
  latest int not null default 1,
  published_at timestamptz not null,
  key text unique
);
comment on column article.key is 'the action that published it: repeated, it finds this article';

create table version (
  article text not null references article,
  number int not null check (number > 0),
  digest text not null,
  title text not null,
  words int not null,
  sources jsonb not null,
  verification jsonb,
  at timestamptz not null,
  primary key (article, number)
);
create index version_digest on version (digest);

create function refuse_change() returns trigger language plpgsql as $$
begin
  raise exception 'a published version never changes' using errcode = 'integrity_constraint_violation';
end $$;
create trigger version_is_immutable before update or delete on version
  for each row execute function refuse_change();

create table citation (
  seq bigint generated always as identity unique,
  id text primary key,
  citing text not null references article,
  cited text not null references article,
  kind text not null check (kind in ('report', 'manual')),
  claim text not null,
  quote text not null,
  supported boolean not null,
  why text not null,
  at timestamptz not null,
  withdrawn_at timestamptz,
  check (citing <> cited),
  unique (citing, cited)
);
create index citation_cited on citation (cited);

create table ring (
  id text primary key,
  found_at timestamptz not null,
  state text not null check (state in ('frozen', 'released')),
  members text[] not null,
  evidence jsonb not null,
  decided_by text,
  decided_at timestamptz
);

-- What is usual is learnt from the articles up to here, and stays until a vote changes the row.
create table novelty_reference (
  model text primary key,
  up_to bigint not null,
  frozen_at timestamptz not null
);

create table outbox (
  seq bigint generated always as identity primary key,
  id text not null unique,
  subject text not null,
  tenant text not null,
  type text not null,
  data jsonb not null,
  at timestamptz not null
);
