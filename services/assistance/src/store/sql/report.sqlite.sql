-- reports read claims page by page, by place and month and then by person: rows are numbered in the order in which they were added,
-- so that all pages are of one state
CREATE TABLE new_claim_fact (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    claim_id TEXT NOT NULL,
    revision BIGINT NOT NULL CHECK (revision >= 0),
    reversed BIGINT NOT NULL CHECK (reversed IN (0, 1)),
    person_id TEXT NOT NULL REFERENCES person (person_id),
    year BIGINT NOT NULL,
    division TEXT NOT NULL,
    entry TEXT,
    cause TEXT NOT NULL,
    institution TEXT NOT NULL,
    rules_date TEXT NOT NULL,
    settled_date TEXT NOT NULL,
    settled_month TEXT NOT NULL GENERATED ALWAYS AS (substr(settled_date, 1, 7)) STORED,
    care TEXT NOT NULL,
    scheme TEXT NOT NULL,
    category TEXT NOT NULL,
    categories TEXT NOT NULL,
    categories_handed_in BIGINT NOT NULL CHECK (categories_handed_in IN (0, 1)),
    third_system TEXT NOT NULL,
    total_fen BIGINT NOT NULL CHECK (total_fen >= 0),
    within_scope_fen BIGINT NOT NULL CHECK (within_scope_fen >= 0),
    fund_fen BIGINT NOT NULL CHECK (fund_fen >= 0),
    cash_fen BIGINT NOT NULL CHECK (cash_fen >= 0),
    payers TEXT NOT NULL,
    short TEXT NOT NULL,
    change_id TEXT NOT NULL,
    UNIQUE (claim_id, revision, reversed)
);
INSERT INTO new_claim_fact (claim_id, revision, reversed, person_id, year, division, entry, cause, institution, rules_date,
    settled_date, care, scheme, category, categories, categories_handed_in, third_system, total_fen, within_scope_fen, fund_fen,
    cash_fen, payers, short, change_id)
SELECT claim_id, revision, reversed, person_id, year, division, entry, cause, institution, rules_date, settled_date, care, scheme,
    category, categories, categories_handed_in, third_system, total_fen, within_scope_fen, fund_fen, cash_fen, payers, short, change_id
FROM claim_fact ORDER BY rowid;
DROP TABLE claim_fact;
ALTER TABLE new_claim_fact RENAME TO claim_fact;
CREATE INDEX claim_fact_person ON claim_fact (person_id, year);
CREATE INDEX claim_fact_person_claim ON claim_fact (person_id, claim_id, number);
CREATE INDEX claim_fact_place ON claim_fact (division, settled_month, person_id, claim_id, number);
CREATE TRIGGER claim_fact_no_update BEFORE UPDATE ON claim_fact BEGIN
    SELECT RAISE(ABORT, 'facts are only added');
END;
CREATE TRIGGER claim_fact_no_delete BEFORE DELETE ON claim_fact BEGIN
    SELECT RAISE(ABORT, 'facts are only added');
END;
