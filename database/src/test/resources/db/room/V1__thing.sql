create table thing (id bigint primary key, name text not null);
