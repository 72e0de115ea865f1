-- whom a change locks; and who has a document now, by its hash: the number itself stands in identity alone
CREATE TABLE person (
    person_id TEXT PRIMARY KEY CHECK (person_id <> ''),
    turn BIGINT NOT NULL
) WITHOUT ROWID;
CREATE TABLE document (
    hash TEXT PRIMARY KEY,
    person_id TEXT NOT NULL REFERENCES person (person_id)
) WITHOUT ROWID;
-- who people are, each version with the moment at which it was recorded. The only table that holds names and numbers.
CREATE TABLE identity (
    person_id TEXT NOT NULL REFERENCES person (person_id),
    version BIGINT NOT NULL CHECK (version > 0),
    name TEXT NOT NULL,
    document_type TEXT NOT NULL,
    document_number TEXT NOT NULL,
    born TEXT NOT NULL,
    sex TEXT NOT NULL,
    phone TEXT NOT NULL,
    died TEXT,
    operator_id TEXT NOT NULL,
    reason TEXT NOT NULL,
    recorded_at BIGINT NOT NULL,
    PRIMARY KEY (person_id, version)
);
CREATE TABLE household (
    household_id TEXT PRIMARY KEY,
    division TEXT NOT NULL,
    import_id TEXT,
    reference TEXT,
    recorded_at BIGINT NOT NULL,
    UNIQUE (import_id, reference)
);
CREATE TABLE membership (
    membership_id TEXT NOT NULL,
    version BIGINT NOT NULL CHECK (version > 0),
    household_id TEXT NOT NULL REFERENCES household (household_id),
    person_id TEXT NOT NULL REFERENCES person (person_id),
    relation TEXT NOT NULL,
    from_date TEXT NOT NULL,
    to_date TEXT,
    recorded_at BIGINT NOT NULL,
    PRIMARY KEY (membership_id, version)
);
CREATE INDEX membership_person ON membership (person_id);
CREATE INDEX membership_household ON membership (household_id);
CREATE TABLE qualification (
    qualification_id TEXT NOT NULL,
    version BIGINT NOT NULL CHECK (version > 0),
    person_id TEXT NOT NULL REFERENCES person (person_id),
    kind TEXT NOT NULL CHECK (kind IN ('disease', 'plan')),
    name TEXT NOT NULL,
    from_date TEXT NOT NULL,
    to_date TEXT,
    evidence TEXT NOT NULL,
    operator_id TEXT NOT NULL,
    reason TEXT NOT NULL,
    recorded_at BIGINT NOT NULL,
    PRIMARY KEY (qualification_id, version)
);
CREATE INDEX qualification_person ON qualification (person_id);
-- what contributions and coverages rest on, each content once, by its hash
CREATE TABLE basis (
    hash TEXT PRIMARY KEY,
    body TEXT NOT NULL
) WITHOUT ROWID;
-- enrolments, each version whole; the columns are what is searched by, the body says the rest
CREATE TABLE enrolment (
    enrolment_id TEXT NOT NULL,
    version BIGINT NOT NULL CHECK (version > 0),
    person_id TEXT NOT NULL REFERENCES person (person_id),
    division TEXT NOT NULL,
    scheme TEXT NOT NULL,
    cover_year BIGINT NOT NULL,
    state TEXT NOT NULL,
    category TEXT NOT NULL,
    first_date TEXT NOT NULL,
    last_date TEXT NOT NULL,
    paid BIGINT NOT NULL CHECK (paid IN (0, 1)),
    credit_fen BIGINT NOT NULL CHECK (credit_fen >= 0),
    contribution TEXT NOT NULL REFERENCES basis (hash),
    coverage TEXT REFERENCES basis (hash),
    body TEXT NOT NULL,
    recorded_at BIGINT NOT NULL,
    PRIMARY KEY (enrolment_id, version)
);
CREATE INDEX enrolment_person ON enrolment (person_id);
CREATE INDEX enrolment_place ON enrolment (division, scheme, cover_year);
CREATE TABLE receipt (
    receipt TEXT PRIMARY KEY,
    enrolment_id TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE account_credit (
    credit_id TEXT PRIMARY KEY,
    person_id TEXT NOT NULL REFERENCES person (person_id),
    enrolment_id TEXT NOT NULL,
    cover_year BIGINT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('credit', 'brought_in')),
    amount_fen BIGINT NOT NULL CHECK (amount_fen > 0),
    recorded_at BIGINT NOT NULL
);
CREATE INDEX account_credit_person ON account_credit (person_id);
CREATE TABLE account_credit_delivery (
    credit_id TEXT PRIMARY KEY REFERENCES account_credit (credit_id),
    recorded_at BIGINT NOT NULL
) WITHOUT ROWID;
CREATE TABLE transfer (
    transfer_id TEXT PRIMARY KEY,
    inward BIGINT NOT NULL CHECK (inward IN (0, 1)),
    certificate_id TEXT NOT NULL,
    person_id TEXT NOT NULL REFERENCES person (person_id),
    enrolment_id TEXT NOT NULL,
    -- outward: whether an account's balance is taken along
    account BIGINT NOT NULL CHECK (account IN (0, 1)),
    credit_id TEXT,
    certificate TEXT NOT NULL,
    recorded_at BIGINT NOT NULL,
    UNIQUE (certificate_id, inward)
);
-- the balance an outward transfer takes along: what is to be taken, and that it was
CREATE TABLE transfer_balance (
    transfer_id TEXT PRIMARY KEY REFERENCES transfer (transfer_id),
    amount_fen BIGINT NOT NULL CHECK (amount_fen >= 0),
    recorded_at BIGINT NOT NULL
) WITHOUT ROWID;
CREATE TABLE transfer_taken (
    transfer_id TEXT PRIMARY KEY REFERENCES transfer (transfer_id),
    recorded_at BIGINT NOT NULL
) WITHOUT ROWID;
CREATE TABLE duplicate (
    duplicate_id TEXT PRIMARY KEY,
    person_id TEXT NOT NULL REFERENCES person (person_id),
    enrolments TEXT NOT NULL,
    standing TEXT NOT NULL,
    recorded_at BIGINT NOT NULL
);
CREATE INDEX duplicate_person ON duplicate (person_id);
CREATE TABLE duplicate_resolution (
    duplicate_id TEXT PRIMARY KEY REFERENCES duplicate (duplicate_id),
    kept TEXT NOT NULL,
    reason TEXT NOT NULL,
    operator_id TEXT NOT NULL,
    recorded_at BIGINT NOT NULL
) WITHOUT ROWID;
-- how far an import is: no fact, so it is moved on in place
CREATE TABLE import (
    import_id TEXT PRIMARY KEY,
    source TEXT NOT NULL,
    rows_total BIGINT NOT NULL CHECK (rows_total >= 0),
    rows_read BIGINT NOT NULL CHECK (rows_read >= 0),
    rows_kept BIGINT NOT NULL CHECK (rows_kept >= 0),
    own_fen BIGINT NOT NULL,
    subsidy_fen BIGINT NOT NULL,
    assisted_fen BIGINT NOT NULL,
    done BIGINT NOT NULL CHECK (done IN (0, 1)),
    begun_at BIGINT NOT NULL,
    committed_at BIGINT NOT NULL
);
CREATE TABLE import_reject (
    import_id TEXT NOT NULL REFERENCES import (import_id),
    row_number BIGINT NOT NULL CHECK (row_number > 0),
    problems TEXT NOT NULL,
    PRIMARY KEY (import_id, row_number)
) WITHOUT ROWID;
-- nothing recorded is changed or removed
CREATE TRIGGER identity_no_update BEFORE UPDATE ON identity BEGIN
    SELECT RAISE(ABORT, 'facts are only added');
