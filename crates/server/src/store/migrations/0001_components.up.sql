-- A component is what matching can tell apart: one row for all images that have it.
CREATE TABLE components (
    id {serial},
    key TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    version TEXT NOT NULL,
    purl TEXT NOT NULL,
    body TEXT NOT NULL,
    judged BIGINT NOT NULL,
    images BIGINT NOT NULL DEFAULT 0,
    first_seen BIGINT NOT NULL
);
CREATE INDEX components_name ON components (name, version);

-- Under which keys of packages advisories on it stand.
CREATE TABLE component_keys (
    key BIGINT NOT NULL,
    component_id BIGINT NOT NULL REFERENCES components (id) ON DELETE CASCADE,
    PRIMARY KEY (key, component_id)
);

-- Which images have it: a bitmap for every 65,536 images.
CREATE TABLE postings (
    component_id BIGINT NOT NULL REFERENCES components (id) ON DELETE CASCADE,
    shard BIGINT NOT NULL,
    images {bytes} NOT NULL,
    PRIMARY KEY (component_id, shard)
);
