-- Asking next hops about recipients; alias addresses and alias domains.

-- What holds when the next hop cannot be asked; null: it is not asked at all. Such a domain says `any` in `recipients`, so
-- that a process of the version before goes on taking its mail.
ALTER TABLE domains ADD COLUMN call_out TEXT COLLATE "C" CHECK (call_out IN ('accept', 'defer'));
-- The domain whose recipients, route, lists and policy hold for this one too.
ALTER TABLE domains ADD COLUMN alias_of UUID REFERENCES domains (id);
ALTER TABLE domains ADD COLUMN alias_hop_sees TEXT COLLATE "C" CHECK (alias_hop_sees IN ('as_written', 'primary'));
CREATE INDEX domains_alias ON domains (alias_of) WHERE alias_of IS NOT NULL;

-- `local_key` of the mailbox that this one is an alias of.
ALTER TABLE recipients ADD COLUMN alias_of TEXT COLLATE "C";
ALTER TABLE recipients ADD COLUMN hop_sees TEXT COLLATE "C" CHECK (hop_sees IN ('as_written', 'mailbox'));
CREATE INDEX recipients_alias ON recipients (domain_id, alias_of) WHERE alias_of IS NOT NULL;
