-- Whom to tell. `settings` holds what the kind needs, as JSON.
CREATE TABLE notifiers (
    id {serial},
    name TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL,
    settings TEXT NOT NULL,
    severity BIGINT NOT NULL,
    quiet TEXT NOT NULL,
    zone TEXT NOT NULL,
    enabled BIGINT NOT NULL,
    created BIGINT NOT NULL,
    -- The last event of a finding that it was told of.
    told BIGINT NOT NULL DEFAULT 0
);

-- What it was told: a cause is told once for as long as it stands.
CREATE TABLE notices (
    notifier_id BIGINT NOT NULL REFERENCES notifiers (id) ON DELETE CASCADE,
    cause TEXT NOT NULL,
    is_open BIGINT NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (notifier_id, cause)
);
