-- What each version changed, so that an edit moves no nodes of the tree. Kept as long as what heads name.

CREATE TABLE snapshot_changes (
    pool_id BLOB NOT NULL,
    ring TEXT NOT NULL,
    epoch INTEGER NOT NULL,
    version INTEGER NOT NULL,
    -- SHA-256 of the tree's top nodes.
    root_before BLOB NOT NULL,
    root_after BLOB NOT NULL,
    -- As workers read it.
    changes BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (pool_id, ring, epoch, version)
) STRICT;

-- Schemas of objects that a worker reads, as JSON. One of before has not said: it reads the first.
ALTER TABLE workers ADD COLUMN snapshot_schemas TEXT NOT NULL DEFAULT '[1]';
