-- Views: what this person filters rows by, under a name (D-04).
CREATE TABLE row_view (
    name   TEXT PRIMARY KEY COLLATE NOCASE,
    filter TEXT NOT NULL                    -- JSON: tables, conditions, only_mine, only_enabled
) STRICT, WITHOUT ROWID;
