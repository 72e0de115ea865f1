-- plans of other payers, each version for days of service from its first; they are only added
CREATE TABLE plan (
    plan_id TEXT NOT NULL CHECK (plan_id <> ''),
    version BIGINT NOT NULL CHECK (version > 0),
    payer TEXT NOT NULL CHECK (payer <> ''),
    zh TEXT NOT NULL,
    en TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('charity', 'union', 'commercial')),
    division TEXT NOT NULL,
    from_date TEXT NOT NULL,
    -- the first day it is no longer for
    until_date TEXT CHECK (until_date >= from_date),
    base TEXT NOT NULL CHECK (base IN ('left_within_scope', 'cash')),
    period TEXT NOT NULL CHECK (period IN ('bill', 'year')),
    cares TEXT NOT NULL,
    deductible_fen BIGINT NOT NULL CHECK (deductible_fen >= 0),
    bands TEXT NOT NULL,
    ceiling_fen BIGINT CHECK (ceiling_fen > 0),
    tilts TEXT NOT NULL,
    source TEXT NOT NULL,
    operator_id TEXT NOT NULL CHECK (operator_id <> ''),
    reason TEXT NOT NULL,
    recorded_at BIGINT NOT NULL,
    PRIMARY KEY (plan_id, version)
);
-- streams of members, by the caller's key; the answer is kept with the hash of all that was in the stream
CREATE TABLE plan_joining (
    idempotency_key TEXT PRIMARY KEY,
    plan_id TEXT NOT NULL,
    answer BLOB,
    sha256 TEXT,
    begun_at BIGINT NOT NULL,
    ended_at BIGINT,
    CHECK ((answer IS NULL) = (ended_at IS NULL) AND (answer IS NULL) = (sha256 IS NULL))
);
-- for which days of service people are members, and which member of which stream said so
CREATE TABLE plan_member (
    plan_id TEXT NOT NULL,
    person_id TEXT NOT NULL REFERENCES person (person_id),
    from_date TEXT NOT NULL,
    to_date TEXT NOT NULL CHECK (to_date >= from_date),
    joining TEXT NOT NULL REFERENCES plan_joining (idempotency_key),
    number BIGINT NOT NULL CHECK (number > 0),
    joined_at BIGINT NOT NULL,
    PRIMARY KEY (person_id, plan_id, from_date, to_date)
);
CREATE INDEX plan_member_plan ON plan_member (plan_id, from_date);
-- computed shares of settled bills, offered to payers
CREATE TABLE offer (
    offer_id TEXT PRIMARY KEY CHECK (offer_id <> ''),
    plan_id TEXT NOT NULL,
    version BIGINT NOT NULL,
    payer TEXT NOT NULL,
    zh TEXT NOT NULL,
    en TEXT NOT NULL,
    person_id TEXT NOT NULL REFERENCES person (person_id),
    year BIGINT NOT NULL,
    claim_id TEXT NOT NULL,
    revision BIGINT NOT NULL CHECK (revision >= 0),
    state TEXT NOT NULL CHECK (state IN ('offered', 'confirmed', 'declined', 'paid', 'superseded')),
    base_fen BIGINT NOT NULL CHECK (base_fen > 0),
    promised_fen BIGINT NOT NULL CHECK (promised_fen > 0),
    confirmed_fen BIGINT NOT NULL CHECK (confirmed_fen >= 0),
    paid_fen BIGINT NOT NULL CHECK (paid_fen IN (0, confirmed_fen)),
    reason TEXT NOT NULL,
    payment_reference TEXT NOT NULL,
    offered_at BIGINT NOT NULL,
    answered_at BIGINT,
    paid_at BIGINT,
    superseded_at BIGINT,
    FOREIGN KEY (plan_id, version) REFERENCES plan (plan_id, version),
    CHECK (state NOT IN ('offered', 'declined') OR confirmed_fen = 0),
    CHECK (state NOT IN ('confirmed', 'paid') OR confirmed_fen > 0),
    CHECK (state NOT IN ('offered', 'confirmed', 'declined') OR paid_at IS NULL),
    CHECK (state <> 'offered' OR answered_at IS NULL),
    CHECK ((paid_at IS NULL) = (paid_fen = 0) AND (paid_at IS NULL) = (payment_reference = '')),
    CHECK ((state = 'superseded') = (superseded_at IS NOT NULL))
);
-- of a plan one offer stands for a claim
CREATE UNIQUE INDEX offer_standing ON offer (claim_id, plan_id) WHERE state <> 'superseded';
CREATE INDEX offer_claim ON offer (claim_id, offered_at);
CREATE INDEX offer_person ON offer (person_id, year);
CREATE INDEX offer_plan ON offer (plan_id, offered_at);
-- payments as the payers' systems name them, each recorded once
CREATE TABLE offer_payment (
    payer TEXT NOT NULL,
    payment_reference TEXT NOT NULL CHECK (payment_reference <> ''),
    offer_id TEXT NOT NULL UNIQUE REFERENCES offer (offer_id),
    amount_fen BIGINT NOT NULL CHECK (amount_fen > 0),
    paid_date TEXT NOT NULL,
    recorded_at BIGINT NOT NULL,
    PRIMARY KEY (payer, payment_reference)
);
-- nothing recorded is changed or removed
CREATE TRIGGER plan_no_update BEFORE UPDATE ON plan BEGIN
    SELECT RAISE(ABORT, 'facts are only added');
