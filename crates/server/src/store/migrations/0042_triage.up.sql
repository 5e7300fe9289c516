-- What people decided about a weakness: on one component, or on all that a scope names.
CREATE TABLE triage (
    id {serial},
    weakness TEXT NOT NULL,
    scope TEXT NOT NULL,
    state TEXT NOT NULL,
    justification TEXT NOT NULL,
    statement TEXT NOT NULL,
    owner TEXT NOT NULL,
    labels TEXT NOT NULL,
    until BIGINT,
    actor TEXT NOT NULL,
    created BIGINT NOT NULL,
    changed BIGINT NOT NULL,
    UNIQUE (weakness, scope)
);
CREATE INDEX triage_weakness ON triage (weakness);