END;
CREATE TRIGGER identity_no_delete BEFORE DELETE ON identity BEGIN
    SELECT RAISE(ABORT, 'facts are only added');
END;
CREATE TRIGGER household_no_update BEFORE UPDATE ON household BEGIN
    SELECT RAISE(ABORT, 'facts are only added');
END;
CREATE TRIGGER household_no_delete BEFORE DELETE ON household BEGIN
    SELECT RAISE(ABORT, 'facts are only added');
END;
CREATE TRIGGER membership_no_update BEFORE UPDATE ON membership BEGIN
    SELECT RAISE(ABORT, 'facts are only added');
END;
CREATE TRIGGER membership_no_delete BEFORE DELETE ON membership BEGIN
    SELECT RAISE(ABORT, 'facts are only added');
END;
CREATE TRIGGER qualification_no_update BEFORE UPDATE ON qualification BEGIN
    SELECT RAISE(ABORT, 'facts are only added');
END;
CREATE TRIGGER qualification_no_delete BEFORE DELETE ON qualification BEGIN
    SELECT RAISE(ABORT, 'facts are only added');
END;
CREATE TRIGGER basis_no_update BEFORE UPDATE ON basis BEGIN
    SELECT RAISE(ABORT, 'facts are only added');
END;
CREATE TRIGGER basis_no_delete BEFORE DELETE ON basis BEGIN
    SELECT RAISE(ABORT, 'facts are only added');