END;
CREATE TRIGGER plan_no_delete BEFORE DELETE ON plan BEGIN
    SELECT RAISE(ABORT, 'facts are only added');
END;
CREATE TRIGGER plan_member_no_update BEFORE UPDATE ON plan_member BEGIN
    SELECT RAISE(ABORT, 'facts are only added');
END;
CREATE TRIGGER plan_member_no_delete BEFORE DELETE ON plan_member BEGIN
    SELECT RAISE(ABORT, 'facts are only added');
END;
CREATE TRIGGER plan_joining_ends_once BEFORE UPDATE ON plan_joining
WHEN OLD.answer IS NOT NULL OR NEW.plan_id <> OLD.plan_id BEGIN
    SELECT RAISE(ABORT, 'a stream of members ends once');
END;
CREATE TRIGGER plan_joining_no_delete BEFORE DELETE ON plan_joining BEGIN
    SELECT RAISE(ABORT, 'facts are only added');
END;
CREATE TRIGGER offer_payment_no_update BEFORE UPDATE ON offer_payment BEGIN
    SELECT RAISE(ABORT, 'facts are only added');
END;
CREATE TRIGGER offer_payment_no_delete BEFORE DELETE ON offer_payment BEGIN
    SELECT RAISE(ABORT, 'facts are only added');
END;
CREATE TRIGGER offer_no_delete BEFORE DELETE ON offer BEGIN
    SELECT RAISE(ABORT, 'offers are never removed');
END;
-- an offer goes on from state to state; what it promised, and what was confirmed and paid of it, stays
CREATE TRIGGER offer_goes_on BEFORE UPDATE ON offer
WHEN NOT ((OLD.state = 'offered' AND NEW.state IN ('confirmed', 'declined', 'superseded'))
    OR (OLD.state = 'confirmed' AND NEW.state IN ('paid', 'superseded'))
    OR (OLD.state IN ('declined', 'paid') AND NEW.state = 'superseded')
    OR (OLD.state = 'superseded' AND NEW.state = 'superseded' AND OLD.paid_fen = 0 AND NEW.paid_fen > 0))
    OR NEW.plan_id <> OLD.plan_id OR NEW.version <> OLD.version OR NEW.payer <> OLD.payer OR NEW.zh <> OLD.zh
    OR NEW.en <> OLD.en OR NEW.person_id <> OLD.person_id OR NEW.year <> OLD.year OR NEW.claim_id <> OLD.claim_id
    OR NEW.revision <> OLD.revision OR NEW.base_fen <> OLD.base_fen OR NEW.promised_fen <> OLD.promised_fen
    OR NEW.offered_at <> OLD.offered_at
    OR (OLD.state <> 'offered' AND (NEW.confirmed_fen <> OLD.confirmed_fen OR NEW.answered_at IS NOT OLD.answered_at))
    OR (OLD.paid_fen > 0 AND (NEW.paid_fen <> OLD.paid_fen OR NEW.payment_reference <> OLD.payment_reference)) BEGIN
    SELECT RAISE(ABORT, 'an offer goes on from state to state');
END;
