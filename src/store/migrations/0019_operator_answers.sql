-- Idempotency-Key of the operator, who belongs to no tenant: the answer to a `POST /v1/tenants` is kept with the tenant that
-- it made, under a key that begins with a control character, which no tenant's own key can hold.
create index idempotency_key_of_operator on idempotency_key (key) where left(key, 1) = E'\x01';

create function find_operator_answer(wanted text, not_before timestamptz)
returns table (request_hash bytea, status smallint, location text, body text)
language plpgsql security definer set search_path = public as $$
#variable_conflict use_column
begin
  perform set_config('waypost.cross_tenant', 'on', true);
  return query
    select i.request_hash, i.status, i.location, i.body from idempotency_key i
    where i.key = wanted and left(i.key, 1) = E'\x01' and i.created_at >= not_before
    order by i.created_at desc limit 1;
end $$;
revoke all on function find_operator_answer(text, timestamptz) from public;
grant execute on function find_operator_answer(text, timestamptz) to waypost_app;
