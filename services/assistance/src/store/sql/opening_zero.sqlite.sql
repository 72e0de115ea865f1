-- a start that is corrected may say that a payer paid nothing before
CREATE TABLE new_opening_share (
    change_id TEXT NOT NULL,
    person_id TEXT NOT NULL,
    year BIGINT NOT NULL,
    payer TEXT NOT NULL,
    amount_fen BIGINT NOT NULL CHECK (amount_fen >= 0),
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
