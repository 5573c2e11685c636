-- What is settled on a chain: one row for each transfer of the ledger that has to happen there too.

create table settlement (
  seq bigint generated always as identity primary key,
  receipt text not null unique check (receipt ~ '^[0-9a-f]{64}$'),
  transfer uuid not null unique,
  kind text not null check (kind in ('reward', 'citation', 'stake', 'free', 'slash', 'sale')),
  account text not null,
  amount bigint not null check (amount > 0),
  about text not null,
  reason text not null,
  state text not null default 'waiting' check (state in ('waiting', 'signed', 'settled', 'refused')),
  digest text,
  bytes bytea,
  signatures text,
  pin text,
  checkpoint bigint,
  attempts int not null default 0,
  trouble text not null default '',
  not_before timestamptz not null,
  made_at timestamptz not null,
  settled_at timestamptz,
  checked_at timestamptz,
  check (state <> 'signed'
    or (digest is not null and bytes is not null and signatures is not null and pin is not null)),
  check (state <> 'settled' or (digest is not null and settled_at is not null))
);
-- Two transactions under way could use the same coin for their gas, and a third could pay again
-- what the first has paid. So there is at most one, whoever works.
create unique index settlement_under_way on settlement (state) where state = 'signed';
create index settlement_next on settlement (seq) where state = 'waiting';
create index settlement_checked on settlement (checked_at nulls first, seq) where state = 'settled';
comment on column settlement.receipt is '32 bytes in hex; the chain pays each once';
comment on column settlement.about is 'the receipt of the stake that is freed or slashed';
comment on column settlement.digest is 'of the transaction, in the chain''s own form';
comment on column settlement.pin is 'the object version whose use shows that it can happen no more';
comment on column settlement.checkpoint is 'where the chain has it; null until that was read';

create table settlement_attempt (
  digest text primary key,
  receipt text not null references settlement (receipt),
  bytes bytea not null,
  at timestamptz not null
);
comment on table settlement_attempt is 'every transaction that was ever signed for a settlement';

create table settlement_cursor (
  account text primary key,
  seq bigint not null
);
comment on table settlement_cursor is 'how far an account''s statement has been read';

create table chain_halt (
  number bigint generated always as identity primary key,
  reason text not null,
  at timestamptz not null,
  lifted_at timestamptz,
  lifted_by text,
  lifted_why text,
  check ((lifted_at is null) = (lifted_by is null) and (lifted_at is null) = (lifted_why is null))
);
create unique index chain_halt_standing on chain_halt ((true)) where lifted_at is null;
comment on table chain_halt is 'while one stands, nothing is paid out';

create function settlement_guard() returns trigger language plpgsql as $$
begin
  if tg_op = 'DELETE' then
    raise exception 'a settlement is never deleted';
  end if;
  if (new.receipt, new.transfer, new.kind, new.account, new.amount, new.about, new.reason)
    is distinct from (old.receipt, old.transfer, old.kind, old.account, old.amount, old.about, old.reason)
  then
    raise exception 'what a settlement is for never changes';
  end if;
  if old.state = 'settled' and new.state <> 'settled' then
    raise exception 'a settlement that happened has happened';
  end if;
  return new;
end $$;
create trigger settlement_guard before update or delete on settlement
  for each row execute function settlement_guard();

create function settlement_attempt_guard() returns trigger language plpgsql as $$
begin
  raise exception 'what was signed stays written down';
end $$;
create trigger settlement_attempt_guard before update or delete on settlement_attempt
  for each row execute function settlement_attempt_guard();
