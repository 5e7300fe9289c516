ALTER TABLE image_summaries DROP COLUMN evidence;
