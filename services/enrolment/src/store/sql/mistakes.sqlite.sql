-- what was a mistake never was: the credits that are taken back, how much of each was still there, and that settlement took it
CREATE TABLE account_credit_return (
    credit_id TEXT PRIMARY KEY REFERENCES account_credit (credit_id),
    recorded_at BIGINT NOT NULL
) WITHOUT ROWID;
CREATE TABLE account_credit_taken (
    credit_id TEXT PRIMARY KEY REFERENCES account_credit_return (credit_id),
    amount_fen BIGINT NOT NULL CHECK (amount_fen >= 0),
    recorded_at BIGINT NOT NULL
) WITHOUT ROWID;
CREATE TABLE account_credit_taken_delivery (
    credit_id TEXT PRIMARY KEY REFERENCES account_credit_taken (credit_id),
    recorded_at BIGINT NOT NULL
) WITHOUT ROWID;
CREATE INDEX account_credit_enrolment ON account_credit (enrolment_id);
-- paid, and nobody knows the employer's premium
ALTER TABLE enrolment ADD COLUMN employer_unknown BIGINT NOT NULL DEFAULT 0 CHECK (employer_unknown IN (0, 1));
-- what each row of an import said, by its hash: sent again with other content it is refused
CREATE TABLE import_row (
    import_id TEXT NOT NULL REFERENCES import (import_id),
    row_number BIGINT NOT NULL CHECK (row_number > 0),
    hash TEXT NOT NULL,
    PRIMARY KEY (import_id, row_number)
) WITHOUT ROWID;
-- certificates and receipts however they are written: small letters and digits alone
CREATE TABLE certificate (
    key TEXT NOT NULL CHECK (key <> ''),
    inward BIGINT NOT NULL CHECK (inward IN (0, 1)),
    transfer_id TEXT NOT NULL REFERENCES transfer (transfer_id),
    PRIMARY KEY (key, inward)
) WITHOUT ROWID;
INSERT INTO certificate (key, inward, transfer_id)
    SELECT lower(replace(certificate_id, '-', '')), inward, transfer_id FROM transfer
    WHERE replace(certificate_id, '-', '') <> '' ON CONFLICT DO NOTHING;
INSERT INTO receipt (receipt, enrolment_id)
    SELECT lower(replace(receipt, ' ', '')), enrolment_id FROM receipt WHERE true ON CONFLICT DO NOTHING;
CREATE TRIGGER account_credit_return_no_update BEFORE UPDATE ON account_credit_return BEGIN
    SELECT RAISE(ABORT, 'facts are only added');
END;
CREATE TRIGGER account_credit_return_no_delete BEFORE DELETE ON account_credit_return BEGIN
    SELECT RAISE(ABORT, 'facts are only added');
END;
CREATE TRIGGER account_credit_taken_no_update BEFORE UPDATE ON account_credit_taken BEGIN
    SELECT RAISE(ABORT, 'facts are only added');
END;
CREATE TRIGGER account_credit_taken_no_delete BEFORE DELETE ON account_credit_taken BEGIN
    SELECT RAISE(ABORT, 'facts are only added');
END;
CREATE TRIGGER account_credit_taken_delivery_no_update BEFORE UPDATE ON account_credit_taken_delivery BEGIN
    SELECT RAISE(ABORT, 'facts are only added');
END;
CREATE TRIGGER account_credit_taken_delivery_no_delete BEFORE DELETE ON account_credit_taken_delivery BEGIN
    SELECT RAISE(ABORT, 'facts are only added');
END;
CREATE TRIGGER import_row_no_update BEFORE UPDATE ON import_row BEGIN
    SELECT RAISE(ABORT, 'facts are only added');
END;
CREATE TRIGGER import_row_no_delete BEFORE DELETE ON import_row BEGIN
    SELECT RAISE(ABORT, 'facts are only added');
END;
CREATE TRIGGER certificate_no_update BEFORE UPDATE ON certificate BEGIN
    SELECT RAISE(ABORT, 'facts are only added');
END;
CREATE TRIGGER certificate_no_delete BEFORE DELETE ON certificate BEGIN
    SELECT RAISE(ABORT, 'facts are only added');
END;
