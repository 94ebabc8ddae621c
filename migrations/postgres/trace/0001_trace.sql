-- What workers told: event streams, the trace, counters, gaps.

CREATE TABLE streams (
    -- Made at random by a worker at its start.
    id UUID PRIMARY KEY,
    worker_id UUID NOT NULL,
    -- The next event expected.
    next_seq BIGINT NOT NULL,
    -- Transactions stored of it, and those its worker says there were.
    stored BIGINT NOT NULL,
    reported BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    last_heard_at BIGINT NOT NULL,
    closed_at BIGINT
);
CREATE INDEX streams_open ON streams (last_heard_at) WHERE closed_at IS NULL;

-- One row a transaction and tenant; the row of no tenant has the zero id.
CREATE TABLE messages (
    -- Together the order of commits: on SQLite writers follow each other and xid is 0.
    xid BIGINT NOT NULL,
    seq BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id UUID NOT NULL,
    tenant_id UUID NOT NULL,
    worker_id UUID NOT NULL,
    started_at BIGINT NOT NULL,
    disposition TEXT COLLATE "C" NOT NULL,
    rule TEXT COLLATE "C" NOT NULL,
    reason TEXT COLLATE "C" NOT NULL,
    -- In lower case.
    sender TEXT COLLATE "C" NOT NULL,
    message_id TEXT COLLATE "C",
    -- JSON: the whole event.
    detail TEXT COLLATE "C" NOT NULL
);
CREATE UNIQUE INDEX messages_id ON messages (id, tenant_id);
CREATE INDEX messages_order ON messages (xid, seq);
CREATE INDEX messages_tenant ON messages (tenant_id, xid, seq);
CREATE INDEX messages_sender ON messages (sender, xid, seq);
CREATE INDEX messages_message_id ON messages (message_id) WHERE message_id IS NOT NULL;
CREATE INDEX messages_started ON messages (started_at);

CREATE TABLE message_recipients (
    message_id UUID NOT NULL,
    tenant_id UUID NOT NULL,
    -- In lower case.
    address TEXT COLLATE "C" NOT NULL,
    started_at BIGINT NOT NULL
);
CREATE INDEX message_recipients_address ON message_recipients (address, message_id);
CREATE INDEX message_recipients_started ON message_recipients (started_at);

CREATE TABLE counters (
    tenant_id UUID NOT NULL,
    domain_id UUID NOT NULL,
    -- Start of the UTC hour.
    hour BIGINT NOT NULL,
    accepted BIGINT NOT NULL,
    refused BIGINT NOT NULL,
    deferred BIGINT NOT NULL,
    bytes BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, domain_id, hour)
);

CREATE TABLE gaps (
    id UUID PRIMARY KEY,
    stream_id UUID NOT NULL,
    worker_id UUID NOT NULL,
    -- dropped: the worker's buffer was full; ended: the worker ended without its closing mark.
    kind TEXT COLLATE "C" NOT NULL,
    from_at BIGINT NOT NULL,
    to_at BIGINT NOT NULL,
    events BIGINT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE INDEX gaps_stream ON gaps (stream_id);
CREATE INDEX gaps_created ON gaps (created_at, id);

CREATE TABLE rejected_events (
    stream_id UUID NOT NULL,
    seq BIGINT NOT NULL,
    worker_id UUID NOT NULL,
    why TEXT COLLATE "C" NOT NULL,
    -- Cut to 64 KiB.
    body TEXT COLLATE "C" NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (stream_id, seq)
);
CREATE INDEX rejected_events_created ON rejected_events (created_at);
