-- Pools, workers and their tokens.

CREATE TABLE pools (
    id BLOB PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE join_tokens (
    id BLOB PRIMARY KEY,
    pool_id BLOB NOT NULL REFERENCES pools (id),
    name TEXT NOT NULL,
    -- SHA-256 of the secret: it is random, so that is enough.
    secret_hash BLOB NOT NULL,
    uses_left INTEGER NOT NULL,
    -- JSON array of networks; empty: from anywhere.
    address_ranges TEXT NOT NULL,
    expires_at INTEGER NOT NULL,
    revoked_at INTEGER,
    created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE workers (
    id BLOB PRIMARY KEY,
    pool_id BLOB NOT NULL REFERENCES pools (id),
    ring TEXT NOT NULL,
    name TEXT NOT NULL,
    -- Ed25519, raw.
    public_key BLOB NOT NULL,
    software_version TEXT NOT NULL,
    join_token_id BLOB NOT NULL,
    address TEXT,
    revoked_at INTEGER,
    created_at INTEGER NOT NULL,
    last_seen_at INTEGER NOT NULL,
    -- Head it runs.
    running_epoch INTEGER,
    running_version INTEGER,
    -- Name of the refusal, where the newest head was refused.
    refused TEXT,
    -- JSON: the last status report.
    status TEXT
) STRICT;
CREATE INDEX workers_pool ON workers (pool_id, id);
CREATE INDEX workers_seen ON workers (last_seen_at);

CREATE TABLE worker_tokens (
    -- SHA-256 of the token: it is random, so that is enough.
    token_hash BLOB PRIMARY KEY,
    worker_id BLOB NOT NULL REFERENCES workers (id) ON DELETE CASCADE,
    expires_at INTEGER NOT NULL
) STRICT;
CREATE INDEX worker_tokens_expiry ON worker_tokens (expires_at);

-- Assertions that were used: none is good twice.
CREATE TABLE worker_assertions (
    id BLOB PRIMARY KEY,
    expires_at INTEGER NOT NULL
) STRICT;
CREATE INDEX worker_assertions_expiry ON worker_assertions (expires_at);
