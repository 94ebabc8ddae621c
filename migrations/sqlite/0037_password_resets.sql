-- Passwords that are set anew by a mailed link.

-- What anybody asked for; a job looks whose address it is.
CREATE TABLE password_reset_requests (
    id BLOB PRIMARY KEY,
    -- Address, and where it was asked from, under the master key.
    sealed BLOB NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE password_resets (
    id BLOB PRIMARY KEY,
    person_id BLOB NOT NULL REFERENCES persons (id) ON DELETE CASCADE,
    token_hash BLOB NOT NULL UNIQUE,
    -- The person's at that time: the link is good while it is.
    password_hash TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    -- Of the link, then of the wait.
    expires_at INTEGER NOT NULL,
    -- Used, refused, or another came in its place.
    ended_at INTEGER,
    -- Since then an administrator has to say whether the new password counts.
    waiting_since INTEGER,
    new_password_hash TEXT,
    -- It is known to have been exposed. Null: not known.
    compromised INTEGER,
    end_api_keys INTEGER NOT NULL DEFAULT FALSE
) STRICT;
CREATE INDEX password_resets_person ON password_resets (person_id, created_at);
CREATE INDEX password_resets_waiting ON password_resets (id) WHERE waiting_since IS NOT NULL;
CREATE INDEX password_resets_expiry ON password_resets (expires_at);
