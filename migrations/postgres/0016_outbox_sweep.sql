-- Rows of the outbox that were published go after some days.

CREATE INDEX outbox_published ON outbox (published_at) WHERE published_at IS NOT NULL;
