-- What came of requests that may come again: by a hash of who asked, for what and under which key.
-- Status 0 is being done still. The answer is sealed.
CREATE TABLE repeats (
    key TEXT NOT NULL PRIMARY KEY,
    request TEXT NOT NULL,
    status BIGINT NOT NULL,
    answer TEXT NOT NULL,
    at BIGINT NOT NULL
);
CREATE INDEX repeats_at ON repeats (at);
