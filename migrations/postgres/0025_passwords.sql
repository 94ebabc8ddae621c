-- What is known of a person's password.

-- It is among those that were exposed somewhere.
ALTER TABLE persons ADD COLUMN password_compromised BOOLEAN NOT NULL DEFAULT FALSE;
-- When that was last found out. Null: not yet; it is tried again at the next sign-in.
ALTER TABLE persons ADD COLUMN password_checked_at BIGINT;
