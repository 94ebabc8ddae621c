-- Credentials of programs.
CREATE TABLE api_keys (
    id UUID PRIMARY KEY,
    -- Who made it: it stands on their grants.
    person_id UUID NOT NULL REFERENCES persons (id) ON DELETE CASCADE,
    name TEXT COLLATE "C" NOT NULL,
    -- A tenant with all below it, or a domain; both null: the installation.
    tenant_id UUID REFERENCES tenants (id) ON DELETE CASCADE,
    domain_id UUID REFERENCES domains (id) ON DELETE CASCADE,
    secret_hash BYTEA NOT NULL,
    -- The secret before the last rotation, and until when it is good.
    previous_hash BYTEA,
    previous_until BIGINT,
    -- JSON: names of actions; networks.
    actions TEXT COLLATE "C" NOT NULL,
    read_only BOOLEAN NOT NULL,
    address_ranges TEXT COLLATE "C" NOT NULL,
    expires_at BIGINT,
    last_used_at BIGINT,
    created_at BIGINT NOT NULL,
    CHECK (tenant_id IS NULL OR domain_id IS NULL)
);
CREATE UNIQUE INDEX api_keys_secret ON api_keys (secret_hash);
CREATE INDEX api_keys_previous ON api_keys (previous_hash) WHERE previous_hash IS NOT NULL;
CREATE INDEX api_keys_person ON api_keys (person_id, id);
CREATE INDEX api_keys_tenant ON api_keys (tenant_id, id) WHERE tenant_id IS NOT NULL;
CREATE INDEX api_keys_domain ON api_keys (domain_id, id) WHERE domain_id IS NOT NULL;
