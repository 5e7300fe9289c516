DROP TABLE image_facts;
DROP TABLE image_aliases;
DROP TABLE running;
