-- What a tenant sets: routes, domains, recipients, lists.

CREATE TABLE routes (
    id UUID PRIMARY KEY,
    tenant_id UUID NOT NULL REFERENCES tenants (id),
    name TEXT COLLATE "C" NOT NULL,
    external_ref TEXT COLLATE "C",
    labels TEXT COLLATE "C" NOT NULL,
    -- JSON: hosts, ports, priorities, weights, TLS.
    hops TEXT COLLATE "C" NOT NULL,
    revision BIGINT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX routes_name ON routes (tenant_id, name);
CREATE UNIQUE INDEX routes_external_ref ON routes (tenant_id, external_ref) WHERE external_ref IS NOT NULL;

CREATE TABLE domains (
    id UUID PRIMARY KEY,
    tenant_id UUID NOT NULL REFERENCES tenants (id),
    -- A-label form, lower case.
    name TEXT COLLATE "C" NOT NULL,
    external_ref TEXT COLLATE "C",
    labels TEXT COLLATE "C" NOT NULL,
    state TEXT COLLATE "C" NOT NULL CHECK (state IN ('pending', 'active')),
    recipients TEXT COLLATE "C" NOT NULL CHECK (recipients IN ('listed', 'any')),
    route_id UUID REFERENCES routes (id),
    -- Key of the recipients' hashes in objects.
    hash_key BYTEA NOT NULL,
    -- Mail for a pending domain is deferred until then.
    defer_until BIGINT NOT NULL,
    activated_at BIGINT,
    checked_at BIGINT,
    check_result TEXT COLLATE "C",
    next_check_at BIGINT,
    closes_at BIGINT,
    revision BIGINT NOT NULL,
    created_at BIGINT NOT NULL
);
-- Only an active domain holds its name against others.
CREATE UNIQUE INDEX domains_active ON domains (name) WHERE state = 'active';
CREATE UNIQUE INDEX domains_tenant ON domains (tenant_id, name);
CREATE UNIQUE INDEX domains_external_ref ON domains (tenant_id, external_ref) WHERE external_ref IS NOT NULL;
CREATE INDEX domains_name ON domains (name);
CREATE INDEX domains_route ON domains (route_id);
CREATE INDEX domains_check ON domains (next_check_at) WHERE next_check_at IS NOT NULL;
CREATE INDEX domains_closing ON domains (closes_at) WHERE closes_at IS NOT NULL;

CREATE TABLE recipients (
    id UUID PRIMARY KEY,
    domain_id UUID NOT NULL REFERENCES domains (id) ON DELETE CASCADE,
    -- The characters meant, without quotes.
    local_part TEXT COLLATE "C" NOT NULL,
    -- In lower case: local parts are compared so.
    local_key TEXT COLLATE "C" NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX recipients_local ON recipients (domain_id, local_key);
CREATE INDEX recipients_page ON recipients (domain_id, id);

CREATE TABLE list_entries (
    id UUID PRIMARY KEY,
    scope TEXT COLLATE "C" NOT NULL CHECK (scope IN ('installation', 'tenant', 'domain', 'recipient')),
    tenant_id UUID REFERENCES tenants (id) ON DELETE CASCADE,
    domain_id UUID REFERENCES domains (id) ON DELETE CASCADE,
    -- Local part of the recipient, for that scope.
    recipient TEXT COLLATE "C",
    -- Scope, its id and the recipient in one text, for uniqueness.
    scope_key TEXT COLLATE "C" NOT NULL,
    kind TEXT COLLATE "C" NOT NULL CHECK (kind IN ('allow', 'block')),
    subject_kind TEXT COLLATE "C" NOT NULL CHECK (subject_kind IN ('sender', 'client')),
    subject TEXT COLLATE "C" NOT NULL,
    expires_at BIGINT,
    comment TEXT COLLATE "C",
    revision BIGINT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX list_entries_subject ON list_entries (scope_key, kind, subject_kind, subject);
CREATE INDEX list_entries_tenant ON list_entries (tenant_id, id);
CREATE INDEX list_entries_domain ON list_entries (domain_id, id);
CREATE INDEX list_entries_expiry ON list_entries (expires_at) WHERE expires_at IS NOT NULL;
