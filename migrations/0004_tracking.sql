-- Everything here but the log is derived from the documents, the receipts and the rows: `behalf doctor --rebuild` makes
-- it anew.

-- An item and, since an activity is a pure function of its item, what lists and timelines show of its activity.
CREATE TABLE item (
    number          INTEGER PRIMARY KEY,    -- so that a click adds at the end, where no page has to be shared out
    id              TEXT NOT NULL UNIQUE,   -- ItemId, also the id of its document
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
    ends            INTEGER,                -- scheduledend, of appointments
    preview         TEXT NOT NULL,          -- the first words
    -- Every state it went through, none skipped (E-02): JSON array of person ('' for the item as a whole), status, time.
    -- History, not derived: a rebuild keeps it.
    log             TEXT NOT NULL
) STRICT;
CREATE INDEX item_unsettled ON item (mailbox) WHERE status = 'Track pending';
-- A row's timeline, by either date: the newest page is one contiguous read, from the end (design §7). A click adds at
-- the end as well, where no page has to be shared out.
CREATE INDEX timeline ON item (regarding_table, regarding_id, sortdate, id) WHERE regarding_id IS NOT NULL;
CREATE INDEX timeline_by_modified ON item (regarding_table, regarding_id, at, id) WHERE regarding_id IS NOT NULL;
