-- The trace by time, by subtree, rule and subject; what is counted by domain; one row a recipient.

-- Of the tenant: the one directly below the provider that it is, or stands below. Null: not known yet.
ALTER TABLE messages ADD COLUMN top_id BLOB;
-- Folded for comparison; kept only where policy says so.
ALTER TABLE messages ADD COLUMN subject TEXT;
DROP INDEX messages_order;
DROP INDEX messages_tenant;
DROP INDEX messages_sender;
DROP INDEX messages_message_id;
DROP INDEX messages_started;
-- A search has one that leads: its order is the order of the page.
CREATE INDEX messages_time ON messages (started_at, seq);
CREATE INDEX messages_tenant ON messages (tenant_id, started_at, seq);
CREATE INDEX messages_top ON messages (top_id, started_at, seq);
CREATE INDEX messages_sender ON messages (sender, started_at, seq);
CREATE INDEX messages_rule ON messages (rule, started_at, seq);
CREATE INDEX messages_disposition ON messages (disposition, started_at, seq);
CREATE INDEX messages_message_id ON messages (message_id, started_at, seq) WHERE message_id IS NOT NULL;
CREATE INDEX messages_subject ON messages (subject, started_at, seq) WHERE subject IS NOT NULL;

DELETE FROM message_recipients WHERE rowid NOT IN
    (SELECT MIN(rowid) FROM message_recipients GROUP BY message_id, tenant_id, address);
DROP INDEX message_recipients_address;
CREATE INDEX message_recipients_address ON message_recipients (address, started_at, message_id);

CREATE INDEX counters_domain ON counters (domain_id, hour);
CREATE INDEX counters_tenant ON counters (tenant_id, hour);
CREATE INDEX counters_hour ON counters (hour);