END;
CREATE TRIGGER enrolment_no_update BEFORE UPDATE ON enrolment BEGIN
    SELECT RAISE(ABORT, 'facts are only added');
END;
CREATE TRIGGER enrolment_no_delete BEFORE DELETE ON enrolment BEGIN
    SELECT RAISE(ABORT, 'facts are only added');
END;
CREATE TRIGGER receipt_no_update BEFORE UPDATE ON receipt BEGIN
    SELECT RAISE(ABORT, 'facts are only added');
END;
CREATE TRIGGER receipt_no_delete BEFORE DELETE ON receipt BEGIN
    SELECT RAISE(ABORT, 'facts are only added');
END;
CREATE TRIGGER account_credit_no_update BEFORE UPDATE ON account_credit BEGIN
    SELECT RAISE(ABORT, 'facts are only added');
END;
CREATE TRIGGER account_credit_no_delete BEFORE DELETE ON account_credit BEGIN
    SELECT RAISE(ABORT, 'facts are only added');
END;
CREATE TRIGGER account_credit_delivery_no_update BEFORE UPDATE ON account_credit_delivery BEGIN
    SELECT RAISE(ABORT, 'facts are only added');
END;
CREATE TRIGGER account_credit_delivery_no_delete BEFORE DELETE ON account_credit_delivery BEGIN
    SELECT RAISE(ABORT, 'facts are only added');
END;
CREATE TRIGGER transfer_no_update BEFORE UPDATE ON transfer BEGIN
    SELECT RAISE(ABORT, 'facts are only added');
END;
CREATE TRIGGER transfer_no_delete BEFORE DELETE ON transfer BEGIN
    SELECT RAISE(ABORT, 'facts are only added');
END;
CREATE TRIGGER duplicate_no_update BEFORE UPDATE ON duplicate BEGIN
    SELECT RAISE(ABORT, 'facts are only added');
END;
CREATE TRIGGER duplicate_no_delete BEFORE DELETE ON duplicate BEGIN
    SELECT RAISE(ABORT, 'facts are only added');
END;
CREATE TRIGGER duplicate_resolution_no_update BEFORE UPDATE ON duplicate_resolution BEGIN
    SELECT RAISE(ABORT, 'facts are only added');
END;
CREATE TRIGGER duplicate_resolution_no_delete BEFORE DELETE ON duplicate_resolution BEGIN
    SELECT RAISE(ABORT, 'facts are only added');
END;
CREATE TRIGGER import_reject_no_update BEFORE UPDATE ON import_reject BEGIN
    SELECT RAISE(ABORT, 'facts are only added');
END;
CREATE TRIGGER import_reject_no_delete BEFORE DELETE ON import_reject BEGIN
    SELECT RAISE(ABORT, 'facts are only added');
END;
CREATE TRIGGER transfer_balance_no_update BEFORE UPDATE ON transfer_balance BEGIN
    SELECT RAISE(ABORT, 'facts are only added');
END;
CREATE TRIGGER transfer_balance_no_delete BEFORE DELETE ON transfer_balance BEGIN
    SELECT RAISE(ABORT, 'facts are only added');
END;
CREATE TRIGGER transfer_taken_no_update BEFORE UPDATE ON transfer_taken BEGIN
    SELECT RAISE(ABORT, 'facts are only added');
END;
CREATE TRIGGER transfer_taken_no_delete BEFORE DELETE ON transfer_taken BEGIN
    SELECT RAISE(ABORT, 'facts are only added');
END;
