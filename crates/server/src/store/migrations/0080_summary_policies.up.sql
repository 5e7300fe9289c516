-- Policies that the image fails, a bit each in the order of the registry.
ALTER TABLE image_summaries ADD COLUMN failed BIGINT NOT NULL DEFAULT 0;
