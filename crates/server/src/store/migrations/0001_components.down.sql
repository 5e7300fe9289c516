DROP TABLE postings;
DROP TABLE component_keys;
DROP TABLE components;
