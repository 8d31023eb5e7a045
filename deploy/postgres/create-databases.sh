#!/bin/sh
# Run once by the Postgres image, when its volume is empty. Two owners that cannot read each other's databases; the role
# that Waypost works with is made here, so that its owner needs no CREATEROLE.
set -eu

psql --no-psqlrc --set=ON_ERROR_STOP=1 --username "${POSTGRES_USER:-postgres}" --dbname postgres \
  --set=waypost_password="$POSTGRES_WAYPOST_PASSWORD" --set=temporal_password="$POSTGRES_TEMPORAL_PASSWORD" <<'SQL'
create role waypost_app nologin nobypassrls;
create role waypost login password :'waypost_password';
create role temporal login password :'temporal_password';
grant waypost_app to waypost;

create database waypost owner waypost;
create database temporal owner temporal;
create database temporal_visibility owner temporal;
revoke connect on database waypost, temporal, temporal_visibility from public;
SQL
