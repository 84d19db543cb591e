-- Mail and calendar as they were imported. Raw bytes lie in the pack file beside the database (see store::pack).

CREATE TABLE folder (
    id      INTEGER PRIMARY KEY,
    mailbox TEXT NOT NULL REFERENCES mailbox(id),
    name    TEXT NOT NULL,
    -- inbox, sent, drafts or other: decides direction and state when promoted (I-04).
    role    TEXT NOT NULL,
    UNIQUE (mailbox, name)
) STRICT;

CREATE TABLE message (
    id           INTEGER PRIMARY KEY,
    mailbox      TEXT NOT NULL REFERENCES mailbox(id),
    folder       INTEGER NOT NULL REFERENCES folder(id),
    item         TEXT NOT NULL,             -- ItemId
    key          TEXT NOT NULL,             -- Message-ID without angle brackets, or one made from the content
    subject      TEXT NOT NULL,
    from_name    TEXT NOT NULL,
    from_address TEXT NOT NULL,
    sent         INTEGER NOT NULL,
    in_reply_to  TEXT NOT NULL,             -- Message-ID without brackets, '' when none
    thread       TEXT NOT NULL,             -- the oldest Message-ID of its references, or its own key
    conversation TEXT NOT NULL,             -- what its Thread-Index has in common with its conversation, '' without one
    preview      TEXT NOT NULL,             -- the first words of the body
    unread       INTEGER NOT NULL,
    attachments  INTEGER NOT NULL,
    pack_offset  INTEGER NOT NULL,          -- where the raw bytes start in the pack file
    size         INTEGER NOT NULL,          -- raw bytes
    UNIQUE (mailbox, key)
) STRICT;
CREATE INDEX message_by_date ON message (folder, sent DESC, id DESC);
CREATE INDEX message_by_mailbox ON message (mailbox, sent DESC, id DESC);
CREATE INDEX message_by_item ON message (item);
CREATE INDEX message_by_thread ON message (mailbox, thread);
-- What was chosen for a sender's mail before (D-07).
CREATE INDEX message_by_sender ON message (from_address);

CREATE TABLE appointment (
    id         INTEGER PRIMARY KEY,
    mailbox    TEXT NOT NULL REFERENCES mailbox(id),
    item       TEXT NOT NULL,
    key        TEXT NOT NULL,               -- UID
    occurrence TEXT NOT NULL DEFAULT '',    -- RECURRENCE-ID, '' for the series or a single one
    subject    TEXT NOT NULL,
    location   TEXT NOT NULL,
    organizer  TEXT NOT NULL,               -- address
    starts     INTEGER NOT NULL,
    ends       INTEGER NOT NULL,
    all_day    INTEGER NOT NULL,
    show_as    TEXT NOT NULL,               -- free, tentative, busy, oof
    cancelled  INTEGER NOT NULL,
    private    INTEGER NOT NULL,
    -- SEQUENCE and LAST-MODIFIED: which of two versions is the newer one.
    sequence   INTEGER NOT NULL DEFAULT 0,
    modified   INTEGER NOT NULL DEFAULT 0,
    zones      TEXT NOT NULL DEFAULT '[]',  -- JSON: the numbers of the zones it names
    ics        BLOB NOT NULL,               -- the component as it came, without them
    UNIQUE (mailbox, key, occurrence)
) STRICT;
-- Time zones as calendars describe them: once, however many appointments name them.
CREATE TABLE calendar_zone (
    id   INTEGER PRIMARY KEY,
    hash BLOB NOT NULL UNIQUE,              -- SHA-256 of it
    ics  BLOB NOT NULL
) STRICT;

CREATE INDEX appointment_by_start ON appointment (mailbox, starts);
CREATE INDEX appointment_by_item ON appointment (item);

-- How far the import of a source has come, so that it can go on where it stopped.
CREATE TABLE import_progress (
    mailbox     TEXT NOT NULL,
    source      TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    position    INTEGER NOT NULL,
    PRIMARY KEY (mailbox, source)
) STRICT, WITHOUT ROWID;

-- What an import could not use. The raw bytes stay in the pack, so that nothing a person gave us is lost (B-08).
CREATE TABLE rejected_message (
    id          INTEGER PRIMARY KEY,
    mailbox     TEXT NOT NULL REFERENCES mailbox(id),
    source      TEXT NOT NULL,
    position    INTEGER NOT NULL,
    reason      TEXT NOT NULL,
    pack_offset INTEGER NOT NULL,
    size        INTEGER NOT NULL,
    UNIQUE (mailbox, source, position)
) STRICT;
