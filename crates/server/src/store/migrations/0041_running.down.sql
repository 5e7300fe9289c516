DROP TABLE running;
