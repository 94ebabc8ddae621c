-- What a tenant sets: routes, domains, recipients, lists.

CREATE TABLE routes (
    id BLOB PRIMARY KEY,
    tenant_id BLOB NOT NULL REFERENCES tenants (id),
    name TEXT NOT NULL,
    external_ref TEXT,
    labels TEXT NOT NULL,
    -- JSON: hosts, ports, priorities, weights, TLS.
    hops TEXT NOT NULL,
    revision INTEGER NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX routes_name ON routes (tenant_id, name);
CREATE UNIQUE INDEX routes_external_ref ON routes (tenant_id, external_ref) WHERE external_ref IS NOT NULL;

CREATE TABLE domains (
    id BLOB PRIMARY KEY,
    tenant_id BLOB NOT NULL REFERENCES tenants (id),
    -- A-label form, lower case.
    name TEXT NOT NULL,
    external_ref TEXT,
    labels TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('pending', 'active')),
    recipients TEXT NOT NULL CHECK (recipients IN ('listed', 'any')),
    route_id BLOB REFERENCES routes (id),
    -- Key of the recipients' hashes in objects.
    hash_key BLOB NOT NULL,
    -- Mail for a pending domain is deferred until then.
    defer_until INTEGER NOT NULL,
    activated_at INTEGER,
    checked_at INTEGER,
    check_result TEXT,
    next_check_at INTEGER,
    closes_at INTEGER,
    revision INTEGER NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;
-- Only an active domain holds its name against others.
CREATE UNIQUE INDEX domains_active ON domains (name) WHERE state = 'active';
CREATE UNIQUE INDEX domains_tenant ON domains (tenant_id, name);
CREATE UNIQUE INDEX domains_external_ref ON domains (tenant_id, external_ref) WHERE external_ref IS NOT NULL;
CREATE INDEX domains_name ON domains (name);
CREATE INDEX domains_route ON domains (route_id);
CREATE INDEX domains_check ON domains (next_check_at) WHERE next_check_at IS NOT NULL;
CREATE INDEX domains_closing ON domains (closes_at) WHERE closes_at IS NOT NULL;

CREATE TABLE recipients (
    id BLOB PRIMARY KEY,
    domain_id BLOB NOT NULL REFERENCES domains (id) ON DELETE CASCADE,
    -- The characters meant, without quotes.
    local_part TEXT NOT NULL,
    -- In lower case: local parts are compared so.
    local_key TEXT NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX recipients_local ON recipients (domain_id, local_key);
CREATE INDEX recipients_page ON recipients (domain_id, id);

CREATE TABLE list_entries (
    id BLOB PRIMARY KEY,
    scope TEXT NOT NULL CHECK (scope IN ('installation', 'tenant', 'domain', 'recipient')),
    tenant_id BLOB REFERENCES tenants (id) ON DELETE CASCADE,
    domain_id BLOB REFERENCES domains (id) ON DELETE CASCADE,
    -- Local part of the recipient, for that scope.
    recipient TEXT,
    -- Scope, its id and the recipient in one text, for uniqueness.
    scope_key TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('allow', 'block')),
    subject_kind TEXT NOT NULL CHECK (subject_kind IN ('sender', 'client')),
    subject TEXT NOT NULL,
    expires_at INTEGER,
    comment TEXT,
    revision INTEGER NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX list_entries_subject ON list_entries (scope_key, kind, subject_kind, subject);
CREATE INDEX list_entries_tenant ON list_entries (tenant_id, id);
CREATE INDEX list_entries_domain ON list_entries (domain_id, id);
CREATE INDEX list_entries_expiry ON list_entries (expires_at) WHERE expires_at IS NOT NULL;
