-- Grants with a scope, an end and a right to hand on.
ALTER TABLE grants ADD COLUMN id UUID;
UPDATE grants SET id = CAST(lpad(to_hex(created_at / 1000), 12, '0') || '7'
    || substr(replace(CAST(gen_random_uuid() AS TEXT), '-', ''), 14) AS UUID);
ALTER TABLE grants ALTER COLUMN id SET NOT NULL;
ALTER TABLE grants ADD PRIMARY KEY (id);
-- A tenant (with all below it, as the role says), or a domain; both null: the whole installation.
ALTER TABLE grants ADD COLUMN domain_id UUID REFERENCES domains (id) ON DELETE CASCADE;
-- It counts until then; null: for good.
ALTER TABLE grants ADD COLUMN expires_at BIGINT;
ALTER TABLE grants ADD COLUMN may_delegate BOOLEAN NOT NULL DEFAULT FALSE;
-- Domains that may be created through it.
ALTER TABLE grants ADD COLUMN max_domains BIGINT;
-- No reference: who gave it may be gone.
ALTER TABLE grants ADD COLUMN created_by UUID;
ALTER TABLE grants ADD CHECK (tenant_id IS NULL OR domain_id IS NULL);
CREATE INDEX grants_tenant ON grants (tenant_id, id) WHERE tenant_id IS NOT NULL;
CREATE INDEX grants_domain ON grants (domain_id, id) WHERE domain_id IS NOT NULL;
CREATE INDEX grants_installation ON grants (id) WHERE tenant_id IS NULL AND domain_id IS NULL;

CREATE INDEX persons_tenant ON persons (tenant_id, id);
-- A tenant's share of the log.
CREATE INDEX audit_tenant ON audit (tenant_id, id);
