-- A set of components, once for all images that have the very same.
CREATE TABLE component_sets (
    id {serial},
    hash TEXT NOT NULL UNIQUE,
    components {bytes} NOT NULL,
    size BIGINT NOT NULL
);

CREATE TABLE images (
    id {serial},
    digest TEXT NOT NULL UNIQUE,
    reference TEXT NOT NULL,
    source TEXT NOT NULL,
    distro TEXT NOT NULL,
    platform TEXT NOT NULL,
    created BIGINT,
    size BIGINT NOT NULL,
    partial BIGINT NOT NULL,
    inventory TEXT NOT NULL,
    set_id BIGINT NOT NULL REFERENCES component_sets (id),
    -- The set that the postings have of it.
    posted_set BIGINT REFERENCES component_sets (id),
    unposted BIGINT NOT NULL DEFAULT 1,
    scans BIGINT NOT NULL DEFAULT 1,
    first_seen BIGINT NOT NULL,
    last_seen BIGINT NOT NULL
);
CREATE INDEX images_unposted ON images (id) WHERE unposted = 1;
CREATE INDEX images_set ON images (set_id);

CREATE TABLE image_refs (
    repository TEXT NOT NULL,
    tag TEXT NOT NULL,
    digest TEXT NOT NULL,
    first_seen BIGINT NOT NULL,
    last_seen BIGINT NOT NULL,
    PRIMARY KEY (repository, tag, digest)
);
CREATE INDEX image_refs_digest ON image_refs (digest);
