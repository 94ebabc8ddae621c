-- TLS certificates, the keys of pools that hide theirs from all but workers, and certificates shown to next hops.

-- Keys of a pool, sealed under the master key. The newest one seals; older ones are kept while objects name them.
CREATE TABLE pool_keys (
    pool_id UUID NOT NULL REFERENCES pools (id) ON DELETE CASCADE,
    version BIGINT NOT NULL,
    sealed BYTEA NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (pool_id, version)
);

CREATE TABLE certificates (
    id UUID PRIMARY KEY,
    -- Null: the installation's, for any name.
    tenant_id UUID REFERENCES tenants (id),
    -- PEM, the leaf first.
    chain TEXT COLLATE "C" NOT NULL,
    -- DER, sealed under the master key.
    sealed_key BYTEA NOT NULL,
    -- What the leaf says of itself, JSON.
    facts TEXT COLLATE "C" NOT NULL,
    -- SHA-256 of the leaf, hexadecimal.
    fingerprint TEXT COLLATE "C" NOT NULL,
    not_after BIGINT NOT NULL,
    -- The last warning about its end that was written down: days before it, 0 when it came. Null: none.
    warned_days BIGINT,
    revision BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);
CREATE INDEX certificates_tenant ON certificates (tenant_id, id);
CREATE INDEX certificates_end ON certificates (not_after);

CREATE TABLE certificate_names (
    certificate_id UUID NOT NULL REFERENCES certificates (id) ON DELETE CASCADE,
    -- A-label in lower case; `*.example.com` is a wildcard.
    name TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (certificate_id, name)
);
CREATE INDEX certificate_names_name ON certificate_names (name, certificate_id);

-- Shown to next hops that ask for one.
ALTER TABLE routes ADD COLUMN certificate_id UUID REFERENCES certificates (id);
CREATE INDEX routes_certificate ON routes (certificate_id) WHERE certificate_id IS NOT NULL;
