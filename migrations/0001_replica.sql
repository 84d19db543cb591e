-- The replica: who this is, the documents, what was done, and what travels.
-- Times are milliseconds since 1970 UTC. Derived tables say so and can be rebuilt from the documents.

CREATE TABLE replica (
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- A mailbox is named by its owner's address.
CREATE TABLE mailbox (
    id         TEXT PRIMARY KEY,
    owner_name TEXT NOT NULL DEFAULT '',
    mine       INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;

-- Every device that may write in a mailbox's name, as far as this replica has been told.
CREATE TABLE device (
    mailbox     TEXT NOT NULL REFERENCES mailbox(id),
    id          TEXT NOT NULL,
    person      TEXT NOT NULL,
    person_name TEXT NOT NULL DEFAULT '',
    public_key  BLOB NOT NULL,
    card        BLOB NOT NULL DEFAULT x'',  -- its public keys as it shows them itself; empty when not known
    -- 1 for this device and those an invitation has brought; 0 when derived from the grants document.
    root        INTEGER NOT NULL DEFAULT 1,
    PRIMARY KEY (mailbox, id)
) STRICT, WITHOUT ROWID;

-- What envelopes are sealed with, sealed itself with this device's secret, which is not in this file.
CREATE TABLE mailbox_key (
    mailbox TEXT NOT NULL REFERENCES mailbox(id),
    id      BLOB NOT NULL,
    number  INTEGER NOT NULL,
    sealed  BLOB NOT NULL,
    PRIMARY KEY (mailbox, id)
) STRICT, WITHOUT ROWID;

-- Which devices the owner's have given which key.
CREATE TABLE key_holder (
    mailbox TEXT NOT NULL,
    id      BLOB NOT NULL,
    device  TEXT NOT NULL,
    giver   TEXT NOT NULL,                  -- who says so: a device that was removed is not believed
    PRIMARY KEY (mailbox, id, device, giver)
) STRICT, WITHOUT ROWID;

CREATE TABLE invitation (
    id         TEXT PRIMARY KEY,
    mailbox    TEXT NOT NULL REFERENCES mailbox(id),
    delegate   TEXT NOT NULL,
    terms      TEXT NOT NULL,               -- JSON: level, folders, calendar, until
    proof      BLOB NOT NULL,               -- what the acceptance must show
    code       BLOB NOT NULL,               -- the hash of the code: what the words are made from
    expires    INTEGER NOT NULL,
    -- The acceptance, once it has arrived: JSON of name, device and what is compared.
    acceptance TEXT,
    confirmed  INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;

-- Invitations this person has accepted and nobody has confirmed yet. Nobody in here is believed: the roots become known
-- devices when the one that made the code has given this device a key of the mailbox.
CREATE TABLE joining (
    id         TEXT PRIMARY KEY,            -- the invitation
    mailbox    TEXT NOT NULL REFERENCES mailbox(id),
    owner_name TEXT NOT NULL,               -- as the code calls them
    maker      TEXT NOT NULL,               -- the device that made the code
    roots      BLOB NOT NULL,               -- the cards in the code, the maker's first
    compared   BLOB NOT NULL,               -- what the words are made from
    -- When the access this person had before began; null without one. Another beginning is the owner's answer.
    before     INTEGER,
    expires    INTEGER NOT NULL,            -- by the code
    -- 1 once this person has said that the owner reads the same words.
    matched    INTEGER NOT NULL DEFAULT 0,
    -- What was answered, to be said again where the mailbox begins anew.
    acceptance BLOB NOT NULL,
    -- What its maker says when they take it back, and 1 once they have.
    withdrawal BLOB NOT NULL,
    withdrawn  INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;
-- Those whose maker has been believed before this person had said so: the words are still to be compared.
CREATE TABLE uncompared (
    id       TEXT PRIMARY KEY,              -- the invitation
    mailbox  TEXT NOT NULL REFERENCES mailbox(id),
    compared BLOB NOT NULL
) STRICT, WITHOUT ROWID;
-- Invitations of which this person has said that the words differ: they are not accepted again.
CREATE TABLE rejected_code (
    id TEXT PRIMARY KEY
) STRICT, WITHOUT ROWID;
-- What the maker has sent has been passed over until now: read again from the beginning.
CREATE TRIGGER joining_begins AFTER INSERT ON joining BEGIN
    DELETE FROM guest_entry WHERE mailbox = new.mailbox AND device = new.maker;
    INSERT INTO reading (mailbox, cursor, beginnings, readable) VALUES (new.mailbox, '', 1, 0)
    ON CONFLICT (mailbox) DO UPDATE SET cursor = '', beginnings = beginnings + 1;
END;

-- Relay entries of devices that are not known here, looked at and kept nowhere, by name: not read twice until they are.
CREATE TABLE guest_entry (
    mailbox TEXT NOT NULL,
    device  TEXT NOT NULL,
    name    TEXT NOT NULL,
    PRIMARY KEY (mailbox, device, name)
) STRICT, WITHOUT ROWID;

-- A document of many changes, packed. Those made since, of most documents all of them, lie in `operation`.
CREATE TABLE document (
    mailbox TEXT NOT NULL,
    id      TEXT NOT NULL,
    -- Up to which number of `operation` its operations are in here.
    through INTEGER NOT NULL,
    -- How many changes are in here.
    changes INTEGER NOT NULL,
    bytes   BLOB NOT NULL,
    PRIMARY KEY (mailbox, id)
) STRICT, WITHOUT ROWID;

-- What somebody did: the durable click. Sealed into an envelope by the next cycle.
CREATE TABLE operation (
    number    INTEGER PRIMARY KEY,
    id        TEXT NOT NULL UNIQUE,         -- a hash of all of it, see replica::Operation::id
    mailbox   TEXT NOT NULL,
    document  TEXT NOT NULL,
    device    TEXT NOT NULL,
    person    TEXT NOT NULL,
    action    TEXT NOT NULL,                -- JSON
    at        INTEGER NOT NULL,
    batch     TEXT NOT NULL DEFAULT '',     -- what was done in one go has one undo
    cause     TEXT NOT NULL DEFAULT '',     -- the operation it undoes, does again or accepts
    heads     BLOB NOT NULL,                -- the ids of what stood last in the document, 16 bytes each
    -- Where it stands in its device's chain; null until sealed: then it is of this device.
    branch    INTEGER,
    seq       INTEGER,
    change    BLOB NOT NULL                 -- the Automerge change; empty when its document was packed after it was sealed
) STRICT;
-- Ends with the number, as every index does. Holds what a status asks of an item, so that no operation is read for it.
CREATE INDEX operation_by_document ON operation (document, device, branch, seq);
CREATE INDEX operation_by_person ON operation (person);
CREATE INDEX operation_by_batch ON operation (batch) WHERE batch <> '';
CREATE INDEX operation_by_cause ON operation (cause, number) WHERE cause <> '';
CREATE INDEX operation_accepts ON operation (mailbox, cause) WHERE action = '"Accept"';
-- What is not sealed yet, in order.
CREATE INDEX operation_unsealed ON operation (mailbox) WHERE seq IS NULL;

CREATE TABLE envelope (
    hash    TEXT PRIMARY KEY,
    mailbox TEXT NOT NULL,
    device  TEXT NOT NULL,
    seq     INTEGER NOT NULL,
    prev    TEXT NOT NULL,                  -- the envelope it follows; zeros for the first
    -- A chain forks where an old copy of a disk went on; counted here as they arrive, 0 until merged.
    branch  INTEGER NOT NULL DEFAULT 0,
    -- The epoch it was sealed in, and the mailbox key that opens it; null when it needs none.
    epoch   INTEGER NOT NULL DEFAULT 0,
    key     BLOB,
    bytes   BLOB NOT NULL,
    -- 0 while it waits in this device's outbox.
    sent    INTEGER NOT NULL,
    -- 0 while its chain has a hole before it, or its key is not here.
    merged  INTEGER NOT NULL,
    -- How many operations it carries; 0 until merged.
    operations INTEGER NOT NULL DEFAULT 0,
    -- When it was merged here; an author's clock proves nothing.
    received INTEGER,
    -- The operation it builds on that is not here yet.
    waits   TEXT,
    -- How often merging it has failed, and why it was set aside: a code; null while it was not.
    failed  INTEGER NOT NULL DEFAULT 0,
    aside   TEXT,
    -- Why all of its operations were refused; null when they were not, or not all for one reason.
    refused TEXT,
    UNIQUE (mailbox, device, seq, hash)
) STRICT, WITHOUT ROWID;
CREATE INDEX envelope_outbox ON envelope (mailbox, seq) WHERE sent = 0;
CREATE INDEX envelope_chain ON envelope (mailbox, device, branch, seq, hash) WHERE merged = 1;
CREATE INDEX envelope_waiting ON envelope (mailbox, device, seq) WHERE merged = 0;
CREATE INDEX envelope_refused ON envelope (mailbox, device, branch, seq) WHERE refused IS NOT NULL;

-- How much a device has sent on a day, by this replica's clock: more than an honest one ever does waits for the next.
CREATE TABLE intake (
    mailbox  TEXT NOT NULL,
    device   TEXT NOT NULL,
    day      INTEGER NOT NULL,              -- since 1970
    bytes    INTEGER NOT NULL,              -- unpacked
    branches INTEGER NOT NULL,              -- how often its chain has forked
    PRIMARY KEY (mailbox, device)
) STRICT, WITHOUT ROWID;

-- The newest receipt of every device, its own included.
CREATE TABLE receipt (
    mailbox TEXT NOT NULL,
    device  TEXT NOT NULL,
    number  INTEGER NOT NULL,
    seen    TEXT NOT NULL,                  -- JSON: device -> the tips of its chain up to which everything is held
    missing TEXT NOT NULL DEFAULT '[]',     -- JSON: device and envelope, what it has heard of and does not hold
    refused BLOB NOT NULL,                  -- what it has not applied, as it travels
    -- Up to which number of `operation` its word has been followed here.
    followed INTEGER NOT NULL DEFAULT 0,
    bytes   BLOB NOT NULL,
    sent    INTEGER NOT NULL,
    -- 1 when what it misses has been offered again from here.
    offered INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (mailbox, device)
) STRICT, WITHOUT ROWID;

-- Relay entries of no use, by all that names them: not read twice. Only what is false by its own content, or an older
-- receipt; never because of where it lay. Forgotten when a receipt names it.
CREATE TABLE relay_seen (
    mailbox TEXT NOT NULL,
    device  TEXT NOT NULL,
    kind    TEXT NOT NULL,                  -- envelope, receipt
    hash    TEXT NOT NULL,
    PRIMARY KEY (mailbox, device, kind, hash)
) STRICT, WITHOUT ROWID;

-- How far the relay has been read, in the relay's own words; no row: not at all.
CREATE TABLE reading (
    mailbox    TEXT PRIMARY KEY,
    cursor     TEXT NOT NULL,
    -- How often it was put back to the beginning: who read meanwhile must not put it forward again.
    beginnings INTEGER NOT NULL,
    -- What the release that read could understand: one that understands more begins again.
    readable   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- What a device wrote before it was known here has been passed over: read again from the beginning, and nothing is held
-- against it.
CREATE TRIGGER device_known AFTER INSERT ON device BEGIN
    DELETE FROM guest_entry WHERE mailbox = new.mailbox AND device = new.id;
    INSERT INTO reading (mailbox, cursor, beginnings, readable) VALUES (new.mailbox, '', 1, 0)
    ON CONFLICT (mailbox) DO UPDATE SET cursor = '', beginnings = beginnings + 1;
    DELETE FROM relay_seen WHERE mailbox = new.mailbox AND device = new.id;
END;

CREATE TABLE quarantine (
    id       TEXT PRIMARY KEY,              -- the operation's id
    mailbox  TEXT NOT NULL,
    author   TEXT NOT NULL,
    device   TEXT NOT NULL,
    document TEXT NOT NULL,
    reason   TEXT NOT NULL,                 -- a code
    made     INTEGER NOT NULL,              -- by the author's clock
    at       INTEGER NOT NULL,              -- by ours
    -- 0 when it is no change Behalf would make: in no document, and never to be accepted.
    sound    INTEGER NOT NULL,
    -- 1 once the owner has said that it stays as it is: listed no more.
    discarded INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;
CREATE INDEX quarantine_open ON quarantine (mailbox, device) WHERE discarded = 0;

-- The names of all operations that are none of ours, listed or not: what builds on them is none either.
CREATE TABLE unsound (
    mailbox   TEXT NOT NULL,
    operation TEXT NOT NULL,
    PRIMARY KEY (mailbox, operation)
) STRICT, WITHOUT ROWID;

-- How many more of a device's operations were not applied than are listed one by one.
CREATE TABLE not_listed (
    mailbox    TEXT NOT NULL,
    device     TEXT NOT NULL,
    operations INTEGER NOT NULL,
    -- How many of them the owner has been told of and has said that they stay as they are.
    discarded  INTEGER NOT NULL DEFAULT 0,
    at         INTEGER NOT NULL,
    PRIMARY KEY (mailbox, device)
) STRICT, WITHOUT ROWID;

-- The owner's word (A-07): operations that are in their document and do not count. On the owner's replica it goes
-- with the quarantine, elsewhere it is derived from the owner's receipts.
CREATE TABLE refusal (
    mailbox   TEXT NOT NULL,
    operation TEXT NOT NULL,
    reason    TEXT NOT NULL,                -- a code
    -- 1 when the owner has accepted it since, by a decision of their own.
    accepted  INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (mailbox, operation)
) STRICT, WITHOUT ROWID;

-- What was asked for here and refused before it became an operation (K-01). Each entry names the one before by its
-- hash and is signed by this device; entries are only added.
CREATE TABLE attempt (
    number    INTEGER PRIMARY KEY,
    entry     TEXT NOT NULL,                -- JSON
    hash      BLOB NOT NULL,
    signature BLOB NOT NULL
) STRICT;
-- Up to which of them the owner of a mailbox has been told.
CREATE TABLE attempt_told (
    mailbox TEXT PRIMARY KEY,
    number  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
-- What delegates' devices have told of theirs.
CREATE TABLE told_attempt (
    number   INTEGER PRIMARY KEY,
    mailbox  TEXT NOT NULL,
    device   TEXT NOT NULL,
    entry    TEXT NOT NULL,                 -- JSON
    received INTEGER NOT NULL
) STRICT;
CREATE INDEX told_attempt_by_device ON told_attempt (mailbox, device);
CREATE TRIGGER attempt_stays BEFORE UPDATE ON attempt BEGIN SELECT raise(ABORT, 'attempts are only added'); END;
CREATE TRIGGER attempt_is_kept BEFORE DELETE ON attempt BEGIN SELECT raise(ABORT, 'attempts are only added'); END;

-- Derived from the mailbox's grant document.
CREATE TABLE access_grant (
    mailbox       TEXT NOT NULL REFERENCES mailbox(id),
    delegate      TEXT NOT NULL,
    delegate_name TEXT NOT NULL DEFAULT '',
    level         TEXT NOT NULL,
    folders       TEXT NOT NULL DEFAULT '[]', -- JSON array; empty means every folder
    calendar      INTEGER NOT NULL DEFAULT 1,
    starts        INTEGER NOT NULL,
    ends          INTEGER,
    revoked       INTEGER NOT NULL DEFAULT 0,
    -- 1 while its dates do not allow it: noted in each cycle.
    over          INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (mailbox, delegate)
) STRICT, WITHOUT ROWID;
