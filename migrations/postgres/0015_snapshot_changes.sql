-- What each version changed, so that an edit moves no nodes of the tree. Kept as long as what heads name.

CREATE TABLE snapshot_changes (
    pool_id UUID NOT NULL,
    ring TEXT COLLATE "C" NOT NULL,
    epoch BIGINT NOT NULL,
    version BIGINT NOT NULL,
    -- SHA-256 of the tree's top nodes.
    root_before BYTEA NOT NULL,
    root_after BYTEA NOT NULL,
    -- As workers read it.
    changes BYTEA NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (pool_id, ring, epoch, version)
);

-- Schemas of objects that a worker reads, as JSON. One of before has not said: it reads the first.
ALTER TABLE workers ADD COLUMN snapshot_schemas TEXT NOT NULL DEFAULT '[1]';
