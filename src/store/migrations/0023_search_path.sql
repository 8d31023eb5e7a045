-- Functions that run as the owner look for tables in the schema first and in the caller's temporary schema last: that one is
-- searched before all others where it is not named, so whoever may run SQL could put a table of their own under a name that
-- such a function uses (postgresql.org, "Writing SECURITY DEFINER Functions Safely").
do $$
declare
  definer regprocedure;
begin
  for definer in
    select oid::regprocedure from pg_proc where prosecdef and pronamespace = 'public'::regnamespace
  loop
    execute format('alter function %s set search_path = public, pg_temp', definer);
  end loop;
end $$;
