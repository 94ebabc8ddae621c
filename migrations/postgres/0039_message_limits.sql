-- What may come for a tenant with all below it; null: no limit of its own.
ALTER TABLE tenants ADD COLUMN max_messages_per_hour BIGINT;
ALTER TABLE tenants ADD COLUMN max_message_size_bytes BIGINT;
