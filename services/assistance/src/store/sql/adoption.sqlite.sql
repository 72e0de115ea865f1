-- what stood before this service was connected comes without a Change: the id is then that of the adoption, and names no row of
-- the table of Changes
CREATE TABLE new_claim_fact (
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
    PRIMARY KEY (claim_id, revision, reversed)
);
INSERT INTO new_claim_fact SELECT * FROM claim_fact;
DROP TABLE claim_fact;
ALTER TABLE new_claim_fact RENAME TO claim_fact;
CREATE INDEX claim_fact_person ON claim_fact (person_id, year);
CREATE TRIGGER claim_fact_no_update BEFORE UPDATE ON claim_fact BEGIN
    SELECT RAISE(ABORT, 'facts are only added');
END;
CREATE TRIGGER claim_fact_no_delete BEFORE DELETE ON claim_fact BEGIN
    SELECT RAISE(ABORT, 'facts are only added');
END;
CREATE TABLE new_claim_share (
    claim_id TEXT NOT NULL,
    revision BIGINT NOT NULL,
    payer TEXT NOT NULL,
    amount_fen BIGINT NOT NULL CHECK (amount_fen > 0),
    change_id TEXT NOT NULL,
    PRIMARY KEY (claim_id, revision, payer)
);
INSERT INTO new_claim_share SELECT * FROM claim_share;
DROP TABLE claim_share;
ALTER TABLE new_claim_share RENAME TO claim_share;
CREATE TRIGGER claim_share_no_update BEFORE UPDATE ON claim_share BEGIN
    SELECT RAISE(ABORT, 'facts are only added');
END;
CREATE TRIGGER claim_share_no_delete BEFORE DELETE ON claim_share BEGIN
    SELECT RAISE(ABORT, 'facts are only added');
END;
CREATE TABLE new_opening_share (
    change_id TEXT NOT NULL,
    person_id TEXT NOT NULL,
    year BIGINT NOT NULL,
    payer TEXT NOT NULL,
    amount_fen BIGINT NOT NULL CHECK (amount_fen > 0),
    PRIMARY KEY (change_id, person_id, year, payer)
);
INSERT INTO new_opening_share SELECT * FROM opening_share;
DROP TABLE opening_share;
ALTER TABLE new_opening_share RENAME TO opening_share;
CREATE INDEX opening_share_person ON opening_share (person_id);
CREATE TRIGGER opening_share_no_update BEFORE UPDATE ON opening_share BEGIN
    SELECT RAISE(ABORT, 'facts are only added');
END;
CREATE TRIGGER opening_share_no_delete BEFORE DELETE ON opening_share BEGIN
    SELECT RAISE(ABORT, 'facts are only added');
END;
-- adoptions, by the caller's key
CREATE TABLE adoption (
    idempotency_key TEXT PRIMARY KEY,
    adoption_id TEXT NOT NULL UNIQUE,
    begun_at BIGINT NOT NULL,
    answer BLOB,
    ended_at BIGINT,
    CHECK ((answer IS NULL) = (ended_at IS NULL))
);
-- people who had more than the limit of a year, which was raised to what they have
CREATE TABLE adoption_over (
    adoption_id TEXT NOT NULL REFERENCES adoption (adoption_id),
    person_id TEXT NOT NULL REFERENCES person (person_id),
    year BIGINT NOT NULL,
    payer TEXT NOT NULL,
    limit_fen BIGINT NOT NULL CHECK (limit_fen >= 0),
    used_fen BIGINT NOT NULL CHECK (used_fen > limit_fen),
    PRIMARY KEY (adoption_id, person_id, year, payer)
);
CREATE TRIGGER adoption_no_delete BEFORE DELETE ON adoption BEGIN
    SELECT RAISE(ABORT, 'adoptions are never removed');
END;
CREATE TRIGGER adoption_over_no_update BEFORE UPDATE ON adoption_over BEGIN
    SELECT RAISE(ABORT, 'facts are only added');
END;
CREATE TRIGGER adoption_over_no_delete BEFORE DELETE ON adoption_over BEGIN
    SELECT RAISE(ABORT, 'facts are only added');
END;
