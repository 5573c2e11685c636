-- What was asked of the payment service and how far it is. No sums of money are kept here: the
-- ledger has them; the numbers in these rows are what was asked for and what it was answered.

-- How a user is called at the payment service.
create table economy.payer (
  tenant text primary key,
  customer text unique,
  customer_asked boolean not null default false,
  payee text unique,
  payee_asked boolean not null default false,
  payouts_enabled boolean not null default false,
  -- The saved card, by the service's name for it.
  method text
);

create table economy.purchase (
  id uuid primary key,
  tenant text not null,
  -- The client's: the same wish asked twice is one purchase.
  key text not null check (length(key) between 1 and 100),
  kind text not null check (kind in ('credits', 'chip', 'debt', 'auto')),
  -- Credits, or millionths of a CHIP, or millionths of a dollar of debt.
  units bigint not null check (units > 0),
  cents bigint not null check (cents > 0),
  -- For people: how the cents follow from the units.
  price text not null,
  state text not null check (state in ('requested', 'open', 'charging', 'paid', 'expired',
    'declined', 'asks', 'refused', 'refunding', 'refunded')),
  asked boolean not null default false,
  checkout text unique,
  url text,
  payment text unique,
  -- The saved card that is charged; it does not change while one purchase is tried.
  method text,
  return_to text not null,
  requested_at timestamptz not null,
  expires_at timestamptz not null,
  paid_at timestamptz,
  -- When what was bought by card is no longer held; null once it is not.
  held_until timestamptz,
  -- What went back to the payer and what became of it, as far as the ledger has it.
  returned_micro bigint not null default 0 check (returned_micro >= 0),
  taken_units bigint not null default 0 check (taken_units >= 0),
  owed_micro bigint not null default 0 check (owed_micro >= 0),
  -- Transfers that are decided and not yet known to be in the ledger.
  plan jsonb,
  plan_number integer not null default 0,
  due_at timestamptz,
  attempts integer not null default 0,
  problem text not null default '',
  unique (tenant, key)
);
create unique index purchase_one_auto on economy.purchase (tenant)
  where kind = 'auto' and state in ('requested', 'charging');
create index purchase_due on economy.purchase (due_at) where due_at is not null;

create table economy.refund (
  id uuid primary key,
  purchase uuid not null references economy.purchase,
  cents bigint not null check (cents > 0),
  payment text not null,
  asked boolean not null default false,
  done boolean not null default false,
  problem text not null default ''
);

-- A user's consent to be charged without being asked each time.
create table economy.autopurchase (
  tenant text primary key,
  state text not null check (state in ('on', 'asks', 'stopped', 'off')),
  words text not null,
  consented_at timestamptz not null,
  declines integer not null default 0,
  not_before timestamptz not null,
  reason text not null default ''
);
-- Every consent and every end of one, for ever.
create table economy.consent (
  seq bigint generated always as identity primary key,
  tenant text not null,
  given boolean not null,
  words text not null,
  at timestamptz not null
);

create table economy.withdrawal (
  id uuid primary key,
  tenant text not null,
  key text not null check (length(key) between 1 and 100),
  cents bigint not null check (cents > 0),
  payee text not null,
  state text not null check (state in ('requested', 'held', 'transfer', 'payout', 'paid',
    'returning', 'failed', 'returned', 'cancelled', 'refused')),
  requested_at timestamptz not null,
  held_until timestamptz not null,
  send_asked boolean not null default false,
  sent text unique,
  payout_asked boolean not null default false,
  payout text unique,
  back_asked boolean not null default false,
  -- Whether the ledger had posted it when it came back.
  was_paid boolean not null default false,
  due_at timestamptz,
  attempts integer not null default 0,
  problem text not null default '',
  unique (tenant, key)
);
create index withdrawal_due on economy.withdrawal (due_at) where due_at is not null;
create index withdrawal_tenant on economy.withdrawal (tenant, requested_at);

-- What the service told us, by its event's id. Only whose state is to be looked at is kept of it:
-- the rest is people's data, and the state is asked for anyway.
create table economy.webhook (
  id text primary key,
  type text not null,
  object_kind text not null,
  object_id text not null,
  payment text not null,
  account text not null,
  live boolean not null,
  digest text not null,
  received_at timestamptz not null,
  state text not null check (state in ('received', 'done', 'ignored', 'given_up')),
  due_at timestamptz not null,
  attempts integer not null default 0,
  problem text not null default ''
);
create index webhook_due on economy.webhook (due_at) where state = 'received';

-- What a user is to be told.
create table economy.payment_notice (
  seq bigint generated always as identity primary key,
  tenant text not null,
  code text not null,
  words text not null,
  link text not null,
  at timestamptz not null
);
create index payment_notice_tenant on economy.payment_notice (tenant, seq);
