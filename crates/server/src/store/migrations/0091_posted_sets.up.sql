-- A set that no image has any more is found and removed without a look at each image.
CREATE INDEX images_posted_set ON images (posted_set);
