-- The audit log's chains: a row is chained by a job, after its commit.

-- Of which chain it is, the tenant's id or the nil one; null: not chained yet.
ALTER TABLE audit ADD COLUMN chain_id BLOB;
ALTER TABLE audit ADD COLUMN chain_seq INTEGER;
-- The hash of the row before it, and its own.
ALTER TABLE audit ADD COLUMN chain_previous BLOB;
ALTER TABLE audit ADD COLUMN chain_hash BLOB;
CREATE INDEX audit_unchained ON audit (id) WHERE chain_seq IS NULL;
CREATE UNIQUE INDEX audit_chained ON audit (chain_id, chain_seq);

CREATE TABLE audit_chains (
    chain_id BLOB PRIMARY KEY,
    -- The newest row of the chain.
    seq INTEGER NOT NULL,
    hash BLOB NOT NULL,
    -- The last row that was swept away; 0 and zeros: none.
    swept_seq INTEGER NOT NULL,
    swept_hash BLOB NOT NULL,
    -- What was signed of that.
    checkpoint TEXT
) STRICT;
