-- Projects as Dependency-Track has them: a name and a version that bills are uploaded for.
CREATE TABLE projects (
    uuid TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    version TEXT NOT NULL,
    digest TEXT NOT NULL,
    job BIGINT NOT NULL,
    created BIGINT NOT NULL,
    uploaded BIGINT NOT NULL,
    UNIQUE (name, version)
);
