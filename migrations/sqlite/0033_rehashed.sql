-- Written beside a password that was hashed anew: made of the hash of before and this one, it tells a sign-in that verified the
-- former that the password is the same. Whoever sets a password need not know of it: with another hash it fits no more.
ALTER TABLE persons ADD COLUMN rehashed TEXT;
