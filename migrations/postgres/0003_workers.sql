-- Pools, workers and their tokens.

CREATE TABLE pools (
    id UUID PRIMARY KEY,
    name TEXT COLLATE "C" NOT NULL UNIQUE,
    created_at BIGINT NOT NULL
);

CREATE TABLE join_tokens (
    id UUID PRIMARY KEY,
    pool_id UUID NOT NULL REFERENCES pools (id),
    name TEXT COLLATE "C" NOT NULL,
    -- SHA-256 of the secret: it is random, so that is enough.
    secret_hash BYTEA NOT NULL,
    uses_left BIGINT NOT NULL,
    -- JSON array of networks; empty: from anywhere.
    address_ranges TEXT COLLATE "C" NOT NULL,
    expires_at BIGINT NOT NULL,
    revoked_at BIGINT,
    created_at BIGINT NOT NULL
);

CREATE TABLE workers (
    id UUID PRIMARY KEY,
    pool_id UUID NOT NULL REFERENCES pools (id),
    ring TEXT COLLATE "C" NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    -- Ed25519, raw.
    public_key BYTEA NOT NULL,
    software_version TEXT COLLATE "C" NOT NULL,
    join_token_id UUID NOT NULL,
    address TEXT COLLATE "C",
    revoked_at BIGINT,
    created_at BIGINT NOT NULL,
    last_seen_at BIGINT NOT NULL,
    -- Head it runs.
    running_epoch BIGINT,
    running_version BIGINT,
    -- Name of the refusal, where the newest head was refused.
    refused TEXT COLLATE "C",
    -- JSON: the last status report.
    status TEXT COLLATE "C"
);
CREATE INDEX workers_pool ON workers (pool_id, id);
CREATE INDEX workers_seen ON workers (last_seen_at);

CREATE TABLE worker_tokens (
    -- SHA-256 of the token: it is random, so that is enough.
    token_hash BYTEA PRIMARY KEY,
    worker_id UUID NOT NULL REFERENCES workers (id) ON DELETE CASCADE,
    expires_at BIGINT NOT NULL
);
CREATE INDEX worker_tokens_expiry ON worker_tokens (expires_at);

-- Assertions that were used: none is good twice.
CREATE TABLE worker_assertions (
    id BYTEA PRIMARY KEY,
    expires_at BIGINT NOT NULL
);
CREATE INDEX worker_assertions_expiry ON worker_assertions (expires_at);
