-- Ownership of active domains, looked at again by schedule: `next_check_at` is theirs as well.

-- Since when each look found the proof missing. Null: it was there, or nobody looked yet.
ALTER TABLE domains ADD COLUMN ownership_missing_since BIGINT;
-- Since when it is taken for lost. Mail is not cut by it.
ALTER TABLE domains ADD COLUMN ownership_lost_at BIGINT;

-- One for each schedule: neither walks over what is due in the other.
DROP INDEX domains_check;
CREATE INDEX domains_check_pending ON domains (next_check_at) WHERE state = 'pending';
CREATE INDEX domains_check_active ON domains (next_check_at, id) WHERE state = 'active';
CREATE INDEX domains_lost ON domains (id) WHERE ownership_lost_at IS NOT NULL;
