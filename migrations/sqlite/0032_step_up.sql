-- When the person last showed the strongest thing they have. Null: at sign-in.
ALTER TABLE sessions ADD COLUMN verified_at INTEGER;
