DROP TABLE image_refs;
DROP TABLE images;
DROP TABLE component_sets;
