-- What tenants and domains set of policy, as JSON. `{}`: nothing, all is inherited.
ALTER TABLE tenants ADD COLUMN policy TEXT NOT NULL DEFAULT '{}';
ALTER TABLE tenants ADD COLUMN policy_revision INTEGER NOT NULL DEFAULT 1;
ALTER TABLE domains ADD COLUMN policy TEXT NOT NULL DEFAULT '{}';
ALTER TABLE domains ADD COLUMN policy_revision INTEGER NOT NULL DEFAULT 1;
