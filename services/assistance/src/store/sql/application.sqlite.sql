-- which application a version was decided on; empty where it was none
ALTER TABLE category_grant ADD COLUMN application_id TEXT NOT NULL DEFAULT '';
CREATE INDEX category_grant_application ON category_grant (application_id) WHERE application_id <> '';
-- applications: for a category, or for temporary assistance. What was decided is never less than what was paid of it.
CREATE TABLE application (
    application_id TEXT PRIMARY KEY CHECK (application_id <> ''),
    person_id TEXT NOT NULL REFERENCES person (person_id),
    division TEXT NOT NULL,
    year BIGINT NOT NULL,
    category TEXT,
    temporary_fen BIGINT CHECK (temporary_fen > 0),
    state TEXT NOT NULL
        CHECK (state IN ('applied', 'proposed', 'approved', 'rejected', 'paid', 'appealed', 'withdrawn')),
    -- what stood before the appeal that is open
    decided TEXT CHECK (decided IN ('approved', 'rejected', 'paid')),
    steps BIGINT NOT NULL CHECK (steps > 0),
    -- the step that proposed what is to be confirmed
    proposal BIGINT CHECK (proposal > 0 AND proposal <= steps),
    -- what was proposed last
    decision TEXT,
    grant_id TEXT,
    -- the person's last Change before the category was granted
    since_sequence BIGINT CHECK (since_sequence >= 0),
    -- temporary assistance that was approved; what a category brings stands in the claims
    approved_fen BIGINT NOT NULL CHECK (approved_fen >= 0),
    paid_fen BIGINT NOT NULL CHECK (paid_fen >= 0),
    watch_entry_id TEXT REFERENCES watch_entry (entry_id),
    applied_at BIGINT NOT NULL,
    CHECK ((category IS NULL) <> (temporary_fen IS NULL)),
    CHECK ((state = 'proposed') = (proposal IS NOT NULL)),
    CHECK ((grant_id IS NULL) = (since_sequence IS NULL)),
    CHECK (category IS NOT NULL OR (paid_fen <= approved_fen AND approved_fen <= temporary_fen AND grant_id IS NULL)),
    CHECK (category IS NULL OR approved_fen = 0)
);
CREATE INDEX application_person ON application (person_id, applied_at);
CREATE INDEX application_time ON application (applied_at, application_id);
CREATE INDEX application_place ON application (division, applied_at);
-- every step; what it proposed stands with it
CREATE TABLE application_step (
    application_id TEXT NOT NULL REFERENCES application (application_id),
    number BIGINT NOT NULL CHECK (number > 0),
    act TEXT NOT NULL,
    operator_id TEXT NOT NULL CHECK (operator_id <> ''),
    remark TEXT NOT NULL,
    state TEXT NOT NULL,
    decision TEXT,
    done_at BIGINT NOT NULL,
    PRIMARY KEY (application_id, number),
    CHECK ((act = 'proposed') = (decision IS NOT NULL))
);
-- references and hashes, no files
CREATE TABLE application_evidence (
    application_id TEXT NOT NULL,
    number BIGINT NOT NULL CHECK (number > 0 AND number <= 200),
    step BIGINT NOT NULL,
    kind TEXT NOT NULL,
    reference TEXT NOT NULL,
    sha256 TEXT NOT NULL CHECK (length(sha256) = 64),
    PRIMARY KEY (application_id, number),
    FOREIGN KEY (application_id, step) REFERENCES application_step (application_id, number)
);
-- payments as the bureau's payment system names them, each recorded once
CREATE TABLE application_payment (
    payment_reference TEXT PRIMARY KEY CHECK (payment_reference <> ''),
    application_id TEXT NOT NULL,
    step BIGINT NOT NULL,
    amount_fen BIGINT NOT NULL CHECK (amount_fen > 0),
    paid_date TEXT NOT NULL,
    UNIQUE (application_id, step),
    FOREIGN KEY (application_id, step) REFERENCES application_step (application_id, number)
);
-- nothing recorded is changed or removed
CREATE TRIGGER application_step_no_update BEFORE UPDATE ON application_step BEGIN
    SELECT RAISE(ABORT, 'facts are only added');
END;
CREATE TRIGGER application_step_no_delete BEFORE DELETE ON application_step BEGIN
    SELECT RAISE(ABORT, 'facts are only added');
END;
CREATE TRIGGER application_evidence_no_update BEFORE UPDATE ON application_evidence BEGIN
    SELECT RAISE(ABORT, 'facts are only added');
END;
CREATE TRIGGER application_evidence_no_delete BEFORE DELETE ON application_evidence BEGIN
    SELECT RAISE(ABORT, 'facts are only added');
END;
CREATE TRIGGER application_payment_no_update BEFORE UPDATE ON application_payment BEGIN
    SELECT RAISE(ABORT, 'facts are only added');
END;
CREATE TRIGGER application_payment_no_delete BEFORE DELETE ON application_payment BEGIN
    SELECT RAISE(ABORT, 'facts are only added');
END;
CREATE TRIGGER application_no_delete BEFORE DELETE ON application BEGIN
    SELECT RAISE(ABORT, 'applications are never removed');
END;
-- an application goes on by one step at a time, and what was applied for, approved and paid is never taken back
CREATE TRIGGER application_goes_on BEFORE UPDATE ON application
WHEN NEW.steps <> OLD.steps + 1 OR NEW.paid_fen < OLD.paid_fen OR NEW.approved_fen < OLD.approved_fen
    OR OLD.state = 'withdrawn' OR NEW.person_id <> OLD.person_id OR NEW.division <> OLD.division OR NEW.year <> OLD.year
    OR NEW.category IS NOT OLD.category OR NEW.temporary_fen IS NOT OLD.temporary_fen
    OR NEW.applied_at <> OLD.applied_at OR NEW.watch_entry_id IS NOT OLD.watch_entry_id BEGIN
    SELECT RAISE(ABORT, 'an application goes on step by step');
END;
