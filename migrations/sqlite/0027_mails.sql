-- Mail to people of this installation, on its way to the relay.

CREATE TABLE mails (
    id BLOB PRIMARY KEY,
    -- Recipient, subject and text, under the master key.
    sealed BLOB NOT NULL,
    tries INTEGER NOT NULL,
    next_try_at INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT;
CREATE INDEX mails_due ON mails (next_try_at);
