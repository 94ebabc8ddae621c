-- TLS certificates, the keys of pools that hide theirs from all but workers, and certificates shown to next hops.

-- Keys of a pool, sealed under the master key. The newest one seals; older ones are kept while objects name them.
CREATE TABLE pool_keys (
    pool_id BLOB NOT NULL REFERENCES pools (id) ON DELETE CASCADE,
    version INTEGER NOT NULL,
    sealed BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (pool_id, version)
) STRICT;

CREATE TABLE certificates (
    id BLOB PRIMARY KEY,
    -- Null: the installation's, for any name.
    tenant_id BLOB REFERENCES tenants (id),
    -- PEM, the leaf first.
    chain TEXT NOT NULL,
    -- DER, sealed under the master key.
    sealed_key BLOB NOT NULL,
    -- What the leaf says of itself, JSON.
    facts TEXT NOT NULL,
    -- SHA-256 of the leaf, hexadecimal.
    fingerprint TEXT NOT NULL,
    not_after INTEGER NOT NULL,
    -- The last warning about its end that was written down: days before it, 0 when it came. Null: none.
    warned_days INTEGER,
    revision INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;
CREATE INDEX certificates_tenant ON certificates (tenant_id, id);
CREATE INDEX certificates_end ON certificates (not_after);

CREATE TABLE certificate_names (
    certificate_id BLOB NOT NULL REFERENCES certificates (id) ON DELETE CASCADE,
    -- A-label in lower case; `*.example.com` is a wildcard.
    name TEXT NOT NULL,
    PRIMARY KEY (certificate_id, name)
) STRICT;
CREATE INDEX certificate_names_name ON certificate_names (name, certificate_id);

-- Shown to next hops that ask for one.
ALTER TABLE routes ADD COLUMN certificate_id BLOB REFERENCES certificates (id);
CREATE INDEX routes_certificate ON routes (certificate_id) WHERE certificate_id IS NOT NULL;
