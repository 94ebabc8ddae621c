-- What everything else stands on: the installation, people, keys, audit, outbox.

CREATE TABLE installation (
    id BLOB PRIMARY KEY,
    -- There is one.
    only_one INTEGER NOT NULL UNIQUE CHECK (only_one = 1),
    policy TEXT NOT NULL,
    policy_revision INTEGER NOT NULL,
    -- JSON array of networks; written at start from the configuration file.
    allowed_hop_ranges TEXT NOT NULL,
    -- Raised with the root key, so that a restored control plane can be followed again.
    epoch INTEGER NOT NULL,
    -- Opens with the master key that belongs to this database, and with no other.
    seal_check BLOB NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE tenants (
    id BLOB PRIMARY KEY,
    parent_id BLOB REFERENCES tenants (id),
    kind TEXT NOT NULL CHECK (kind IN ('provider', 'msp', 'customer')),
    name TEXT NOT NULL,
    external_ref TEXT,
    labels TEXT NOT NULL,
    -- When the tenant and all it has will be gone; null: not closing.
    closes_at INTEGER,
    revision INTEGER NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX tenants_external_ref ON tenants (parent_id, external_ref) WHERE external_ref IS NOT NULL;
CREATE INDEX tenants_name ON tenants (name);
CREATE INDEX tenants_parent ON tenants (parent_id);
CREATE INDEX tenants_closing ON tenants (closes_at) WHERE closes_at IS NOT NULL;

CREATE TABLE persons (
    id BLOB PRIMARY KEY,
    tenant_id BLOB NOT NULL REFERENCES tenants (id),
    email TEXT NOT NULL,
    -- In lower case: one account an address, however it is typed.
    email_key TEXT NOT NULL UNIQUE,
    password_hash TEXT NOT NULL,
    must_change_password INTEGER NOT NULL,
    disabled_at INTEGER,
    created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE grants (
    person_id BLOB NOT NULL REFERENCES persons (id) ON DELETE CASCADE,
    role TEXT NOT NULL,
    -- The subtree it is for; null: the whole installation.
    tenant_id BLOB REFERENCES tenants (id) ON DELETE CASCADE,
    created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX grants_person ON grants (person_id);

CREATE TABLE sessions (
    id BLOB PRIMARY KEY,
    person_id BLOB NOT NULL REFERENCES persons (id) ON DELETE CASCADE,
    address TEXT,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    ended_at INTEGER
) STRICT;
CREATE INDEX sessions_person ON sessions (person_id);
CREATE INDEX sessions_expiry ON sessions (expires_at);

CREATE TABLE signing_keys (
    id TEXT PRIMARY KEY,
    purpose TEXT NOT NULL,
    public_key BLOB NOT NULL,
    -- PKCS#8, sealed under the master key.
    sealed BLOB NOT NULL,
    is_current INTEGER NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX signing_keys_current ON signing_keys (purpose) WHERE is_current;

CREATE TABLE idempotent_answers (
    -- Hash of caller, route and key.
    id BLOB PRIMARY KEY,
    body_hash BLOB NOT NULL,
    answer BLOB NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT;
CREATE INDEX idempotent_answers_expiry ON idempotent_answers (expires_at);

CREATE TABLE audit (
    id BLOB PRIMARY KEY,
    at INTEGER NOT NULL,
    action TEXT NOT NULL,
    target_kind TEXT NOT NULL,
    target_id TEXT,
    -- No reference: the log outlives what it tells of.
    tenant_id BLOB,
    before_state TEXT,
    after_state TEXT,
    address TEXT,
    request_id TEXT,
    actor_kind TEXT NOT NULL,
    actor_id TEXT,
    actor_name TEXT
) STRICT;
CREATE INDEX audit_target ON audit (target_id, id);
CREATE INDEX audit_actor ON audit (actor_id, id);

CREATE TABLE outbox (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL,
    object_id BLOB,
    -- The domain's name, where there is one: a thing that is gone must still be found in the tree.
    object_name TEXT,
    changed_at INTEGER NOT NULL,
    -- Set by the publisher once a head that holds this row stands for every pool and ring.
    published_at INTEGER
) STRICT;
CREATE INDEX outbox_unpublished ON outbox (seq) WHERE published_at IS NULL;

CREATE TABLE leases (
    name TEXT PRIMARY KEY,
    holder BLOB NOT NULL,
    fence INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT;

CREATE TABLE labels (
    object_id BLOB NOT NULL,
    name TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (object_id, name)
) STRICT;
CREATE INDEX labels_value ON labels (name, value, object_id);
