ALTER TABLE runtime_alerts DROP COLUMN tags;
