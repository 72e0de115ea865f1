-- people: the row is the lock of all that is a person's, and says which of the person's Changes was kept last
CREATE TABLE person (
    person_id TEXT PRIMARY KEY CHECK (person_id <> ''),
    sequence BIGINT NOT NULL CHECK (sequence >= 0)
);
-- categories, each version of a grant with the moment at which it was recorded
CREATE TABLE category_grant (
    grant_id TEXT NOT NULL,
    version BIGINT NOT NULL CHECK (version > 0),
    person_id TEXT NOT NULL REFERENCES person (person_id),
    category TEXT NOT NULL,
    treated_as TEXT,
    from_date TEXT NOT NULL,
    to_date TEXT CHECK (to_date >= from_date),
    office TEXT NOT NULL,
    authority_division TEXT NOT NULL,
    authority_name TEXT NOT NULL,
    evidence TEXT NOT NULL,
    taken_back BIGINT NOT NULL CHECK (taken_back IN (0, 1)),
    claw_back BIGINT NOT NULL CHECK (claw_back IN (0, 1)),
    operator_id TEXT NOT NULL,
    reason TEXT NOT NULL,
    recorded_at BIGINT NOT NULL,
    PRIMARY KEY (grant_id, version)
);
CREATE INDEX category_grant_person ON category_grant (person_id, recorded_at);
-- what settlement has told, each Change once and the Changes of a person without a gap
CREATE TABLE change (
    change_id TEXT PRIMARY KEY,
    person_id TEXT NOT NULL REFERENCES person (person_id),
    sequence BIGINT NOT NULL CHECK (sequence > 0),
    sha256 TEXT NOT NULL,
    kept_at BIGINT NOT NULL,
    UNIQUE (person_id, sequence)
);
-- the limit of a payer in a person's year: the database refuses to pass it, whoever writes
CREATE TABLE allowance (
    person_id TEXT NOT NULL REFERENCES person (person_id),
    year BIGINT NOT NULL,
    payer TEXT NOT NULL,
    cap_fen BIGINT,
    is_set BIGINT NOT NULL CHECK (is_set IN (0, 1)),
    pending_fen BIGINT NOT NULL CHECK (pending_fen >= 0),
    posted_fen BIGINT NOT NULL CHECK (posted_fen >= 0),
    moves BIGINT NOT NULL CHECK (moves >= 0),
    PRIMARY KEY (person_id, year, payer),
    CONSTRAINT allowance_limit CHECK (cap_fen IS NULL OR pending_fen + posted_fen <= cap_fen)
);
-- every move of a limit, for audits
CREATE TABLE allowance_move (
    person_id TEXT NOT NULL,
    year BIGINT NOT NULL,
    payer TEXT NOT NULL,
    number BIGINT NOT NULL CHECK (number > 0),
    kind TEXT NOT NULL,
    about TEXT NOT NULL,
    pending_after_fen BIGINT NOT NULL CHECK (pending_after_fen >= 0),
    posted_after_fen BIGINT NOT NULL CHECK (posted_after_fen >= 0),
    moved_at BIGINT NOT NULL,
    PRIMARY KEY (person_id, year, payer, number)
);
-- holds: pending until they end once. One that was refused before it was asked for has no division.
CREATE TABLE hold (
    hold_id TEXT PRIMARY KEY,
    person_id TEXT NOT NULL REFERENCES person (person_id),
    division TEXT,
    policy_version TEXT,
    scheme TEXT,
    owner TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('pending', 'posted', 'voided')),
    change_id TEXT,
    reserved_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    asked_at BIGINT,
    lease_owner TEXT,
    lease_until BIGINT NOT NULL,
    ended_at BIGINT,
    CHECK ((state = 'pending') = (ended_at IS NULL)),
    CHECK (state <> 'posted' OR change_id IS NOT NULL)
);
CREATE INDEX hold_pending ON hold (expires_at) WHERE state = 'pending';
CREATE INDEX hold_person ON hold (person_id, reserved_at);
CREATE INDEX hold_reserved ON hold (reserved_at, hold_id);
CREATE TABLE hold_part (
    hold_id TEXT NOT NULL REFERENCES hold (hold_id),
    year BIGINT NOT NULL,
    payer TEXT NOT NULL,
    asked_fen BIGINT NOT NULL CHECK (asked_fen > 0),
    granted_fen BIGINT NOT NULL CHECK (granted_fen >= 0),
    posted_fen BIGINT NOT NULL CHECK (posted_fen <= granted_fen),
    PRIMARY KEY (hold_id, year, payer)
);
-- how claims stand, a row a revision; a reversed one stands after that which it reversed
CREATE TABLE claim_fact (
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
    change_id TEXT NOT NULL REFERENCES change (change_id),
    PRIMARY KEY (claim_id, revision, reversed)
);
CREATE INDEX claim_fact_person ON claim_fact (person_id, year);
-- the shares of the payers whose funds are kept here: those of the newest row of claim_fact stand
CREATE TABLE claim_share (
    claim_id TEXT NOT NULL,
    revision BIGINT NOT NULL,
    payer TEXT NOT NULL,
    amount_fen BIGINT NOT NULL CHECK (amount_fen > 0),
    change_id TEXT NOT NULL REFERENCES change (change_id),
    PRIMARY KEY (claim_id, revision, payer)
);
-- what such payers paid elsewhere before a year was opened: the newest Change counts
CREATE TABLE opening_share (
    change_id TEXT NOT NULL REFERENCES change (change_id),
    person_id TEXT NOT NULL,
    year BIGINT NOT NULL,
    payer TEXT NOT NULL,
    amount_fen BIGINT NOT NULL CHECK (amount_fen > 0),
    PRIMARY KEY (change_id, year, payer)
);
CREATE INDEX opening_share_person ON opening_share (person_id);
-- nothing recorded is changed or removed
CREATE TRIGGER category_grant_no_update BEFORE UPDATE ON category_grant BEGIN
    SELECT RAISE(ABORT, 'facts are only added');
