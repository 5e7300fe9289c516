-- The registry that a job reads from, and how many may at a time.
ALTER TABLE jobs ADD COLUMN host TEXT NOT NULL DEFAULT '';
ALTER TABLE registries ADD COLUMN at_once BIGINT NOT NULL DEFAULT 8;
CREATE INDEX jobs_running ON jobs (host) WHERE state = 1;
DROP INDEX jobs_due;
CREATE INDEX jobs_due ON jobs (priority DESC, due, id, host) WHERE state < 2;
