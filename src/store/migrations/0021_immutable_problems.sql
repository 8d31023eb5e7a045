-- A problem is made once and never rewritten: nobody at runtime may. It goes with its job, or when it is too old.
revoke update on problem from waypost_app;
