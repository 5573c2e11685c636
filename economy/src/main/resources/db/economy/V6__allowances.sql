-- What a user lets their agents do by themselves in a day, as they said last.
create table allowance (
  account text primary key,
  chip bigint not null check (chip >= 0),
  usdc bigint not null check (usdc >= 0),
  publications bigint not null check (publications >= 0),
  at timestamptz not null
);

-- What was decided of each action, once: the same action asked again is answered with its row.
create table allowance_claim (
  account text not null,
  action text not null,
  digest text not null,
  day date not null,
  chip bigint not null check (chip >= 0),
  usdc bigint not null check (usdc >= 0),
  publications bigint not null check (publications >= 0),
  facts text not null,
  state text not null check (state in ('claimed', 'held', 'given_back')),
  refusal text,
  at timestamptz not null,
  primary key (account, action, digest),
  check ((state = 'given_back') = (refusal is not null))
);
comment on column allowance_claim.digest is 'of the operation and its arguments';
comment on column allowance_claim.facts is 'what was asked, used and allowed, as it was told';
comment on column allowance_claim.refusal is 'why the action was not done after all';
create index on allowance_claim (account, day) where state = 'claimed';
