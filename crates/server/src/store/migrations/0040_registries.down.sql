DROP TABLE registry_lists;
DROP TABLE registry_tags;
DROP TABLE registries;
