-- Heads, nodes and objects, and which outbox rows a head holds.

CREATE TABLE heads (
    pool_id UUID NOT NULL REFERENCES pools (id),
    ring TEXT COLLATE "C" NOT NULL,
    epoch BIGINT NOT NULL,
    version BIGINT NOT NULL,
    root BYTEA NOT NULL,
    issued_at BIGINT NOT NULL,
    -- The most tenants and domains of the last days: deletions are held against it.
    peak_tenants BIGINT NOT NULL,
    peak_domains BIGINT NOT NULL,
    peak_at BIGINT NOT NULL,
    -- The signed head, compact JWS.
    jws TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (pool_id, ring)
);

CREATE TABLE snapshot_objects (
    -- SHA-256 of the bytes.
    hash BYTEA PRIMARY KEY,
    bytes BYTEA NOT NULL,
    -- Since when no head names it; kept for a day from then.
    dropped_at BIGINT
);
CREATE INDEX snapshot_objects_dropped ON snapshot_objects (dropped_at) WHERE dropped_at IS NOT NULL;

CREATE TABLE outbox_marks (
    seq BIGINT NOT NULL,
    pool_id UUID NOT NULL,
    ring TEXT COLLATE "C" NOT NULL,
    epoch BIGINT NOT NULL,
    version BIGINT NOT NULL,
    PRIMARY KEY (seq, pool_id, ring)
);

-- Deletions explain smaller totals in a head.
CREATE INDEX audit_deletions ON audit (at) WHERE action IN ('tenant.delete', 'domain.delete');
