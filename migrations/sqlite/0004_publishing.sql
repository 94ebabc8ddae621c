-- Heads, nodes and objects, and which outbox rows a head holds.

CREATE TABLE heads (
    pool_id BLOB NOT NULL REFERENCES pools (id),
    ring TEXT NOT NULL,
    epoch INTEGER NOT NULL,
    version INTEGER NOT NULL,
    root BLOB NOT NULL,
    issued_at INTEGER NOT NULL,
    -- The most tenants and domains of the last days: deletions are held against it.
    peak_tenants INTEGER NOT NULL,
    peak_domains INTEGER NOT NULL,
    peak_at INTEGER NOT NULL,
    -- The signed head, compact JWS.
    jws TEXT NOT NULL,
    PRIMARY KEY (pool_id, ring)
) STRICT;

CREATE TABLE snapshot_objects (
    -- SHA-256 of the bytes.
    hash BLOB PRIMARY KEY,
    bytes BLOB NOT NULL,
    -- Since when no head names it; kept for a day from then.
    dropped_at INTEGER
) STRICT;
CREATE INDEX snapshot_objects_dropped ON snapshot_objects (dropped_at) WHERE dropped_at IS NOT NULL;

CREATE TABLE outbox_marks (
    seq INTEGER NOT NULL,
    pool_id BLOB NOT NULL,
    ring TEXT NOT NULL,
    epoch INTEGER NOT NULL,
    version INTEGER NOT NULL,
    PRIMARY KEY (seq, pool_id, ring)
) STRICT;

-- Deletions explain smaller totals in a head.
CREATE INDEX audit_deletions ON audit (at) WHERE action IN ('tenant.delete', 'domain.delete');
