-- What was intended with credits, rewards, stakes and citation payments, and how far it came. Sums
-- are in the ledger; an amount here is part of an intent, so that it can be ordered again unchanged.

-- News for the bus, written with the rows that they tell of, deleted when sent.
create table news (
  id text primary key,
  subject text not null,
  tenant text not null,
  type text not null,
  data jsonb not null,
  at timestamptz not null,
  seq bigint generated always as identity unique
);

create table sign_up (
  account text primary key,
  person text not null unique,
  method text not null,
  at timestamptz not null
);
comment on column sign_up.person is 'a digest of the proof: one person is given a start once';

create table run_charge (
  run text primary key,
  account text not null,
  class text not null check (class in ('quick', 'standard', 'deep')),
  price bigint not null check (price > 0),
  attempt int not null,
  state text not null
    check (state in ('reserving', 'reserved', 'charging', 'charged', 'releasing', 'released')),
  at timestamptz not null
);
create index on run_charge (state) where state in ('reserving', 'reserved', 'charging', 'releasing');

create table stake (
  key text primary key,
  account text not null,
  article text unique,
  amount bigint not null check (amount > 0),
  starter bigint not null check (starter >= 0),
  available bigint not null check (available >= 0),
  reward bigint not null default 0 check (reward >= 0),
  missing bigint not null check (missing >= 0),
  attempt int not null,
  state text not null check (state in ('taking', 'refused', 'held', 'accused', 'appealed',
    'slashing', 'slashed', 'returning', 'returned')),
  at timestamptz not null,
  free_at timestamptz not null,
  round int not null default 0,
  accuser text,
  reasons text,
  share bigint,
  appeal_until timestamptz,
  appeal text,
  reviewer text,
  decision text,
  slashed bigint not null default 0 check (slashed >= 0),
  slashing bigint not null default 0 check (slashing >= 0),
  check (starter + available + reward + missing + slashed = amount)
);
comment on column stake.missing is 'what the article''s own reward is to complete';
comment on column stake.slashing is 'what the last round took, a part of slashed';
comment on column stake.round is 'how often it was slashed';
create index on stake (state, free_at);
create unique index one_incomplete_stake on stake (account)
  where missing > 0 and state not in ('refused', 'returning', 'returned');

create table epoch (
  number int primary key,
  cap bigint not null check (cap >= 0),
  state text not null check (state in ('opening', 'open', 'closing', 'closed')),
  rest bigint not null default 0
);

create table reward (
  article text primary key,
  account text not null,
  owner text not null,
  score int not null,
  supported bigint not null,
  claims bigint not null,
  quality bigint not null,
  state text not null check (state in ('held', 'active', 'vested', 'nothing', 'stopped')),
  reason text not null,
  epoch int references epoch (number),
  worth bigint not null default 0 check (worth >= 0),
  earlier int not null default 0,
  at_once bigint not null default 0,
  days bigint not null default 0,
  claimed_at timestamptz not null,
  granted_at timestamptz,
  explanation jsonb not null
);
create index on reward (epoch);
create index on reward (state);

create table reward_move (
  article text not null references reward (article),
  number int not null,
  kind text not null
    check (kind in ('made', 'vested', 'staked', 'unstaked', 'taken_back', 'unmade')),
  amount bigint not null check (amount > 0),
  day int not null,
  done boolean not null,
  at timestamptz not null,
  seq bigint generated always as identity unique,
  primary key (article, number)
);
create index on reward_move (seq) where not done;

-- How far each reward is: what was made for it, what became its owner's, and what of it is loose in
-- its owner's unvested account.
create view reward_standing as
  select r.article,
    coalesce(sum(case m.kind when 'made' then m.amount
      when 'taken_back' then -m.amount when 'unmade' then -m.amount else 0 end), 0)::bigint as made,
    coalesce(sum(case m.kind when 'vested' then m.amount else 0 end), 0)::bigint as vested,
    coalesce(sum(case m.kind when 'made' then m.amount when 'unstaked' then m.amount
      else -m.amount end), 0)::bigint as loose,
    coalesce(max(m.number), 0)::int as moves
  from reward r left join reward_move m on m.article = r.article
  group by r.article;

create table citation_month (
  month text primary key,
  budget bigint not null check (budget >= 0),
  average bigint not null check (average >= 0),
  floor bigint not null check (floor > 0),
  pair_max bigint not null check (pair_max > 0),
  state text not null check (state in ('opening', 'open', 'settling', 'closed')),
  eligible bigint not null default 0,
  paid bigint not null default 0,
  explanation jsonb not null
);

create table citation_pay (
  citation text primary key,
  article text not null,
  account text not null,
  citing_owner text not null,
  cited_owner text not null,
  made_at timestamptz not null,
  month text not null references citation_month (month),
  attempt int not null,
  state text not null check (state in ('pending', 'void', 'paid')),
  done boolean not null,
  reserved bigint not null check (reserved >= 0),
  amount bigint not null default 0 check (amount >= 0),
  reason text not null default '',
  seen_at timestamptz not null,
  seq bigint generated always as identity unique
);
create index on citation_pay (month, state);
create index on citation_pay (account);
create index on citation_pay (seq) where not done;
