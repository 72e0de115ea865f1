-- bills of patients who are insured in another province; the row is the bill's lock
CREATE TABLE care_bill (
    bill_id TEXT PRIMARY KEY CHECK (length(bill_id) = 32),
    institution_id TEXT NOT NULL,
    institution_bill TEXT NOT NULL,
    idempotency_key TEXT NOT NULL,
    visit_id TEXT NOT NULL,
    -- the province of insurance
    peer TEXT NOT NULL,
    insured_id TEXT NOT NULL,
    insured_division TEXT NOT NULL,
    care_division TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('asking', 'confirming', 'settled', 'cancelling', 'reversing', 'refused', 'lapsed', 'reversed')),
    step BIGINT NOT NULL CHECK (step > 0),
    machine TEXT NOT NULL,
    next_at BIGINT,
    prepare BYTEA NOT NULL,
    -- how this province split the lines; empty
    split BYTEA NOT NULL,
    -- the last offer, the refusal, the receipt, as they came; empty
    offer BYTEA NOT NULL,
    refusal BYTEA NOT NULL,
    receipt BYTEA NOT NULL,
    -- why it is taken back; empty
    reason TEXT NOT NULL,
    total_fen BIGINT NOT NULL CHECK (total_fen > 0),
    -- of the receipt, also of one that was taken back; 0
    owed_fen BIGINT NOT NULL CHECK (owed_fen >= 0),
    cash_fen BIGINT NOT NULL CHECK (cash_fen >= 0),
    opened_at BIGINT NOT NULL,
    UNIQUE (institution_id, idempotency_key)
);
CREATE UNIQUE INDEX care_bill_standing ON care_bill (institution_id, institution_bill)
    WHERE state NOT IN ('refused', 'lapsed', 'reversed');
CREATE INDEX care_bill_institution ON care_bill (institution_id, opened_at, bill_id);
CREATE INDEX care_bill_next ON care_bill (next_at) WHERE next_at IS NOT NULL;
-- bills of people insured here whose place of care is in another province; the row is the bill's lock
CREATE TABLE insured_bill (
    bill_id TEXT PRIMARY KEY CHECK (length(bill_id) = 32),
    -- the province of care
    peer TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('offered', 'settling', 'renewing', 'settled', 'finished', 'reversing', 'reversed',
        'refused', 'ended', 'tombstone')),
    step BIGINT NOT NULL CHECK (step > 0),
    machine TEXT NOT NULL,
    next_at BIGINT,
    -- what was asked, offered, refused, and the receipt, as they went; empty
    prepare BYTEA NOT NULL,
    offer BYTEA NOT NULL,
    refusal BYTEA NOT NULL,
    receipt BYTEA NOT NULL,
    owed_fen BIGINT NOT NULL CHECK (owed_fen >= 0),
    cash_fen BIGINT NOT NULL CHECK (cash_fen >= 0),
    opened_at BIGINT NOT NULL
);
CREATE INDEX insured_bill_next ON insured_bill (next_at) WHERE next_at IS NOT NULL;
-- what happened to a bill, in order
CREATE TABLE bill_step (
    role TEXT NOT NULL CHECK (role IN ('care', 'insured')),
    bill_id TEXT NOT NULL,
    number BIGINT NOT NULL CHECK (number > 0),
    event TEXT NOT NULL,
    state TEXT NOT NULL,
    step BIGINT NOT NULL,
    happened_at BIGINT NOT NULL,
    PRIMARY KEY (role, bill_id, number)
);
-- lines between this province and another, the same on both sides
CREATE TABLE item (
    role TEXT NOT NULL CHECK (role IN ('care', 'insured')),
    peer TEXT NOT NULL,
    -- the day of the place of insurance
    day TEXT NOT NULL,
    item_id TEXT NOT NULL CHECK (length(item_id) = 32),
    bill_id TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('settled', 'reversed', 'deducted', 'deduction_returned', 'account_transfer')),
    -- below zero where the place of insurance takes back
    owed_fen BIGINT NOT NULL,
    cash_fen BIGINT NOT NULL,
    total_fen BIGINT NOT NULL,
    receipt_sha256 TEXT NOT NULL CHECK (length(receipt_sha256) = 64),
    digest TEXT NOT NULL CHECK (length(digest) = 64),
    recorded_at BIGINT NOT NULL,
    PRIMARY KEY (role, peer, day, item_id)
);
CREATE INDEX item_bill ON item (bill_id);
CREATE FUNCTION only_added() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'facts are only added';
END $$;
CREATE TRIGGER bill_step_only_added BEFORE UPDATE OR DELETE ON bill_step FOR EACH ROW EXECUTE FUNCTION only_added();
CREATE TRIGGER bill_step_no_truncate BEFORE TRUNCATE ON bill_step EXECUTE FUNCTION only_added();
CREATE TRIGGER item_only_added BEFORE UPDATE OR DELETE ON item FOR EACH ROW EXECUTE FUNCTION only_added();
CREATE TRIGGER item_no_truncate BEFORE TRUNCATE ON item EXECUTE FUNCTION only_added();
CREATE TRIGGER care_bill_no_delete BEFORE DELETE ON care_bill FOR EACH ROW EXECUTE FUNCTION only_added();
CREATE TRIGGER insured_bill_no_delete BEFORE DELETE ON insured_bill FOR EACH ROW EXECUTE FUNCTION only_added();
-- what has ended stays so
CREATE FUNCTION stays_ended() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a bill that has ended stays so';
END $$;
CREATE TRIGGER care_bill_ended BEFORE UPDATE ON care_bill FOR EACH ROW
    WHEN (OLD.state IN ('refused', 'lapsed', 'reversed') AND NEW.state <> OLD.state) EXECUTE FUNCTION stays_ended();
CREATE TRIGGER insured_bill_ended BEFORE UPDATE ON insured_bill FOR EACH ROW
    WHEN (OLD.state IN ('reversed', 'tombstone') AND NEW.state <> OLD.state) EXECUTE FUNCTION stays_ended();
