-- Grants that wait for whoever has an address.
CREATE TABLE invitations (
    id UUID PRIMARY KEY,
    -- Of the text in the link.
    token_hash BYTEA NOT NULL,
    email TEXT COLLATE "C" NOT NULL,
    email_key TEXT COLLATE "C" NOT NULL,
    -- Where a new account belongs.
    home_tenant_id UUID NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
    -- The grant, as in the table grants.
    role TEXT COLLATE "C" NOT NULL,
    tenant_id UUID REFERENCES tenants (id) ON DELETE CASCADE,
    domain_id UUID REFERENCES domains (id) ON DELETE CASCADE,
    grant_expires_at BIGINT,
    may_delegate BOOLEAN NOT NULL,
    max_domains BIGINT,
    -- Of the letter; null: as the installation writes.
    language TEXT COLLATE "C",
    -- On whose grants it stands, and on which of their keys. No references: they may be gone, and then it is void.
    inviter_id UUID NOT NULL,
    key_id UUID,
    created_at BIGINT NOT NULL,
    sent_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    -- accepted or revoked, and when.
    outcome TEXT COLLATE "C",
    ended_at BIGINT,
    CHECK (tenant_id IS NULL OR domain_id IS NULL),
    CHECK ((outcome IS NULL) = (ended_at IS NULL))
);
CREATE UNIQUE INDEX invitations_token ON invitations (token_hash);
CREATE INDEX invitations_email ON invitations (email_key, id);
CREATE INDEX invitations_home ON invitations (home_tenant_id, id);
CREATE INDEX invitations_tenant ON invitations (tenant_id, id) WHERE tenant_id IS NOT NULL;
CREATE INDEX invitations_domain ON invitations (domain_id, id) WHERE domain_id IS NOT NULL;
CREATE INDEX invitations_waiting ON invitations (inviter_id) WHERE outcome IS NULL;
CREATE INDEX invitations_over ON invitations (expires_at);
CREATE INDEX invitations_ended ON invitations (ended_at) WHERE ended_at IS NOT NULL;
