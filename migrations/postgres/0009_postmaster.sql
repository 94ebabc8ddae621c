-- Who reads mail for <postmaster> without a domain; written at start from the configuration file. Null: the first owner.
ALTER TABLE installation ADD COLUMN postmaster TEXT COLLATE "C";
