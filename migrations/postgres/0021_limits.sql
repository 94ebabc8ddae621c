-- How much a tenant may have, with all below it; null: no limit of its own.
ALTER TABLE tenants ADD COLUMN max_domains BIGINT;
ALTER TABLE tenants ADD COLUMN max_recipients BIGINT;
-- Moves when they do.
ALTER TABLE tenants ADD COLUMN limits_revision BIGINT NOT NULL DEFAULT 1;

-- The grant by which it was created, where that has a maximum. No reference: the domain outlives it.
ALTER TABLE domains ADD COLUMN grant_id UUID;
CREATE INDEX domains_grant ON domains (grant_id) WHERE grant_id IS NOT NULL;
