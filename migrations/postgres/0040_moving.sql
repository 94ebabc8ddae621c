-- Domains that move to another tenant, and names that several tenants want.

-- Tenants that an active domain belonged to before, as a JSON array of ids: what they showed in DNS is taken until then.
ALTER TABLE domains ADD COLUMN former_tenants TEXT;
ALTER TABLE domains ADD COLUMN former_until BIGINT;
-- Who registered it; null: before this release. No reference: the domain outlives them.
ALTER TABLE domains ADD COLUMN created_by UUID;
-- Of a pending domain: when another tenant proved the name, and when its own was told.
ALTER TABLE domains ADD COLUMN taken_at BIGINT;
ALTER TABLE domains ADD COLUMN taken_told_at BIGINT;
CREATE INDEX domains_untold ON domains (taken_at) WHERE taken_at IS NOT NULL AND taken_told_at IS NULL;
