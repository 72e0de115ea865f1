-- one row for each call that changed something: what was asked, field by field as hashes, and what was answered
CREATE TABLE idempotency (
    caller TEXT NOT NULL,
    key TEXT NOT NULL,
    fields TEXT NOT NULL,
    answer BLOB,
    PRIMARY KEY (caller, key)
) WITHOUT ROWID;
