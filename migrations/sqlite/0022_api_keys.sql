-- Credentials of programs.
CREATE TABLE api_keys (
    id BLOB PRIMARY KEY,
    -- Who made it: it stands on their grants.
    person_id BLOB NOT NULL REFERENCES persons (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    -- A tenant with all below it, or a domain; both null: the installation.
    tenant_id BLOB REFERENCES tenants (id) ON DELETE CASCADE,
    domain_id BLOB REFERENCES domains (id) ON DELETE CASCADE,
    secret_hash BLOB NOT NULL,
    -- The secret before the last rotation, and until when it is good.
    previous_hash BLOB,
    previous_until INTEGER,
    -- JSON: names of actions; networks.
    actions TEXT NOT NULL,
    read_only INTEGER NOT NULL,
    address_ranges TEXT NOT NULL,
    expires_at INTEGER,
    last_used_at INTEGER,
    created_at INTEGER NOT NULL,
    CHECK (tenant_id IS NULL OR domain_id IS NULL)
) STRICT;
CREATE UNIQUE INDEX api_keys_secret ON api_keys (secret_hash);
CREATE INDEX api_keys_previous ON api_keys (previous_hash) WHERE previous_hash IS NOT NULL;
CREATE INDEX api_keys_person ON api_keys (person_id, id);
CREATE INDEX api_keys_tenant ON api_keys (tenant_id, id) WHERE tenant_id IS NOT NULL;
CREATE INDEX api_keys_domain ON api_keys (domain_id, id) WHERE domain_id IS NOT NULL;
