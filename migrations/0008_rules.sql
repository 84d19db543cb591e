-- The rules of delegation: a mailbox's settings (L-01), and what is private (A-06).

-- Derived from the mailbox's settings document. What is not here has its default.
CREATE TABLE setting (
    mailbox TEXT NOT NULL REFERENCES mailbox(id),
    name    TEXT NOT NULL,
    value   INTEGER NOT NULL,
    PRIMARY KEY (mailbox, name)
) STRICT, WITHOUT ROWID;

-- The grant includes private items.
ALTER TABLE access_grant ADD COLUMN private INTEGER NOT NULL DEFAULT 0;

-- Null in a mail imported before this was looked at: the next start looks.
ALTER TABLE message ADD COLUMN private INTEGER;
CREATE INDEX message_not_looked_at ON message (id) WHERE private IS NULL;

-- Null in an item projected before this was known: the next start makes it anew.
ALTER TABLE item ADD COLUMN private INTEGER;
CREATE INDEX item_not_looked_at ON item (id) WHERE private IS NULL;
