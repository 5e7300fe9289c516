-- By whom a registry is asked; the password is sealed.
ALTER TABLE registries ADD COLUMN username TEXT NOT NULL DEFAULT '';
ALTER TABLE registries ADD COLUMN password TEXT NOT NULL DEFAULT '';
