-- Since when nothing is taken for the tenant and all below it; null: it is not suspended.
ALTER TABLE tenants ADD COLUMN suspended_at INTEGER;
-- From when on its mail is refused for good; null: it is deferred for as long as it lasts.
ALTER TABLE tenants ADD COLUMN refuse_from INTEGER;
-- Why, for those who administer the tenant above.
ALTER TABLE tenants ADD COLUMN suspension_reason TEXT;