END;
CREATE TRIGGER category_grant_no_delete BEFORE DELETE ON category_grant BEGIN
    SELECT RAISE(ABORT, 'facts are only added');
END;
CREATE TRIGGER change_no_update BEFORE UPDATE ON change BEGIN
    SELECT RAISE(ABORT, 'facts are only added');
END;
CREATE TRIGGER change_no_delete BEFORE DELETE ON change BEGIN
    SELECT RAISE(ABORT, 'facts are only added');
END;
CREATE TRIGGER allowance_move_no_update BEFORE UPDATE ON allowance_move BEGIN
    SELECT RAISE(ABORT, 'facts are only added');
END;
CREATE TRIGGER allowance_move_no_delete BEFORE DELETE ON allowance_move BEGIN
    SELECT RAISE(ABORT, 'facts are only added');
END;
CREATE TRIGGER claim_fact_no_update BEFORE UPDATE ON claim_fact BEGIN
    SELECT RAISE(ABORT, 'facts are only added');
END;
CREATE TRIGGER claim_fact_no_delete BEFORE DELETE ON claim_fact BEGIN
    SELECT RAISE(ABORT, 'facts are only added');
END;
CREATE TRIGGER claim_share_no_update BEFORE UPDATE ON claim_share BEGIN
    SELECT RAISE(ABORT, 'facts are only added');
END;
CREATE TRIGGER claim_share_no_delete BEFORE DELETE ON claim_share BEGIN
    SELECT RAISE(ABORT, 'facts are only added');
END;
CREATE TRIGGER opening_share_no_update BEFORE UPDATE ON opening_share BEGIN
    SELECT RAISE(ABORT, 'facts are only added');
END;
CREATE TRIGGER opening_share_no_delete BEFORE DELETE ON opening_share BEGIN
    SELECT RAISE(ABORT, 'facts are only added');
END;
-- a hold ends once and is never forgotten; what it holds only grows, and only while it is pending
CREATE TRIGGER hold_ends_once BEFORE UPDATE ON hold WHEN OLD.state <> 'pending' BEGIN
    SELECT RAISE(ABORT, 'the hold has ended');
END;
CREATE TRIGGER hold_no_delete BEFORE DELETE ON hold BEGIN
    SELECT RAISE(ABORT, 'holds are never removed');
END;
CREATE TRIGGER hold_part_grows BEFORE UPDATE ON hold_part WHEN NEW.granted_fen < OLD.granted_fen BEGIN
    SELECT RAISE(ABORT, 'a hold never holds less');
END;
CREATE TRIGGER hold_part_pending BEFORE UPDATE ON hold_part
WHEN (SELECT state FROM hold WHERE hold_id = OLD.hold_id) <> 'pending' BEGIN
    SELECT RAISE(ABORT, 'the hold has ended');
END;
CREATE TRIGGER hold_part_no_delete BEFORE DELETE ON hold_part BEGIN
    SELECT RAISE(ABORT, 'holds are never removed');
END;
-- a person's Changes are kept in order
CREATE TRIGGER person_goes_on BEFORE UPDATE ON person WHEN NEW.sequence < OLD.sequence BEGIN
    SELECT RAISE(ABORT, 'the sequence of a person goes back');
END;
CREATE TRIGGER person_no_delete BEFORE DELETE ON person BEGIN
    SELECT RAISE(ABORT, 'people are never removed');
END;
CREATE TRIGGER allowance_no_delete BEFORE DELETE ON allowance BEGIN
    SELECT RAISE(ABORT, 'limits are never removed');
END;
