-- Tenants served by named pools.

-- Where MX records of domains that the pool serves should point, JSON. Null: as the installation's settings say.
ALTER TABLE pools ADD COLUMN mx_hosts TEXT;
ALTER TABLE pools ADD COLUMN revision INTEGER NOT NULL DEFAULT 1;

-- Moves when a tenant's pools do.
ALTER TABLE tenants ADD COLUMN pools_revision INTEGER NOT NULL DEFAULT 1;

-- A tenant without rows is served by the pools of the one above it; the provider without rows by the pool `default`.
CREATE TABLE tenant_pools (
    tenant_id BLOB NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
    pool_id BLOB NOT NULL REFERENCES pools (id),
    PRIMARY KEY (tenant_id, pool_id)
) STRICT;
CREATE INDEX tenant_pools_pool ON tenant_pools (pool_id);

-- How much left a pool when a tenant's pools changed: workers are told that their configuration may shrink by so much.
CREATE TABLE pool_departures (
    pool_id BLOB NOT NULL REFERENCES pools (id) ON DELETE CASCADE,
    tenant_id BLOB NOT NULL,
    left_at INTEGER NOT NULL,
    -- With those below it that went with it.
    tenants INTEGER NOT NULL,
    domains INTEGER NOT NULL
) STRICT;
CREATE INDEX pool_departures_pool ON pool_departures (pool_id, left_at);
CREATE INDEX pool_departures_left ON pool_departures (left_at);

-- Nodes and objects that a pool's heads name. Each pool has its own: its workers get none of another's, and what one drops the
-- other may still name. `snapshot_objects`, which was everybody's, stays for a control plane of before until the next release.
CREATE TABLE pool_objects (
    pool_id BLOB NOT NULL REFERENCES pools (id) ON DELETE CASCADE,
    -- SHA-256 of the bytes.
    hash BLOB NOT NULL,
    bytes BLOB NOT NULL,
    -- Since when no head names it; kept for a day from then.
    dropped_at INTEGER,
    PRIMARY KEY (pool_id, hash)
) STRICT;
CREATE INDEX pool_objects_dropped ON pool_objects (dropped_at) WHERE dropped_at IS NOT NULL;
INSERT INTO pool_objects (pool_id, hash, bytes, dropped_at)
    SELECT p.id, o.hash, o.bytes, o.dropped_at FROM snapshot_objects o JOIN pools p ON p.name = 'default';
