-- What runs where: one row a container, as whoever looked last saw it.
CREATE TABLE running (
    place TEXT NOT NULL,
    namespace TEXT NOT NULL,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    container TEXT NOT NULL,
    image TEXT NOT NULL,
    repository TEXT NOT NULL,
    tag TEXT NOT NULL,
    digest TEXT NOT NULL,
    first_seen BIGINT NOT NULL,
    last_seen BIGINT NOT NULL,
    PRIMARY KEY (place, namespace, kind, name, container)
);
CREATE INDEX running_digest ON running (digest);
CREATE INDEX running_repository ON running (repository, tag);
