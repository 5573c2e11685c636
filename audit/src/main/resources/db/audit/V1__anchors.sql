create table anchor (
  origin text not null,
  size bigint not null check (size >= 0),
  number bigint not null check (number >= 0),
  note text not null,
  evidence bytea not null,
  written_at timestamptz not null default now(),
  primary key (origin, size),
  unique (origin, number)
);

-- An anchor is made once and never changed, not even by the owner of the table without this trace.
create function refuse_change() returns trigger language plpgsql as $$
begin
  raise exception 'an anchor is never changed or removed' using errcode = 'insufficient_privilege';
end
$$;

create trigger never_changed before update or delete on anchor
  for each row execute function refuse_change();

create trigger never_emptied before truncate on anchor
  for each statement execute function refuse_change();
