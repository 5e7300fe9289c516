DROP TABLE triage;
