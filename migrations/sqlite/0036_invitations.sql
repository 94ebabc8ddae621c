-- Grants that wait for whoever has an address.
CREATE TABLE invitations (
    id BLOB PRIMARY KEY,
    -- Of the text in the link.
    token_hash BLOB NOT NULL,
    email TEXT NOT NULL,
    email_key TEXT NOT NULL,
    -- Where a new account belongs.
    home_tenant_id BLOB NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
    -- The grant, as in the table grants.
    role TEXT NOT NULL,
    tenant_id BLOB REFERENCES tenants (id) ON DELETE CASCADE,
    domain_id BLOB REFERENCES domains (id) ON DELETE CASCADE,
    grant_expires_at INTEGER,
    may_delegate INTEGER NOT NULL,
    max_domains INTEGER,
    -- Of the letter; null: as the installation writes.
    language TEXT,
    -- On whose grants it stands, and on which of their keys. No references: they may be gone, and then it is void.
    inviter_id BLOB NOT NULL,
    key_id BLOB,
    created_at INTEGER NOT NULL,
    sent_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    -- accepted or revoked, and when.
    outcome TEXT,
    ended_at INTEGER,
    CHECK (tenant_id IS NULL OR domain_id IS NULL),
    CHECK ((outcome IS NULL) = (ended_at IS NULL))
) STRICT;
CREATE UNIQUE INDEX invitations_token ON invitations (token_hash);
CREATE INDEX invitations_email ON invitations (email_key, id);
CREATE INDEX invitations_home ON invitations (home_tenant_id, id);
CREATE INDEX invitations_tenant ON invitations (tenant_id, id) WHERE tenant_id IS NOT NULL;
CREATE INDEX invitations_domain ON invitations (domain_id, id) WHERE domain_id IS NOT NULL;
CREATE INDEX invitations_waiting ON invitations (inviter_id) WHERE outcome IS NULL;
CREATE INDEX invitations_over ON invitations (expires_at);
CREATE INDEX invitations_ended ON invitations (ended_at) WHERE ended_at IS NOT NULL;
