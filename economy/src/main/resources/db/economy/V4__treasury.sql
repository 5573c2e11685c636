-- Prices, the treasury's debt and budgets, loans, deposits, governance and signed intents. Amounts
-- here tell what was decided; what anybody has or owes stands in the ledger alone.

create function refuse_decided() returns trigger language plpgsql as $$
begin
  raise exception 'what was decided never changes' using errcode = 'integrity_constraint_violation';
end $$;

create table price (
  seq bigint generated always as identity primary key,
  source text not null,
  at timestamptz not null,
  told bigint not null check (told > 0),
  depth bigint not null check (depth >= 0),
  verdict text not null check (verdict in ('counted', 'clamped', 'ignored')),
  micros bigint not null check (micros > 0),
  paused_until timestamptz,
  reason text not null,
  unique (source, at)
);
comment on column price.micros is 'the price in force after it, micro-dollars for a whole CHIP';
create index price_counted on price (at) where verdict <> 'ignored';
create trigger price_is_immutable before update or delete on price
  for each row execute function refuse_decided();

create table sale_offer (
  at timestamptz primary key,
  micros bigint not null check (micros > 0),
  who text not null
);
create trigger sale_offer_is_immutable before update or delete on sale_offer
  for each row execute function refuse_decided();

create table interest (
  debt text not null,
  through date not null,
  since date not null check (since < through),
  principal bigint not null check (principal >= 0),
  ppm bigint not null check (ppm >= 0),
  amount bigint not null check (amount >= 0),
  primary key (debt, through)
);
comment on table interest is 'simple interest for the days from since up to, not with, through';
create trigger interest_is_immutable before update or delete on interest
  for each row execute function refuse_decided();

create table monthly_budget (
  month text primary key check (month ~ '^[0-9]{4}-[0-9]{2}$'),
  lender text not null,
  chip bigint not null,
  price bigint not null,
  loan_to_value bigint not null,
  monthly_share bigint not null,
  debt bigint not null,
  cap bigint not null,
  realised bigint not null,
  capacity bigint not null,
  amount bigint not null check (amount >= 0 and amount <= realised and amount <= cap),
  fixed_at timestamptz not null,
  state text not null check (state in ('requested', 'drawn', 'closing', 'closed')),
  returned bigint check (returned >= 0)
);

create table debt_repayment (
  key text primary key,
  lender text not null,
  interest bigint not null check (interest >= 0),
  principal bigint not null check (principal >= 0),
  at timestamptz not null,
  state text not null check (state in ('requested', 'done'))
);

create table loan (
  id text primary key,
  owner text not null,
  key text not null,
  collateral bigint not null check (collateral > 0),
  amount bigint not null check (amount > 0),
  price bigint not null,
  depth bigint not null,
  others bigint not null,
  loan_to_value bigint not null,
  interest bigint not null,
  at timestamptz not null,
  state text not null
    check (state in ('requested', 'open', 'uncovered', 'repaid', 'liquidated')),
  ended_at timestamptz,
  unique (owner, key)
);
comment on column loan.interest is 'parts per million a year, fixed for the life of the loan';
comment on column loan.others is 'collateral of all other loans when it was made';
create index loan_open on loan (owner) where state in ('requested', 'open', 'uncovered');

create table loan_change (
  id text primary key,
  loan text not null references loan,
  kind text not null check (kind in ('repay', 'pledge', 'liquidate')),
  chip bigint not null check (chip >= 0),
  freed bigint not null check (freed >= 0),
  interest bigint not null check (interest >= 0),
  principal bigint not null check (principal >= 0),
  price bigint not null,
  at timestamptz not null,
  state text not null check (state in ('requested', 'done')),
  ends text not null
);
comment on column loan_change.chip is 'pledged, or taken by the treasury';
comment on column loan_change.freed is 'given back to the owner';
comment on column loan_change.ends is 'the state of the loan after it';
create index loan_change_open on loan_change (loan) where state = 'requested';

create table deposit (
  id text primary key,
  owner text not null,
  key text not null,
  amount bigint not null check (amount > 0),
  at timestamptz not null,
  free_at timestamptz not null,
  ended_at timestamptz,
  state text not null check (state in ('requested', 'kept', 'leaving', 'withdrawn')),
  unique (owner, key)
);

create table surplus (
  key text primary key,
  since date not null,
  until date not null check (until > since),
  amount bigint not null check (amount > 0),
  at timestamptz not null,
  state text not null check (state in ('requested', 'paid')),
  unique (since)
);
create table surplus_part (
  surplus text not null references surplus,
  deposit text not null references deposit,
  owner text not null,
  principal bigint not null,
  days bigint not null,
  amount bigint not null check (amount >= 0),
  explanation jsonb not null,
  primary key (surplus, deposit)
);
create trigger surplus_part_is_immutable before update or delete on surplus_part
  for each row execute function refuse_decided();

create table proposal (
  id text primary key,
  proposer text not null,
  key text not null,
  kind text not null check (kind in ('parameter', 'allocation', 'upgrade')),
  subject text not null,
  content jsonb not null,
  bond bigint not null,
  quorum bigint not null,
  timelock bigint not null,
  at timestamptz not null,
  closes_at timestamptz not null,
  snapshot bigint,
  circulating bigint,
  price bigint,
  yes bigint,
  no bigint,
  state text not null
    check (state in ('requested', 'open', 'rejected', 'passed', 'executed', 'void')),
  reason text not null default '',
  ended_at timestamptz,
  unique (proposer, key)
);
comment on column proposal.snapshot is 'votes are weighed by the ledger as it stood after this entry';
comment on column proposal.quorum is 'with the timelock as they were when it was made';
create unique index proposal_one_at_a_time on proposal (subject)
  where kind = 'parameter' and state in ('requested', 'open', 'passed');
create unique index proposal_one_each on proposal (proposer) where state in ('requested', 'open');

create table vote (
  proposal text not null references proposal,
  voter text not null,
  yes boolean not null,
  weight bigint not null check (weight > 0),
  explanation jsonb not null,
  at timestamptz not null,
  primary key (proposal, voter)
);
create trigger vote_is_immutable before update or delete on vote
  for each row execute function refuse_decided();

create table parameter_change (
  seq bigint generated always as identity primary key,
  proposal text not null unique references proposal,
  parameter text not null,
  was bigint not null,
  value bigint not null,
  at timestamptz not null
);
create trigger parameter_change_is_immutable before update or delete on parameter_change
  for each row execute function refuse_decided();

create table intent (
  owner text not null,
  nonce text not null,
  kind text not null,
  digest text not null,
  signer text not null,
  body jsonb not null,
  signature bytea not null,
  at timestamptz not null,
  reference text,
  primary key (owner, nonce)
);
comment on column intent.reference is 'what the act made; a repeated intent is answered with it';
