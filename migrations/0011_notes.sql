-- Notes on a row's timeline (J-06), and what its records say (J-03). All of it is derived from the documents.

-- What an item says, title and body in lower case, so that a search in a timeline opens no document. A note's is kept
-- with the note; anything else's is read when it is first searched: a click is not to write the mail's text once more.
-- In a table of its own, so that the rows of `item` stay short.
CREATE TABLE item_text (
    item INTEGER PRIMARY KEY,               -- item.number
    text TEXT NOT NULL
) STRICT;

-- How many texts a note was given at the same time (H-06).
ALTER TABLE item ADD COLUMN texts INTEGER NOT NULL DEFAULT 1;
