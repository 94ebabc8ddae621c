-- Second factors, and where one is asked for.

CREATE TABLE totp (
    person_id UUID PRIMARY KEY REFERENCES persons (id) ON DELETE CASCADE,
    -- The secret in use, sealed under the master key. Null: none was confirmed yet.
    sealed BYTEA,
    -- The newest step whose code was taken; neither it nor one before is taken again.
    last_step BIGINT NOT NULL,
    confirmed_at BIGINT,
    last_used_at BIGINT,
    -- The secret that is being set up.
    pending BYTEA,
    pending_until BIGINT NOT NULL
);

CREATE TABLE passkeys (
    id UUID PRIMARY KEY,
    person_id UUID NOT NULL REFERENCES persons (id) ON DELETE CASCADE,
    name TEXT COLLATE "C" NOT NULL,
    credential_id BYTEA NOT NULL UNIQUE,
    -- Public key and counter, JSON.
    credential TEXT COLLATE "C" NOT NULL,
    -- The host of public_url it was made for; it is good for no other.
    rp_id TEXT COLLATE "C" NOT NULL,
    created_at BIGINT NOT NULL,
    last_used_at BIGINT
);
CREATE INDEX passkeys_person ON passkeys (person_id);

CREATE TABLE recovery_codes (
    person_id UUID NOT NULL REFERENCES persons (id) ON DELETE CASCADE,
    code_hash BYTEA NOT NULL,
    used_at BIGINT,
    PRIMARY KEY (person_id, code_hash)
);

-- Sealed tokens (tickets, ceremonies) that were tried: how often, until they are over by themselves.
CREATE TABLE token_tries (
    token_hash BYTEA PRIMARY KEY,
    tries BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX token_tries_expiry ON token_tries (expires_at);

CREATE TABLE sign_in_policies (
    -- Of the installation, a tenant or a domain.
    level_id UUID PRIMARY KEY,
    tenant_id UUID REFERENCES tenants (id) ON DELETE CASCADE,
    domain_id UUID REFERENCES domains (id) ON DELETE CASCADE,
    -- Null: as above.
    second_factor TEXT COLLATE "C" CHECK (second_factor IN ('off', 'allowed', 'required')),
    -- `required` is `allowed` before.
    required_from BIGINT,
    revision BIGINT NOT NULL
);
CREATE INDEX sign_in_policies_tenant ON sign_in_policies (tenant_id);
CREATE INDEX sign_in_policies_domain ON sign_in_policies (domain_id);

-- The session can do no more than set up a factor.
ALTER TABLE sessions ADD COLUMN enrol_only BOOLEAN NOT NULL DEFAULT FALSE;
