-- Everything here but the log is derived from the documents, the receipts and the rows: `behalf doctor --rebuild` makes
-- it anew.

-- An item and, since an activity is a pure function of its item, what lists and timelines show of its activity.
CREATE TABLE item (
    id              TEXT PRIMARY KEY,       -- ItemId, also the id of its document
    mailbox         TEXT NOT NULL,
    kind            TEXT NOT NULL,
    key             TEXT NOT NULL,
    tracked         INTEGER NOT NULL,       -- the decision: 1 tracked, 0 untracked
    -- The row its activity is regarding; null where there is no activity, or none is chosen.
    regarding_table TEXT,
    regarding_id    TEXT,
    regarding_name  TEXT,
    -- Who decided, for whom, when.
    person          TEXT NOT NULL,
    at              INTEGER NOT NULL,
    -- JSON array of the competing decisions; '[]' when there is one (H-06).
    choices         TEXT NOT NULL,
    status          TEXT NOT NULL,
    people          TEXT NOT NULL,          -- JSON object: person -> status (H-02)
    promoted        INTEGER NOT NULL,
    -- Why the owner's side has not applied it; '' when it has, or has not said yet.
    refused         TEXT NOT NULL,
    -- Whose doing that was.
    refused_person  TEXT NOT NULL,
    subject         TEXT NOT NULL,
    sortdate        INTEGER NOT NULL,
    statecode       INTEGER NOT NULL,
    statuscode      INTEGER NOT NULL,
    ends            INTEGER                 -- scheduledend, of appointments
) STRICT, WITHOUT ROWID;
CREATE INDEX item_unsettled ON item (mailbox, id) WHERE status = 'Track pending';
-- A row's timeline, by either date: the newest page is one contiguous read (design §7).
CREATE INDEX timeline ON item (regarding_table, regarding_id, sortdate DESC, id) WHERE regarding_id IS NOT NULL;
CREATE INDEX timeline_by_modified ON item (regarding_table, regarding_id, at DESC, id) WHERE regarding_id IS NOT NULL;

-- What an item says, for the timeline's search (J-03).
CREATE TABLE item_text (
    item TEXT PRIMARY KEY,
    text TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Every state an item went through, none skipped (E-02). History, not derived: rebuild leaves it alone.
CREATE TABLE status_log (
    item   TEXT NOT NULL,
    number INTEGER NOT NULL,
    person TEXT NOT NULL,                   -- '' for the item as a whole
    status TEXT NOT NULL,
    at     INTEGER NOT NULL,
    PRIMARY KEY (item, number)
) STRICT, WITHOUT ROWID;
