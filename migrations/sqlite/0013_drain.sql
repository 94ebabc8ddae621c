-- Workers that are to take no new sessions.

-- Since when it was told so. Null: it takes mail.
ALTER TABLE workers ADD COLUMN draining_since INTEGER;
