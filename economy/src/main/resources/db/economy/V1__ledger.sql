-- One shard of the ledger: accounts, and transfers that never change. One writer; who it is, the
-- shard's row says. A second shard would be a second database. Amounts are in the currency's smallest unit.

create table account (
  number bigint generated always as identity primary key,
  owner text not null,
  purse text not null,
  currency text not null,
  may text not null check (may in ('none', 'no_overdraft', 'no_overpayment')),
  debits_posted bigint not null default 0 check (debits_posted >= 0),
  credits_posted bigint not null default 0 check (credits_posted >= 0),
  debits_pending bigint not null default 0 check (debits_pending >= 0),
  credits_pending bigint not null default 0 check (credits_pending >= 0),
  entries bigint not null default 0,
  opened_at timestamptz not null default now(),
  unique (purse, currency, owner),
  -- What no program may get wrong, said once more where the numbers lie.
  check (may <> 'no_overdraft' or debits_posted + debits_pending <= credits_posted),
  check (may <> 'no_overpayment' or credits_posted + credits_pending <= debits_posted)
) with (fillfactor = 50);
comment on column account.may is 'what the balance may never do';
comment on column account.entries is 'how many transfers have touched it';

create table transfer (
  seq bigint primary key,
  id uuid not null unique,
  kind smallint not null check (kind between 0 and 4),
  debit bigint not null,
  credit bigint not null,
  ordered bigint not null check (ordered >= 0),
  moved bigint not null check (moved > 0),
  reserved bigint not null check (reserved >= 0),
  pending uuid,
  timeout_ms bigint not null,
  linked boolean not null,
  reason text not null,
  explanation text not null,
  batch bigint not null,
  at timestamptz not null,
  check (debit <> credit)
);
-- Not partitioned: an id has to be unique for ever, and nothing is ever taken out.
create unique index transfer_end on transfer (pending) where pending is not null;
create index transfer_debit on transfer (debit, seq);
create index transfer_credit on transfer (credit, seq);
comment on index transfer_end is 'a reservation is ended once';

create table open_reservation (
  id uuid primary key,
  seq bigint not null,
  ends_at timestamptz not null
);
create index open_reservation_end on open_reservation (ends_at, seq);
comment on table open_reservation is 'reservations with a time that nobody has ended yet';

create table balance_snapshot (
  account bigint not null,
  seq bigint not null,
  debits_posted bigint not null,
  credits_posted bigint not null,
  debits_pending bigint not null,
  credits_pending bigint not null,
  primary key (account, seq)
);
comment on table balance_snapshot is 'an account after the batch that ended with this transfer';

create table batch (
  number bigint primary key,
  first_seq bigint not null,
  last_seq bigint not null,
  epoch bigint not null,
  digest text not null,
  at timestamptz not null,
  check (last_seq >= first_seq)
);
comment on column batch.digest is 'SHA-256 of the digest before and of every transfer in it';

create table outbox (
  batch bigint primary key references batch
);
comment on table outbox is 'batches of which the audit chain and the bus have not yet heard';

create table shard (
  one boolean primary key default true check (one),
  epoch bigint not null,
  batch bigint not null,
  seq bigint not null,
  digest text not null,
  at timestamptz not null
);
insert into shard (epoch, batch, seq, digest, at) values (0, 0, 0, '', 'epoch');
comment on column shard.epoch is 'of the writer that may write; an older one is refused';

create function refuse_change() returns trigger language plpgsql as $$
begin
  raise exception 'what the ledger has accepted never changes: % on %', tg_op, tg_table_name
    using errcode = 'integrity_constraint_violation';
end $$;

create trigger transfer_is_immutable before update or delete on transfer
  for each row execute function refuse_change();
create trigger transfer_stays before truncate on transfer
  for each statement execute function refuse_change();
create trigger batch_is_immutable before update or delete on batch
  for each row execute function refuse_change();
create trigger batch_stays before truncate on batch
  for each statement execute function refuse_change();
-- Also in a session that has replication's rights.
alter table transfer enable always trigger transfer_is_immutable;
alter table transfer enable always trigger transfer_stays;
alter table batch enable always trigger batch_is_immutable;
alter table batch enable always trigger batch_stays;
