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

-- By which other digest an image was asked for: that of the index that it is in.
CREATE TABLE image_aliases (
    asked TEXT NOT NULL,
    digest TEXT NOT NULL,
    PRIMARY KEY (asked, digest)
);
CREATE INDEX image_aliases_digest ON image_aliases (digest);

-- What is known of an image beside its components; NULL where it does not say.
CREATE TABLE image_facts (
    digest TEXT NOT NULL PRIMARY KEY,
    runs_as_root BIGINT,
    end_of_life BIGINT,
    base TEXT NOT NULL
);
