ALTER TABLE components DROP COLUMN absent;
