-- Second factors, and where one is asked for.

CREATE TABLE totp (
    person_id BLOB PRIMARY KEY REFERENCES persons (id) ON DELETE CASCADE,
    -- The secret in use, sealed under the master key. Null: none was confirmed yet.
    sealed BLOB,
    -- The newest step whose code was taken; neither it nor one before is taken again.
    last_step INTEGER NOT NULL,
    confirmed_at INTEGER,
    last_used_at INTEGER,
    -- The secret that is being set up.
    pending BLOB,
    pending_until INTEGER NOT NULL
) STRICT;

CREATE TABLE passkeys (
    id BLOB PRIMARY KEY,
    person_id BLOB NOT NULL REFERENCES persons (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    credential_id BLOB NOT NULL UNIQUE,
    -- Public key and counter, JSON.
    credential TEXT NOT NULL,
    -- The host of public_url it was made for; it is good for no other.
    rp_id TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    last_used_at INTEGER
) STRICT;
CREATE INDEX passkeys_person ON passkeys (person_id);

CREATE TABLE recovery_codes (
    person_id BLOB NOT NULL REFERENCES persons (id) ON DELETE CASCADE,
    code_hash BLOB NOT NULL,
    used_at INTEGER,
    PRIMARY KEY (person_id, code_hash)
) STRICT;

-- Sealed tokens (tickets, ceremonies) that were tried: how often, until they are over by themselves.
CREATE TABLE token_tries (
    token_hash BLOB PRIMARY KEY,
    tries INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT;
CREATE INDEX token_tries_expiry ON token_tries (expires_at);

CREATE TABLE sign_in_policies (
    -- Of the installation, a tenant or a domain.
    level_id BLOB PRIMARY KEY,
    tenant_id BLOB REFERENCES tenants (id) ON DELETE CASCADE,
    domain_id BLOB REFERENCES domains (id) ON DELETE CASCADE,
    -- Null: as above.
    second_factor TEXT CHECK (second_factor IN ('off', 'allowed', 'required')),
    -- `required` is `allowed` before.
    required_from INTEGER,
    revision INTEGER NOT NULL
) STRICT;
CREATE INDEX sign_in_policies_tenant ON sign_in_policies (tenant_id);
CREATE INDEX sign_in_policies_domain ON sign_in_policies (domain_id);

-- The session can do no more than set up a factor.
ALTER TABLE sessions ADD COLUMN enrol_only INTEGER NOT NULL DEFAULT FALSE;
