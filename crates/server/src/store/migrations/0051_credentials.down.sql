ALTER TABLE registries DROP COLUMN password;
ALTER TABLE registries DROP COLUMN username;
