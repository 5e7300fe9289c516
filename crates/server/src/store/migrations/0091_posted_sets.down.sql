DROP INDEX images_posted_set;
