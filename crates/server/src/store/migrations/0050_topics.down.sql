ALTER TABLE notifiers DROP COLUMN topics;
