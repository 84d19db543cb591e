-- Contacts of a mailbox (group G): the cards as they were imported, and the rows that tracked ones have become.

CREATE TABLE contact_card (
    id       INTEGER PRIMARY KEY,
    mailbox  TEXT NOT NULL REFERENCES mailbox(id),
    item     TEXT NOT NULL,                 -- ItemId
    key      TEXT NOT NULL,                 -- UID, or one made from the content
    name     TEXT NOT NULL,                 -- the full name
    address  TEXT NOT NULL,                 -- the preferred address, '' when there is none
    detail   TEXT NOT NULL,                 -- job title and company, as the list shows them
    private  INTEGER NOT NULL,
    modified INTEGER NOT NULL,              -- REV, 0 when there is none
    vcard    BLOB NOT NULL,                 -- the card as it came
    UNIQUE (mailbox, key)
) STRICT;
CREATE INDEX contact_card_by_name ON contact_card (mailbox, name COLLATE NOCASE, id);
CREATE INDEX contact_card_by_item ON contact_card (item);

-- The row of table contact that a tracked contact is; null for everything else, and while it is none.
ALTER TABLE item ADD COLUMN row_id TEXT;
CREATE INDEX item_by_row ON item (row_id) WHERE row_id IS NOT NULL;

-- The item a row was made from; null for a row that came with an import of rows.
ALTER TABLE crm_row ADD COLUMN item TEXT;
-- What parentcustomerid said before a tracked contact was linked to an account, '' for nothing; null while none is.
ALTER TABLE crm_row ADD COLUMN unlinked TEXT;
