-- What is told of invitations, and of refusals that are missing.

-- What the owner should know of invitations made here, beside their acceptance: who gave one back, who accepted one that
-- somebody else had accepted before. Part of the log, and shown until the owner has put it aside.
CREATE TABLE invitation_news (
    number     INTEGER PRIMARY KEY,
    mailbox    TEXT NOT NULL REFERENCES mailbox(id),
    invitation TEXT NOT NULL,
    delegate   TEXT NOT NULL,               -- whom it was for
    kind       TEXT NOT NULL,               -- given_back, differs, accepted_again
    device     TEXT NOT NULL,               -- whose word it is
    name       TEXT NOT NULL,               -- what its person is called, as far as is known
    at         INTEGER NOT NULL,
    done       INTEGER NOT NULL DEFAULT 0,
    UNIQUE (invitation, kind, device)
) STRICT;

-- 1 once the one who has accepted it has said that the words match: until then the owner can look them up.
ALTER TABLE invitation ADD COLUMN matched INTEGER NOT NULL DEFAULT 0;

-- What is said of an invitation whose words are found to differ after it was confirmed.
ALTER TABLE uncompared ADD COLUMN withdrawal BLOB NOT NULL DEFAULT x'';

-- This device's signature over the last of its refusals, or over there being none: a list that was cut off shows.
CREATE TABLE attempt_last (
    one       INTEGER PRIMARY KEY CHECK (one = 1),
    signature BLOB NOT NULL
) STRICT;
