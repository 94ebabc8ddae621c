-- Kinds of routes, how next hops fare, and errands.

-- 'host', 'mx', 'microsoft365' or 'google_workspace'. `hops` has what is stored of the first two; of a preset nothing, since its
-- host follows from the domain.
ALTER TABLE routes ADD COLUMN kind TEXT NOT NULL DEFAULT 'host';
-- Connections to each next hop by the whole pool. Null: as many as workers are set to.
ALTER TABLE routes ADD COLUMN max_connections INTEGER;

-- It fetches errands.
ALTER TABLE workers ADD COLUMN takes_errands INTEGER NOT NULL DEFAULT 0;

-- What each worker last reported of each next hop of a route; numbers count since the worker started.
CREATE TABLE hop_health (
    worker_id BLOB NOT NULL REFERENCES workers (id) ON DELETE CASCADE,
    route_id BLOB NOT NULL REFERENCES routes (id) ON DELETE CASCADE,
    host TEXT NOT NULL,
    port INTEGER NOT NULL,
    tls TEXT NOT NULL,
    connected INTEGER NOT NULL,
    failed INTEGER NOT NULL,
    last_connected_at INTEGER,
    last_failed_at INTEGER,
    last_error TEXT,
    rests_until INTEGER,
    connect_ms INTEGER,
    reported_at INTEGER NOT NULL,
    PRIMARY KEY (worker_id, route_id, host, port, tls)
) STRICT;
CREATE INDEX hop_health_route ON hop_health (route_id);
CREATE INDEX hop_health_reported ON hop_health (reported_at);

-- Asked of any worker of a pool; nobody waits for one after `expires_at`.
CREATE TABLE errands (
    id BLOB PRIMARY KEY,
    pool_id BLOB NOT NULL REFERENCES pools (id),
    -- JSON, as workers get it.
    task TEXT NOT NULL,
    expires_at INTEGER NOT NULL,
    taken_at INTEGER,
    worker_id BLOB,
    -- JSON, as the worker gave it.
    answer TEXT
) STRICT;
CREATE INDEX errands_waiting ON errands (pool_id, id) WHERE taken_at IS NULL;
CREATE INDEX errands_expiry ON errands (expires_at);
