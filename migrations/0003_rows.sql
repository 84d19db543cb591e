-- CRM rows as imported.

CREATE TABLE crm_table (
    name        TEXT PRIMARY KEY,           -- logical name, as in account
    label       TEXT NOT NULL,
    plural      TEXT NOT NULL,
    activities  INTEGER NOT NULL,           -- may be set as regarding
    timeline    INTEGER NOT NULL,           -- shows its activities
    name_column TEXT NOT NULL,              -- the primary column
    card        TEXT NOT NULL,              -- JSON array: the first three columns of the row card
    quick_find  TEXT NOT NULL,              -- JSON array: columns that search looks at
    addresses   TEXT NOT NULL               -- JSON array: columns that hold e-mail addresses, in order of weight
) STRICT, WITHOUT ROWID;

CREATE TABLE crm_row (
    number     INTEGER PRIMARY KEY,         -- what the search index calls this row; never given again
    table_name TEXT NOT NULL REFERENCES crm_table(name),
    id         TEXT NOT NULL,
    name       TEXT NOT NULL,
    owner      TEXT NOT NULL DEFAULT '',    -- address of the user who owns the row
    active     INTEGER NOT NULL DEFAULT 1,
    appendable INTEGER NOT NULL DEFAULT 1,  -- A-05
    deleted    INTEGER NOT NULL DEFAULT 0,
    created    INTEGER NOT NULL DEFAULT 0,  -- 0 while unknown
    columns    TEXT NOT NULL,               -- JSON object, column -> text
    changed    INTEGER NOT NULL,            -- counts up over all rows: what the search index has not seen yet
    UNIQUE (table_name, id)
) STRICT;
CREATE UNIQUE INDEX crm_row_changed ON crm_row (changed);
-- From a contact to its account and on to the account's opportunities (D-07); exports name them by key or by name.
CREATE INDEX crm_row_account ON crm_row (name COLLATE NOCASE) WHERE table_name = 'account';
CREATE INDEX crm_row_opportunity ON crm_row (json_extract(columns, '$.customerid') COLLATE NOCASE)
    WHERE table_name = 'opportunity';

-- Derived from crm_row: which rows an address may mean (I-05).
CREATE TABLE row_address (
    address    TEXT NOT NULL,
    table_name TEXT NOT NULL,
    row_id     TEXT NOT NULL,
    PRIMARY KEY (address, table_name, row_id)
) STRICT, WITHOUT ROWID;

-- What this person chose lately and keeps at hand (D-02).
CREATE TABLE row_use (
    table_name TEXT NOT NULL,
    row_id     TEXT NOT NULL,
    used       INTEGER NOT NULL,
    times      INTEGER NOT NULL,
    favourite  INTEGER NOT NULL DEFAULT 0,
    changed    INTEGER NOT NULL,            -- counts up: what the search has not seen yet
    PRIMARY KEY (table_name, row_id)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX row_use_changed ON row_use (changed);

INSERT INTO crm_table (name, label, plural, activities, timeline, name_column, card, quick_find, addresses) VALUES
 ('account', 'Account', 'Accounts', 1, 1, 'name', '["address1_city","telephone1","emailaddress1"]',
  '["name","accountnumber","telephone1","emailaddress1","address1_city"]', '["emailaddress1","emailaddress2","emailaddress3"]'),
 ('contact', 'Contact', 'Contacts', 1, 1, 'fullname', '["jobtitle","parentcustomerid","emailaddress1"]',
  '["fullname","parentcustomerid","telephone1","mobilephone","emailaddress1","address1_city"]', '["emailaddress1","emailaddress2","emailaddress3"]'),
 ('lead', 'Lead', 'Leads', 1, 1, 'fullname', '["companyname","telephone1","emailaddress1"]',
  '["fullname","companyname","telephone1","emailaddress1","address1_city"]', '["emailaddress1","emailaddress2"]'),
 ('opportunity', 'Opportunity', 'Opportunities', 1, 1, 'name', '["customerid","estimatedvalue","estimatedclosedate"]',
  '["name","customerid"]', '["emailaddress"]'),
 ('incident', 'Case', 'Cases', 1, 1, 'title', '["ticketnumber","customerid","prioritycode"]',
  '["title","ticketnumber","customerid"]', '["emailaddress"]'),
 ('systemuser', 'User', 'Users', 0, 0, 'fullname', '["title","internalemailaddress","businessunitid"]',
  '["fullname","internalemailaddress"]', '["internalemailaddress"]'),
 ('team', 'Team', 'Teams', 0, 0, 'name', '["emailaddress","businessunitid","description"]',
  '["name","emailaddress"]', '["emailaddress"]'),
 ('equipment', 'Facility/Equipment', 'Facilities/Equipment', 0, 0, 'name', '["emailaddress","businessunitid","description"]',
  '["name","emailaddress"]', '["emailaddress"]'),
 ('businessunit', 'Business unit', 'Business units', 0, 0, 'name', '["emailaddress","websiteurl","description"]',
  '["name","emailaddress"]', '["emailaddress"]');
