-- What sensors said. `day` counts days since 1970, so that old days go as a whole.
CREATE TABLE runtime_alerts (
    id {serial},
    day BIGINT NOT NULL,
    at BIGINT NOT NULL,
    rule TEXT NOT NULL,
    priority TEXT NOT NULL,
    source TEXT NOT NULL,
    hostname TEXT NOT NULL,
    image TEXT NOT NULL,
    output TEXT NOT NULL,
    fields TEXT NOT NULL
);
CREATE INDEX runtime_alerts_day ON runtime_alerts (day, at);
