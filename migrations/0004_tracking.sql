-- Everything here is derived from the documents, the receipts and the rows: `behalf doctor --rebuild` makes it anew.

CREATE TABLE item (
    id              TEXT PRIMARY KEY,       -- ItemId, also the id of its document
    mailbox         TEXT NOT NULL,
    kind            TEXT NOT NULL,
    key             TEXT NOT NULL,
    tracked         INTEGER NOT NULL,       -- the decision: 1 tracked, 0 untracked
    regarding_table TEXT,
    regarding_id    TEXT,
    regarding_name  TEXT,
    -- Who decided, for whom, when.
    person          TEXT NOT NULL,
    at              INTEGER NOT NULL,
    -- JSON array of the competing decisions; '[]' when there is one (H-06).
    choices         TEXT NOT NULL DEFAULT '[]',
    status          TEXT NOT NULL,
    promoted        INTEGER NOT NULL DEFAULT 0,
    -- Why the owner's side has not applied it; '' when it has, or has not said yet.
    refused         TEXT NOT NULL DEFAULT '',
    -- Whose doing that was.
    refused_person  TEXT NOT NULL DEFAULT ''
) STRICT, WITHOUT ROWID;
CREATE INDEX item_by_key ON item (mailbox, key);
CREATE INDEX item_unsettled ON item (mailbox, id) WHERE status = 'Track pending';

-- Status per person (H-02).
CREATE TABLE item_person (
    item   TEXT NOT NULL,
    person TEXT NOT NULL,
    status TEXT NOT NULL,
    PRIMARY KEY (item, person)
) STRICT, WITHOUT ROWID;

-- Every state an item went through, none skipped (E-02). History, not derived: rebuild leaves it alone.
CREATE TABLE status_log (
    number INTEGER PRIMARY KEY,
    item   TEXT NOT NULL,
    person TEXT NOT NULL,
    status TEXT NOT NULL,
    at     INTEGER NOT NULL
) STRICT;
CREATE INDEX status_log_by_item ON status_log (item, number);

-- Dataverse column names (spec §5). JSON holds the columns only some types have.
CREATE TABLE activity (
    activityid              TEXT PRIMARY KEY,
    item                    TEXT NOT NULL,
    mailbox                 TEXT NOT NULL,
    activitytypecode        TEXT NOT NULL,
    subject                 TEXT NOT NULL,
    description             TEXT NOT NULL,
    regardingobjectid       TEXT,
    regardingobjecttypecode TEXT,
    ownerid                 TEXT NOT NULL,
    statecode               INTEGER NOT NULL,
    statuscode              INTEGER NOT NULL,
    sortdate                INTEGER NOT NULL,
    modifiedon              INTEGER NOT NULL,
    createdonbehalfby       TEXT,
    pending                 INTEGER NOT NULL,
    columns                 TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX activity_by_item ON activity (item);

CREATE TABLE activityparty (
    activitypartyid      TEXT PRIMARY KEY,
    activityid           TEXT NOT NULL REFERENCES activity(activityid) ON DELETE CASCADE,
    participationtypemask INTEGER NOT NULL,
    addressused          TEXT NOT NULL,
    displayname          TEXT NOT NULL,
    party_table          TEXT,
    party_id             TEXT,
    party_name           TEXT
) STRICT, WITHOUT ROWID;
CREATE INDEX activityparty_by_activity ON activityparty (activityid, participationtypemask);

-- Clustered by row and time: the newest page of a row is one contiguous read (design §7).
CREATE TABLE timeline (
    row_table  TEXT NOT NULL,
    row_id     TEXT NOT NULL,
    sortdate   INTEGER NOT NULL,
    activityid TEXT NOT NULL REFERENCES activity(activityid) ON DELETE CASCADE,
    modifiedon INTEGER NOT NULL,
    PRIMARY KEY (row_table, row_id, sortdate DESC, activityid)
) STRICT, WITHOUT ROWID;
CREATE INDEX timeline_by_modified ON timeline (row_table, row_id, modifiedon DESC, activityid);
CREATE INDEX timeline_by_activity ON timeline (activityid);
