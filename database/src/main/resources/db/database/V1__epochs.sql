-- How often each lock has been taken: a holder that was away too long sees that it is no longer the last.
create table epoch (
  name text primary key,
  epoch bigint not null check (epoch > 0)
);
