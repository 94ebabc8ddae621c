-- What workers told: event streams, the trace, counters, gaps.

CREATE TABLE streams (
    -- Made at random by a worker at its start.
    id BLOB PRIMARY KEY,
    worker_id BLOB NOT NULL,
    -- The next event expected.
    next_seq INTEGER NOT NULL,
    -- Transactions stored of it, and those its worker says there were.
    stored INTEGER NOT NULL,
    reported INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    last_heard_at INTEGER NOT NULL,
    closed_at INTEGER
) STRICT;
CREATE INDEX streams_open ON streams (last_heard_at) WHERE closed_at IS NULL;

-- One row a transaction and tenant; the row of no tenant has the zero id.
CREATE TABLE messages (
    -- Together the order of commits: on SQLite writers follow each other and xid is 0.
    xid INTEGER NOT NULL,
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id BLOB NOT NULL,
    tenant_id BLOB NOT NULL,
    worker_id BLOB NOT NULL,
    started_at INTEGER NOT NULL,
    disposition TEXT NOT NULL,
    rule TEXT NOT NULL,
    reason TEXT NOT NULL,
    -- In lower case.
    sender TEXT NOT NULL,
    message_id TEXT,
    -- JSON: the whole event.
    detail TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX messages_id ON messages (id, tenant_id);
CREATE INDEX messages_order ON messages (xid, seq);
CREATE INDEX messages_tenant ON messages (tenant_id, xid, seq);
CREATE INDEX messages_sender ON messages (sender, xid, seq);
CREATE INDEX messages_message_id ON messages (message_id) WHERE message_id IS NOT NULL;
CREATE INDEX messages_started ON messages (started_at);

CREATE TABLE message_recipients (
    message_id BLOB NOT NULL,
    tenant_id BLOB NOT NULL,
    -- In lower case.
    address TEXT NOT NULL,
    started_at INTEGER NOT NULL
) STRICT;
CREATE INDEX message_recipients_address ON message_recipients (address, message_id);
CREATE INDEX message_recipients_started ON message_recipients (started_at);

CREATE TABLE counters (
    tenant_id BLOB NOT NULL,
    domain_id BLOB NOT NULL,
    -- Start of the UTC hour.
    hour INTEGER NOT NULL,
    accepted INTEGER NOT NULL,
    refused INTEGER NOT NULL,
    deferred INTEGER NOT NULL,
    bytes INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, domain_id, hour)
) STRICT;

CREATE TABLE gaps (
    id BLOB PRIMARY KEY,
    stream_id BLOB NOT NULL,
    worker_id BLOB NOT NULL,
    -- dropped: the worker's buffer was full; ended: the worker ended without its closing mark.
    kind TEXT NOT NULL,
    from_at INTEGER NOT NULL,
    to_at INTEGER NOT NULL,
    events INTEGER NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX gaps_stream ON gaps (stream_id);
CREATE INDEX gaps_created ON gaps (created_at, id);

CREATE TABLE rejected_events (
    stream_id BLOB NOT NULL,
    seq INTEGER NOT NULL,
    worker_id BLOB NOT NULL,
    why TEXT NOT NULL,
    -- Cut to 64 KiB.
    body TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (stream_id, seq)
) STRICT;
CREATE INDEX rejected_events_created ON rejected_events (created_at);
