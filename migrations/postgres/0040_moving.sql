-- Domains that move to another tenant, and names that several tenants want.

-- Tenants that an active domain belonged to before, as a JSON array of ids: what they showed in DNS is taken until then.
ALTER TABLE domains ADD COLUMN former_tenants TEXT;
ALTER TABLE domains ADD COLUMN former_until BIGINT;
-- Who registered it; null: before this release. No reference: the domain outlives them.
ALTER TABLE domains ADD COLUMN created_by UUID;
-- Of a pending domain: when another tenant proved the name, and when its own was told.
ALTER TABLE domains ADD COLUMN taken_at BIGINT;
ALTER TABLE domains ADD COLUMN taken_told_at BIGINT;
CREATE INDEX domains_untold ON domains (taken_at) WHERE taken_at IS NOT NULL AND taken_told_at IS NULL;
-- Of a pending domain that is proven while another tenant has it: when both proofs are looked at next; since when the old one is
-- gone and the new one there at each look, and the last of these looks.
ALTER TABLE domains ADD COLUMN contest_next_at BIGINT;
ALTER TABLE domains ADD COLUMN contest_since BIGINT;
ALTER TABLE domains ADD COLUMN contest_seen_at BIGINT;
CREATE INDEX domains_contest ON domains (contest_next_at) WHERE contest_next_at IS NOT NULL;
-- Of an active domain: since when another tenant has the only proof, as its own was told.
ALTER TABLE domains ADD COLUMN contested_at BIGINT;
CREATE INDEX domains_contested ON domains (id) WHERE contested_at IS NOT NULL;
