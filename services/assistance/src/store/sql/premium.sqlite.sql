-- what the assistance fund pays of premiums: one stands for each enrolment, another round only after the one before was taken back
CREATE TABLE premium_assistance (
    enrolment_id TEXT NOT NULL CHECK (enrolment_id <> ''),
    round BIGINT NOT NULL CHECK (round > 0),
    person_id TEXT NOT NULL REFERENCES person (person_id),
    division TEXT NOT NULL,
    cover_year BIGINT NOT NULL,
    category TEXT NOT NULL,
    categories_handed_in BIGINT NOT NULL CHECK (categories_handed_in IN (0, 1)),
    amount_fen BIGINT NOT NULL CHECK (typeof(amount_fen) = 'integer' AND amount_fen > 0),
    policy_version TEXT NOT NULL,
    paid_date TEXT NOT NULL,
    entry TEXT NOT NULL UNIQUE REFERENCES journal (id),
    booked_at BIGINT NOT NULL,
    PRIMARY KEY (enrolment_id, round)
);
CREATE INDEX premium_assistance_place ON premium_assistance (division, paid_date);
CREATE TABLE premium_reversal (
    enrolment_id TEXT NOT NULL,
    round BIGINT NOT NULL,
    reversed_date TEXT NOT NULL,
    entry TEXT NOT NULL UNIQUE REFERENCES journal (id),
    reversed_at BIGINT NOT NULL,
    PRIMARY KEY (enrolment_id, round),
    FOREIGN KEY (enrolment_id, round) REFERENCES premium_assistance (enrolment_id, round)
);
CREATE TRIGGER premium_assistance_once BEFORE INSERT ON premium_assistance
WHEN NEW.round > 1 AND NOT EXISTS (SELECT 1 FROM premium_reversal
    WHERE enrolment_id = NEW.enrolment_id AND round = NEW.round - 1) BEGIN
    SELECT RAISE(ABORT, 'the premium assistance before it stands');
END;
-- nothing recorded is changed or removed
CREATE TRIGGER premium_assistance_no_update BEFORE UPDATE ON premium_assistance BEGIN
    SELECT RAISE(ABORT, 'facts are only added');
END;
CREATE TRIGGER premium_assistance_no_delete BEFORE DELETE ON premium_assistance BEGIN
    SELECT RAISE(ABORT, 'facts are only added');
END;
CREATE TRIGGER premium_reversal_no_update BEFORE UPDATE ON premium_reversal BEGIN
    SELECT RAISE(ABORT, 'facts are only added');
END;
CREATE TRIGGER premium_reversal_no_delete BEFORE DELETE ON premium_reversal BEGIN
    SELECT RAISE(ABORT, 'facts are only added');
END;
