-- Several copies of one mail, and several mails under one Message-ID (B-08).

-- CRC-32 of the raw bytes: the very same copy is known without reading it again. NULL where an earlier release imported it.
ALTER TABLE message ADD COLUMN sum INTEGER;

-- Items whose own copy has come, or may say something else than their document about where it was kept and who was
-- copied blindly: the owner's replica looks at them in its next cycle and empties this.
CREATE TABLE own_copy (
    mailbox TEXT NOT NULL,
    item    TEXT NOT NULL,
    PRIMARY KEY (mailbox, item)
) STRICT, WITHOUT ROWID;
