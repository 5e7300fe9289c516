-- What a notifier is told of, one a line; empty for everything.
ALTER TABLE notifiers ADD COLUMN topics TEXT NOT NULL DEFAULT '';
