-- A device that does not count any more: it is given no keys, and what it sends afterwards is not applied. Known for
-- good, for what it sent before stays.
ALTER TABLE device ADD COLUMN removed INTEGER NOT NULL DEFAULT 0;
-- Which device gave a key; a removed one's opens what was sealed with it, and seals nothing any more.
ALTER TABLE mailbox_key ADD COLUMN giver TEXT NOT NULL DEFAULT '';
