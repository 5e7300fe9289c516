DROP TABLE undecided;
DROP TABLE finding_events;
DROP TABLE findings;
