-- What everything else stands on: the installation, people, keys, audit, outbox.

CREATE TABLE installation (
    id UUID PRIMARY KEY,
    -- There is one.
    only_one BIGINT NOT NULL UNIQUE CHECK (only_one = 1),
    policy TEXT COLLATE "C" NOT NULL,
    policy_revision BIGINT NOT NULL,
    -- JSON array of networks; written at start from the configuration file.
    allowed_hop_ranges TEXT COLLATE "C" NOT NULL,
    -- Raised with the root key, so that a restored control plane can be followed again.
    epoch BIGINT NOT NULL,
    -- Opens with the master key that belongs to this database, and with no other.
    seal_check BYTEA NOT NULL,
    created_at BIGINT NOT NULL
);

CREATE TABLE tenants (
    id UUID PRIMARY KEY,
    parent_id UUID REFERENCES tenants (id),
    kind TEXT COLLATE "C" NOT NULL CHECK (kind IN ('provider', 'msp', 'customer')),
    name TEXT COLLATE "C" NOT NULL,
    external_ref TEXT COLLATE "C",
    labels TEXT COLLATE "C" NOT NULL,
    -- When the tenant and all it has will be gone; null: not closing.
    closes_at BIGINT,
    revision BIGINT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX tenants_external_ref ON tenants (parent_id, external_ref) WHERE external_ref IS NOT NULL;
CREATE INDEX tenants_name ON tenants (name);
CREATE INDEX tenants_parent ON tenants (parent_id);
CREATE INDEX tenants_closing ON tenants (closes_at) WHERE closes_at IS NOT NULL;

CREATE TABLE persons (
    id UUID PRIMARY KEY,
    tenant_id UUID NOT NULL REFERENCES tenants (id),
    email TEXT COLLATE "C" NOT NULL,
    -- In lower case: one account an address, however it is typed.
    email_key TEXT COLLATE "C" NOT NULL UNIQUE,
    password_hash TEXT COLLATE "C" NOT NULL,
    must_change_password BOOLEAN NOT NULL,
    disabled_at BIGINT,
    created_at BIGINT NOT NULL
);

CREATE TABLE grants (
    person_id UUID NOT NULL REFERENCES persons (id) ON DELETE CASCADE,
    role TEXT COLLATE "C" NOT NULL,
    -- The subtree it is for; null: the whole installation.
    tenant_id UUID REFERENCES tenants (id) ON DELETE CASCADE,
    created_at BIGINT NOT NULL
);
CREATE INDEX grants_person ON grants (person_id);

CREATE TABLE sessions (
    id UUID PRIMARY KEY,
    person_id UUID NOT NULL REFERENCES persons (id) ON DELETE CASCADE,
    address TEXT COLLATE "C",
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    ended_at BIGINT
);
CREATE INDEX sessions_person ON sessions (person_id);
CREATE INDEX sessions_expiry ON sessions (expires_at);

CREATE TABLE signing_keys (
    id TEXT COLLATE "C" PRIMARY KEY,
    purpose TEXT COLLATE "C" NOT NULL,
    public_key BYTEA NOT NULL,
    -- PKCS#8, sealed under the master key.
    sealed BYTEA NOT NULL,
    is_current BOOLEAN NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX signing_keys_current ON signing_keys (purpose) WHERE is_current;

CREATE TABLE idempotent_answers (
    -- Hash of caller, route and key.
    id BYTEA PRIMARY KEY,
    body_hash BYTEA NOT NULL,
    answer BYTEA NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX idempotent_answers_expiry ON idempotent_answers (expires_at);

CREATE TABLE audit (
    id UUID PRIMARY KEY,
    at BIGINT NOT NULL,
    action TEXT COLLATE "C" NOT NULL,
    target_kind TEXT COLLATE "C" NOT NULL,
    target_id TEXT COLLATE "C",
    -- No reference: the log outlives what it tells of.
    tenant_id UUID,
    before_state TEXT COLLATE "C",
    after_state TEXT COLLATE "C",
    address TEXT COLLATE "C",
    request_id TEXT COLLATE "C",
    actor_kind TEXT COLLATE "C" NOT NULL,
    actor_id TEXT COLLATE "C",
    actor_name TEXT COLLATE "C"
);
CREATE INDEX audit_target ON audit (target_id, id);
CREATE INDEX audit_actor ON audit (actor_id, id);

CREATE TABLE outbox (
    seq BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind TEXT COLLATE "C" NOT NULL,
    object_id UUID,
    -- The domain's name, where there is one: a thing that is gone must still be found in the tree.
    object_name TEXT COLLATE "C",
    changed_at BIGINT NOT NULL,
    -- Set by the publisher once a head that holds this row stands for every pool and ring.
    published_at BIGINT
);
CREATE INDEX outbox_unpublished ON outbox (seq) WHERE published_at IS NULL;

CREATE TABLE leases (
    name TEXT COLLATE "C" PRIMARY KEY,
    holder UUID NOT NULL,
    fence BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);

CREATE TABLE labels (
    object_id UUID NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    value TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (object_id, name)
);
CREATE INDEX labels_value ON labels (name, value, object_id);
