-- Passwords that are set anew by a mailed link.

-- What anybody asked for; a job looks whose address it is.
CREATE TABLE password_reset_requests (
    id UUID PRIMARY KEY,
    -- Address, and where it was asked from, under the master key.
    sealed BYTEA NOT NULL,
    created_at BIGINT NOT NULL
);

CREATE TABLE password_resets (
    id UUID PRIMARY KEY,
    person_id UUID NOT NULL REFERENCES persons (id) ON DELETE CASCADE,
    token_hash BYTEA NOT NULL UNIQUE,
    -- The person's at that time: the link is good while it is.
    password_hash TEXT COLLATE "C" NOT NULL,
    created_at BIGINT NOT NULL,
    -- Of the link, then of the wait.
    expires_at BIGINT NOT NULL,
    -- Used, refused, or another came in its place.
    ended_at BIGINT,
    -- Since then an administrator has to say whether the new password counts.
    waiting_since BIGINT,
    new_password_hash TEXT COLLATE "C",
    -- It is known to have been exposed. Null: not known.
    compromised BOOLEAN,
    end_api_keys BOOLEAN NOT NULL DEFAULT FALSE
);
CREATE INDEX password_resets_person ON password_resets (person_id, created_at);
CREATE INDEX password_resets_waiting ON password_resets (id) WHERE waiting_since IS NOT NULL;
CREATE INDEX password_resets_expiry ON password_resets (expires_at);
