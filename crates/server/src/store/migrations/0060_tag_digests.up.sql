-- Which tags lead to an image.
CREATE INDEX registry_tags_digest ON registry_tags (digest);
