-- what settled claims lack that settlement is to put right: a share that was cut short, one that follows, a category; the payer
-- is * where it is not about one
CREATE TABLE mend (
    claim_id TEXT NOT NULL,
    payer TEXT NOT NULL,
    person_id TEXT NOT NULL REFERENCES person (person_id),
    year BIGINT NOT NULL,
    why TEXT NOT NULL CHECK (why IN ('short', 'follows', 'category')),
    short_fen BIGINT NOT NULL CHECK (short_fen >= 0),
    is_open BIGINT NOT NULL CHECK (is_open IN (0, 1)),
    PRIMARY KEY (claim_id, payer)
);
CREATE INDEX mend_open ON mend (person_id) WHERE is_open = 1;
-- what settlement was asked: a person's year, decided anew; its id is the event's and settlement's idempotency key
CREATE TABLE reassess (
    reassess_id TEXT PRIMARY KEY,
    person_id TEXT NOT NULL REFERENCES person (person_id),
    year BIGINT NOT NULL,
    cause TEXT NOT NULL,
    about TEXT NOT NULL,
    claw_back BIGINT NOT NULL CHECK (claw_back IN (0, 1)),
    state TEXT NOT NULL CHECK (state IN ('asked', 'done', 'nothing_changed', 'refused', 'asked_again')),
    -- whether settlement may have begun: what is found from then on is asked once more
    is_sent BIGINT NOT NULL CHECK (is_sent IN (0, 1)),
    again_cause TEXT,
    again_about TEXT,
    again_claw_back BIGINT NOT NULL CHECK (again_claw_back IN (0, 1)),
    refusal BLOB,
    refused_claim TEXT,
    -- of a refused one: where the year is insured, and the policy in use there then
    division TEXT,
    policy_version TEXT,
    asked_at BIGINT NOT NULL,
    answered_at BIGINT,
    CHECK ((state = 'asked') = (answered_at IS NULL))
);
CREATE UNIQUE INDEX reassess_asked ON reassess (person_id, year) WHERE state = 'asked';
CREATE INDEX reassess_refused ON reassess (person_id, year) WHERE state = 'refused';
CREATE INDEX reassess_time ON reassess (asked_at, reassess_id);
CREATE INDEX reassess_person ON reassess (person_id, asked_at);
-- an answer is for ever
CREATE TRIGGER reassess_answered BEFORE UPDATE ON reassess WHEN OLD.state IN ('done', 'nothing_changed', 'asked_again') BEGIN
    SELECT RAISE(ABORT, 'settlement has answered');
END;
CREATE TRIGGER reassess_no_delete BEFORE DELETE ON reassess BEGIN
    SELECT RAISE(ABORT, 'questions are never removed');
END;
CREATE TRIGGER mend_no_delete BEFORE DELETE ON mend BEGIN
    SELECT RAISE(ABORT, 'what claims lacked is never removed');
END;
