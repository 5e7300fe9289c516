-- What clients of Clair are notified of: a set of notifications for each change of the advisories and each
-- notifier. Its parts are findings with the images that they are the worst for.
CREATE TABLE clair_notifications (
    id TEXT PRIMARY KEY,
    notifier_id BIGINT NOT NULL REFERENCES notifiers (id) ON DELETE CASCADE,
    cause TEXT NOT NULL,
    -- Whether a job delivers it.
    sent BIGINT NOT NULL DEFAULT 0,
    at BIGINT NOT NULL
);
CREATE TABLE clair_notification_parts (
    notification_id TEXT NOT NULL REFERENCES clair_notifications (id) ON DELETE CASCADE,
    place BIGINT NOT NULL,
    reason TEXT NOT NULL,
    finding_id BIGINT NOT NULL,
    images {bytes} NOT NULL,
    PRIMARY KEY (notification_id, place)
);
