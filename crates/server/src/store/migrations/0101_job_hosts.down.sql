DROP INDEX jobs_due;
CREATE INDEX jobs_due ON jobs (priority DESC, due, id) WHERE state < 2;
DROP INDEX jobs_running;
ALTER TABLE registries DROP COLUMN at_once;
ALTER TABLE jobs DROP COLUMN host;
