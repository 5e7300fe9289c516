-- State: 0 waits, 1 runs, 2 done, 3 dead, 4 cancelled.
CREATE TABLE jobs (
    id {serial},
    kind TEXT NOT NULL,
    key TEXT NOT NULL,
    payload TEXT NOT NULL,
    priority BIGINT NOT NULL,
    state BIGINT NOT NULL,
    attempt BIGINT NOT NULL DEFAULT 0,
    attempts BIGINT NOT NULL,
    due BIGINT NOT NULL,
    worker TEXT NOT NULL DEFAULT '',
    lease_until BIGINT NOT NULL DEFAULT 0,
    created BIGINT NOT NULL,
    finished BIGINT,
    error TEXT NOT NULL DEFAULT '',
    result TEXT NOT NULL DEFAULT ''
);
CREATE UNIQUE INDEX jobs_key ON jobs (kind, key) WHERE state < 2;
CREATE INDEX jobs_due ON jobs (priority DESC, due, id) WHERE state < 2;
CREATE INDEX jobs_finished ON jobs (finished) WHERE state >= 2;
