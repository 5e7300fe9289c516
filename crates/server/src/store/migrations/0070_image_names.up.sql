-- Parts of names of images, three letters at a time, so that a search does not read every name.
{sqlite} CREATE VIRTUAL TABLE image_names USING fts5(reference, content='images', content_rowid='id', tokenize='trigram');
{sqlite} CREATE TRIGGER image_names_added AFTER INSERT ON images BEGIN INSERT INTO image_names (rowid, reference) VALUES (new.id, new.reference); END;
{sqlite} CREATE TRIGGER image_names_removed AFTER DELETE ON images BEGIN INSERT INTO image_names (image_names, rowid, reference) VALUES ('delete', old.id, old.reference); END;
{sqlite} CREATE TRIGGER image_names_changed AFTER UPDATE OF reference ON images WHEN old.reference <> new.reference BEGIN INSERT INTO image_names (image_names, rowid, reference) VALUES ('delete', old.id, old.reference); INSERT INTO image_names (rowid, reference) VALUES (new.id, new.reference); END;
{sqlite} INSERT INTO image_names (image_names) VALUES ('rebuild');
-- Where the extension may not be made, names are read one by one.
{postgres} DO $$ BEGIN CREATE EXTENSION IF NOT EXISTS pg_trgm; CREATE INDEX images_reference_parts ON images USING gin (reference gin_trgm_ops); EXCEPTION WHEN OTHERS THEN RAISE NOTICE 'no index of parts of names: %', SQLERRM; END $$;
-- What few images have, in the order in which lists show it.
CREATE INDEX image_summaries_clean ON image_summaries (risk, image_id) WHERE critical + high + medium + low + other = 0;
CREATE INDEX image_summaries_exploited ON image_summaries (risk, image_id) WHERE exploited > 0;
CREATE INDEX image_summaries_critical ON image_summaries (risk, image_id) WHERE critical > 0;
CREATE INDEX image_summaries_end_of_life ON image_summaries (risk, image_id) WHERE end_of_life = 1;
CREATE INDEX image_summaries_root ON image_summaries (risk, image_id) WHERE is_root = 1;
CREATE INDEX images_partial ON images (id) WHERE partial = 1;
