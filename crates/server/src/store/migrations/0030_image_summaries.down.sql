DROP INDEX runtime_alerts_priority;
DROP INDEX findings_exploited;
DROP INDEX images_reference;
DROP INDEX images_last_seen;
DROP TABLE image_summaries;
