-- Which tracked mail a mail answers (E-08). The marks and answers are derived from the documents.

-- By what a tracked mail is found again beside its Message-ID: its tracking token, its conversation.
CREATE TABLE item_mark (
    mailbox TEXT NOT NULL,
    mark    TEXT NOT NULL,
    item    TEXT NOT NULL,
    whole   TEXT NOT NULL,                  -- the whole conversation index, hexadecimal
    PRIMARY KEY (mailbox, mark, item)
) STRICT, WITHOUT ROWID;

-- Items that were tracked because of what they answer.
CREATE TABLE item_answers (
    item    TEXT PRIMARY KEY,
    answers TEXT NOT NULL                   -- JSON: method, key
) STRICT, WITHOUT ROWID;

-- Up to which message the replies of a mailbox have been looked at. An import that was killed is gone on with.
CREATE TABLE replies_seen (
    mailbox TEXT PRIMARY KEY,
    message INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
