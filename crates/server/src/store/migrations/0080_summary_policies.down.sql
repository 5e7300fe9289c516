ALTER TABLE image_summaries DROP COLUMN failed;
