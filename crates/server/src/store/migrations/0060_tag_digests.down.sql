DROP INDEX registry_tags_digest;
