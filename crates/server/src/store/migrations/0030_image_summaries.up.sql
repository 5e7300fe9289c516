-- What lists of images are sorted and filtered by: worked out from the image's components and their
-- findings, and again whenever one of the two changes.
CREATE TABLE image_summaries (
    image_id BIGINT NOT NULL PRIMARY KEY REFERENCES images (id) ON DELETE CASCADE,
    seen BIGINT NOT NULL,
    score BIGINT NOT NULL,
    risk BIGINT NOT NULL,
    critical BIGINT NOT NULL,
    high BIGINT NOT NULL,
    medium BIGINT NOT NULL,
    low BIGINT NOT NULL,
    other BIGINT NOT NULL,
    fixable BIGINT NOT NULL,
    exploited BIGINT NOT NULL,
    is_root BIGINT,
    end_of_life BIGINT NOT NULL,
    base TEXT NOT NULL,
    base_name TEXT NOT NULL
);
CREATE INDEX image_summaries_risk ON image_summaries (risk, image_id);
CREATE INDEX image_summaries_score ON image_summaries (score, image_id);
CREATE INDEX image_summaries_seen ON image_summaries (seen);
CREATE INDEX image_summaries_base ON image_summaries (base) WHERE base <> '';
CREATE INDEX images_last_seen ON images (last_seen, id);
CREATE INDEX images_reference ON images (reference, id);
CREATE INDEX findings_exploited ON findings (severity, id) WHERE is_open = 1 AND kev = 1;
CREATE INDEX runtime_alerts_priority ON runtime_alerts (priority, id);
