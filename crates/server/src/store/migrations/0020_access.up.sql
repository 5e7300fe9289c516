-- Role: 1 viewer, 2 scanner, 3 triager, 4 admin. Of secrets, only hashes are kept.
CREATE TABLE users (
    id {serial},
    name TEXT NOT NULL UNIQUE,
    -- argon2id; empty where they sign in elsewhere.
    password TEXT NOT NULL,
    role BIGINT NOT NULL,
    -- Issuer and subject of who vouches for them; empty where nobody does.
    subject TEXT NOT NULL,
    disabled BIGINT NOT NULL,
    created BIGINT NOT NULL,
    changed BIGINT NOT NULL
);
CREATE UNIQUE INDEX users_subject ON users (subject) WHERE subject <> '';

CREATE TABLE teams (
    id {serial},
    name TEXT NOT NULL UNIQUE,
    -- Patterns of repositories, a line each.
    repositories TEXT NOT NULL,
    created BIGINT NOT NULL
);

CREATE TABLE team_users (
    team_id BIGINT NOT NULL REFERENCES teams (id),
    user_id BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    PRIMARY KEY (team_id, user_id)
);

CREATE TABLE api_keys (
    id {serial},
    prefix TEXT NOT NULL UNIQUE,
    hash TEXT NOT NULL,
    name TEXT NOT NULL,
    role BIGINT NOT NULL,
    -- Parts of the API, a line each; empty for all.
    scopes TEXT NOT NULL,
    team_id BIGINT REFERENCES teams (id),
    user_id BIGINT REFERENCES users (id) ON DELETE CASCADE,
    -- 1: it counts once.
    once BIGINT NOT NULL,
    created BIGINT NOT NULL,
    expires BIGINT,
    used BIGINT,
    revoked BIGINT
);

CREATE TABLE sessions (
    id {serial},
    hash TEXT NOT NULL UNIQUE,
    -- The hash of before it was rotated, which counts until then.
    former TEXT NOT NULL,
    former_until BIGINT NOT NULL,
    user_id BIGINT REFERENCES users (id) ON DELETE CASCADE,
    csrf TEXT NOT NULL,
    created BIGINT NOT NULL,
    rotated BIGINT NOT NULL,
    seen BIGINT NOT NULL,
    expires BIGINT NOT NULL
);
CREATE INDEX sessions_former ON sessions (former);

-- By the hash of the name that was given, whether there is a user of it or not.
CREATE TABLE sign_in_failures (
    name TEXT NOT NULL PRIMARY KEY,
    failed BIGINT NOT NULL,
    at BIGINT NOT NULL,
    locked_until BIGINT NOT NULL
);

-- Sign-ins that another service is asked about.
CREATE TABLE oidc_flows (
    state TEXT NOT NULL PRIMARY KEY,
    browser TEXT NOT NULL,
    nonce TEXT NOT NULL,
    verifier TEXT NOT NULL,
    next TEXT NOT NULL,
    expires BIGINT NOT NULL
);
