-- Mail to people of this installation, on its way to the relay.

CREATE TABLE mails (
    id UUID PRIMARY KEY,
    -- Recipient, subject and text, under the master key.
    sealed BYTEA NOT NULL,
    tries BIGINT NOT NULL,
    next_try_at BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX mails_due ON mails (next_try_at);
