-- What is said of a component, whichever images have it.
CREATE TABLE findings (
    id {serial},
    component_id BIGINT NOT NULL REFERENCES components (id) ON DELETE CASCADE,
    weakness TEXT NOT NULL,
    kind TEXT NOT NULL,
    severity BIGINT NOT NULL,
    severity_source TEXT NOT NULL,
    fix_state TEXT NOT NULL,
    fixed_in TEXT NOT NULL,
    title TEXT NOT NULL,
    aliases TEXT NOT NULL,
    advisories TEXT NOT NULL,
    kev BIGINT NOT NULL,
    epss BIGINT,
    published BIGINT,
    is_open BIGINT NOT NULL,
    opened_at BIGINT NOT NULL,
    changed_at BIGINT NOT NULL,
    resolved_at BIGINT,
    reopened BIGINT NOT NULL DEFAULT 0,
    UNIQUE (component_id, weakness)
);
CREATE INDEX findings_weakness ON findings (weakness);
CREATE INDEX findings_worst ON findings (severity, id) WHERE is_open = 1;

-- Its life: opened, changed, resolved, reopened.
CREATE TABLE finding_events (
    id {serial},
    finding_id BIGINT NOT NULL REFERENCES findings (id) ON DELETE CASCADE,
    at BIGINT NOT NULL,
    event TEXT NOT NULL,
    cause TEXT NOT NULL,
    detail TEXT NOT NULL
);
CREATE INDEX finding_events_finding ON finding_events (finding_id, id);
CREATE INDEX finding_events_time ON finding_events (at);

-- What could not be decided.
CREATE TABLE undecided (
    component_id BIGINT NOT NULL REFERENCES components (id) ON DELETE CASCADE,
    advisory TEXT NOT NULL,
    why TEXT NOT NULL,
    PRIMARY KEY (component_id, advisory)
);
