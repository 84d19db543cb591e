-- What keeps an item from being promoted (H-04): JSON, as its document says. Null when nothing does.
ALTER TABLE item ADD COLUMN failure TEXT;
