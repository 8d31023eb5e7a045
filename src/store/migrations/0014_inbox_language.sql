-- A directory over HTTP tells a user's language when a notification is saved, and is not asked again when it is read.

alter table inbox_notification add column language text; -- as that directory told it; null = none, or the directory is in our tables
