-- Grants with a scope, an end and a right to hand on. Nothing refers to a grant: the table is made anew.
CREATE TABLE grants_of_0020 (
    id BLOB PRIMARY KEY,
    person_id BLOB NOT NULL REFERENCES persons (id) ON DELETE CASCADE,
    role TEXT NOT NULL,
    -- A tenant (with all below it, as the role says), or a domain; both null: the whole installation.
    tenant_id BLOB REFERENCES tenants (id) ON DELETE CASCADE,
    domain_id BLOB REFERENCES domains (id) ON DELETE CASCADE,
    -- It counts until then; null: for good.
    expires_at INTEGER,
    may_delegate INTEGER NOT NULL DEFAULT 0,
    -- Domains that may be created through it.
    max_domains INTEGER,
    -- No reference: who gave it may be gone.
    created_by BLOB,
    created_at INTEGER NOT NULL,
    CHECK (tenant_id IS NULL OR domain_id IS NULL)
) STRICT;
INSERT INTO grants_of_0020 (id, person_id, role, tenant_id, created_at)
    SELECT unhex(printf('%012x', created_at / 1000) || '7' || substr(lower(hex(randomblob(2))), 1, 3)
            || '8' || substr(lower(hex(randomblob(8))), 1, 15)), person_id, role, tenant_id, created_at
    FROM grants;
DROP TABLE grants;
ALTER TABLE grants_of_0020 RENAME TO grants;
CREATE INDEX grants_person ON grants (person_id);
CREATE INDEX grants_tenant ON grants (tenant_id, id) WHERE tenant_id IS NOT NULL;
CREATE INDEX grants_domain ON grants (domain_id, id) WHERE domain_id IS NOT NULL;
CREATE INDEX grants_installation ON grants (id) WHERE tenant_id IS NULL AND domain_id IS NULL;

CREATE INDEX persons_tenant ON persons (tenant_id, id);
-- A tenant's share of the log.
CREATE INDEX audit_tenant ON audit (tenant_id, id);
