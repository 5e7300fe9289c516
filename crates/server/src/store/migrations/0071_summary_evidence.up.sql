-- What hung on the image when its row was written: -1 where no tag led to it.
ALTER TABLE image_summaries ADD COLUMN evidence BIGINT NOT NULL DEFAULT -1;
