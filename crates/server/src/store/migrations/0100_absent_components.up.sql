-- Whether the last image that had it is gone: nothing is said of it until one has it again.
ALTER TABLE components ADD COLUMN absent BIGINT NOT NULL DEFAULT 0;
