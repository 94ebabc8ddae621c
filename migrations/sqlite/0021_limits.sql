-- How much a tenant may have, with all below it; null: no limit of its own.
ALTER TABLE tenants ADD COLUMN max_domains INTEGER;
ALTER TABLE tenants ADD COLUMN max_recipients INTEGER;
-- Moves when they do.
ALTER TABLE tenants ADD COLUMN limits_revision INTEGER NOT NULL DEFAULT 1;

-- The grant by which it was created, where that has a maximum. No reference: the domain outlives it.
ALTER TABLE domains ADD COLUMN grant_id BLOB;
CREATE INDEX domains_grant ON domains (grant_id) WHERE grant_id IS NOT NULL;
