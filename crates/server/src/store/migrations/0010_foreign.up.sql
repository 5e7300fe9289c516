-- What clients of other tools' protocols asked for, under the names that they gave it.
CREATE TABLE foreign_images (
    protocol TEXT NOT NULL,
    name TEXT NOT NULL,
    digest TEXT NOT NULL,
    job BIGINT NOT NULL,
    state TEXT NOT NULL,
    detail TEXT NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (protocol, name)
);
