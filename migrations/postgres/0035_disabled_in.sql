-- From how high up a person was disabled: the tenant of whoever did it. Null: the installation, or by a version before this.
ALTER TABLE persons ADD COLUMN disabled_in UUID;
