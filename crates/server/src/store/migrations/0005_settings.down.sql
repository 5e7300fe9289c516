DROP TABLE audit;
DROP TABLE settings;
