-- one row a person: the account, and the lock that whoever changes anything of the person holds
CREATE TABLE account (
    person TEXT PRIMARY KEY CHECK (person <> ''),
    balance_fen BIGINT NOT NULL DEFAULT 0 CHECK (balance_fen >= 0),
    reserved_fen BIGINT NOT NULL DEFAULT 0 CHECK (reserved_fen >= 0),
    moves BIGINT NOT NULL DEFAULT 0 CHECK (moves >= 0)
);

-- what went in or out of an account; rows are only added
CREATE TABLE movement (
    id TEXT PRIMARY KEY,
    person TEXT NOT NULL REFERENCES account (person),
    number BIGINT NOT NULL CHECK (number > 0),
    kind TEXT NOT NULL,
    amount_fen BIGINT NOT NULL CHECK (amount_fen <> 0),
    balance_fen BIGINT NOT NULL CHECK (balance_fen >= 0),
    about TEXT NOT NULL,
    relative TEXT,
    moved_at BIGINT NOT NULL,
    UNIQUE (person, number)
);
CREATE UNIQUE INDEX movement_credited_once ON movement (about) WHERE kind IN ('credit', 'brought_in');

-- whose accounts pay a relative's bills
CREATE TABLE binding (
    id TEXT PRIMARY KEY,
    owner TEXT NOT NULL,
    relative TEXT NOT NULL CHECK (relative <> owner),
    relation TEXT NOT NULL,
    from_date TEXT NOT NULL,
    to_date TEXT
);
CREATE INDEX binding_relative ON binding (relative);
CREATE INDEX binding_owner ON binding (owner);

-- a person's year: what it started from and what it holds; a cache of the fold over its claims
CREATE TABLE person_year (
    person TEXT NOT NULL,
    year BIGINT NOT NULL,
    opening TEXT,
    by_service_date BIGINT NOT NULL CHECK (by_service_date IN (0, 1)),
    numbers BIGINT NOT NULL CHECK (numbers >= 0),
    claims BIGINT NOT NULL CHECK (claims BETWEEN 0 AND numbers),
    state TEXT NOT NULL,
    PRIMARY KEY (person, year)
);

-- claims as they stand; their decisions are in `decision`
CREATE TABLE claim (
    id TEXT PRIMARY KEY,
    person TEXT NOT NULL,
    institution TEXT NOT NULL,
    bill TEXT NOT NULL,
    visit TEXT NOT NULL,
    stay TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('direct', 'interim', 'reimbursed')),
    state TEXT NOT NULL CHECK (state IN ('settled', 'partly_refunded', 'reversed')),
    scheme TEXT NOT NULL,
    care TEXT NOT NULL,
    year BIGINT NOT NULL,
    number BIGINT NOT NULL CHECK (number > 0),
    key TEXT NOT NULL,
    entry TEXT NOT NULL,
    origin TEXT NOT NULL,
    settled_date TEXT NOT NULL,
    settled_at BIGINT NOT NULL,
    revision BIGINT NOT NULL CHECK (revision >= 0),
    total_fen BIGINT NOT NULL CHECK (total_fen >= 0),
    fund_fen BIGINT NOT NULL CHECK (fund_fen >= 0),
    account_fen BIGINT NOT NULL CHECK (account_fen >= 0),
    cash_fen BIGINT NOT NULL CHECK (cash_fen >= 0),
    UNIQUE (person, year, number)
);
CREATE UNIQUE INDEX claim_bill_once ON claim (institution, bill) WHERE state <> 'reversed';
CREATE UNIQUE INDEX claim_key_once ON claim (institution, key);
CREATE INDEX claim_settled ON claim (institution, settled_date, settled_at, id);
CREATE INDEX claim_stay ON claim (institution, stay) WHERE stay <> '' AND state <> 'reversed';

-- every decision of every claim; rows are only added
CREATE TABLE decision (
    claim TEXT NOT NULL REFERENCES claim (id) DEFERRABLE INITIALLY DEFERRED,
    revision BIGINT NOT NULL CHECK (revision >= 0),
    cause TEXT NOT NULL,
    cause_claim TEXT,
    policy TEXT NOT NULL,
    facts TEXT NOT NULL,
    decision TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    draws TEXT NOT NULL,
    refunds TEXT NOT NULL,
    decided_at BIGINT NOT NULL,
    PRIMARY KEY (claim, revision)
);

-- invoices that standing reimbursements rest on
CREATE TABLE invoice (
    fingerprint TEXT PRIMARY KEY,
    claim TEXT NOT NULL
);
CREATE INDEX invoice_claim ON invoice (claim);

-- why claims were reversed; rows are only added
CREATE TABLE reversal (
    claim TEXT PRIMARY KEY,
    key TEXT NOT NULL,
    reason TEXT NOT NULL,
    reversed_at BIGINT NOT NULL
);

CREATE FUNCTION settlement_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '%', TG_ARGV[0];
END $$;
CREATE TRIGGER decision_append_only BEFORE UPDATE OR DELETE ON decision
    FOR EACH ROW EXECUTE FUNCTION settlement_refuse('decisions are append-only');
CREATE TRIGGER movement_append_only BEFORE UPDATE OR DELETE ON movement
    FOR EACH ROW EXECUTE FUNCTION settlement_refuse('movements are append-only');
CREATE TRIGGER reversal_append_only BEFORE UPDATE OR DELETE ON reversal
    FOR EACH ROW EXECUTE FUNCTION settlement_refuse('reversals are append-only');
CREATE TRIGGER claim_no_delete BEFORE DELETE ON claim
    FOR EACH ROW EXECUTE FUNCTION settlement_refuse('claims are kept');
CREATE TRIGGER claim_reversed_for_good BEFORE UPDATE ON claim FOR EACH ROW
    WHEN (OLD.state = 'reversed' OR NEW.id <> OLD.id OR NEW.person <> OLD.person OR NEW.origin <> OLD.origin)
    EXECUTE FUNCTION settlement_refuse('a reversed claim stays reversed, and what was handed in stays as it was');
CREATE TRIGGER decision_no_truncate BEFORE TRUNCATE ON decision
    FOR EACH STATEMENT EXECUTE FUNCTION settlement_refuse('decisions are append-only');
CREATE TRIGGER claim_no_truncate BEFORE TRUNCATE ON claim
    FOR EACH STATEMENT EXECUTE FUNCTION settlement_refuse('claims are kept');
