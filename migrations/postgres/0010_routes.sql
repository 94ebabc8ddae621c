-- Kinds of routes, how next hops fare, and errands.

-- 'host', 'mx', 'microsoft365' or 'google_workspace'. `hops` has what is stored of the first two; of a preset nothing, since its
-- host follows from the domain.
ALTER TABLE routes ADD COLUMN kind TEXT COLLATE "C" NOT NULL DEFAULT 'host';
-- Connections to each next hop by the whole pool. Null: as many as workers are set to.
ALTER TABLE routes ADD COLUMN max_connections BIGINT;

-- It fetches errands.
ALTER TABLE workers ADD COLUMN takes_errands BOOLEAN NOT NULL DEFAULT FALSE;

-- What each worker last reported of each next hop of a route; numbers count since the worker started.
CREATE TABLE hop_health (
    worker_id UUID NOT NULL REFERENCES workers (id) ON DELETE CASCADE,
    route_id UUID NOT NULL REFERENCES routes (id) ON DELETE CASCADE,
    host TEXT COLLATE "C" NOT NULL,
    port BIGINT NOT NULL,
    tls TEXT COLLATE "C" NOT NULL,
    connected BIGINT NOT NULL,
    failed BIGINT NOT NULL,
    last_connected_at BIGINT,
    last_failed_at BIGINT,
    last_error TEXT COLLATE "C",
    rests_until BIGINT,
    connect_ms BIGINT,
    reported_at BIGINT NOT NULL,
    PRIMARY KEY (worker_id, route_id, host, port, tls)
);
CREATE INDEX hop_health_route ON hop_health (route_id);
CREATE INDEX hop_health_reported ON hop_health (reported_at);

-- Asked of any worker of a pool; nobody waits for one after `expires_at`.
CREATE TABLE errands (
    id UUID PRIMARY KEY,
    pool_id UUID NOT NULL REFERENCES pools (id),
    -- JSON, as workers get it.
    task TEXT COLLATE "C" NOT NULL,
    expires_at BIGINT NOT NULL,
    taken_at BIGINT,
    worker_id UUID,
    -- JSON, as the worker gave it.
    answer TEXT COLLATE "C"
);
CREATE INDEX errands_waiting ON errands (pool_id, id) WHERE taken_at IS NULL;
CREATE INDEX errands_expiry ON errands (expires_at);
