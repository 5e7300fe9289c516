-- A registry that is watched, or a part of one.
CREATE TABLE registries (
    id {serial},
    name TEXT NOT NULL UNIQUE,
    host TEXT NOT NULL,
    repositories TEXT NOT NULL,
    tags TEXT NOT NULL,
    max_age_days BIGINT,
    schedule TEXT NOT NULL,
    zone TEXT NOT NULL,
    per_minute BIGINT NOT NULL,
    enabled BIGINT NOT NULL,
    created BIGINT NOT NULL,
    due BIGINT NOT NULL,
    walked BIGINT,
    error TEXT NOT NULL DEFAULT '',
    repositories_seen BIGINT NOT NULL DEFAULT 0
);

-- What a tag leads to: the digest of an index or a manifest.
CREATE TABLE registry_tags (
    registry_id BIGINT NOT NULL REFERENCES registries (id) ON DELETE CASCADE,
    repository TEXT NOT NULL,
    tag TEXT NOT NULL,
    digest TEXT NOT NULL,
    first_seen BIGINT NOT NULL,
    moved BIGINT NOT NULL,
    evidence BIGINT NOT NULL DEFAULT 0,
    selected BIGINT NOT NULL DEFAULT 1,
    PRIMARY KEY (registry_id, repository, tag)
);
CREATE INDEX registry_tags_repository ON registry_tags (repository, tag);

-- The list of tags as it was known, so that an unchanged one need not be sent.
CREATE TABLE registry_lists (
    registry_id BIGINT NOT NULL REFERENCES registries (id) ON DELETE CASCADE,
    repository TEXT NOT NULL,
    etag TEXT NOT NULL,
    PRIMARY KEY (registry_id, repository)
);
