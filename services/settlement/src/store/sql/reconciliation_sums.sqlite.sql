-- what an institution's own details of a group add up to, to be held to its totals; rows are only added
CREATE TABLE reconciliation_sum (
    reconciliation TEXT NOT NULL REFERENCES reconciliation_detail (reconciliation),
    scheme TEXT NOT NULL,
    care TEXT NOT NULL,
    claims BIGINT NOT NULL CHECK (claims >= 0),
    reversed BIGINT NOT NULL CHECK (reversed >= 0),
    total_fen BIGINT NOT NULL CHECK (typeof(total_fen) = 'integer' AND total_fen >= 0),
    fund_fen BIGINT NOT NULL CHECK (typeof(fund_fen) = 'integer' AND fund_fen >= 0),
    account_fen BIGINT NOT NULL CHECK (typeof(account_fen) = 'integer' AND account_fen >= 0),
    cash_fen BIGINT NOT NULL CHECK (typeof(cash_fen) = 'integer' AND cash_fen >= 0),
    PRIMARY KEY (reconciliation, scheme, care)
);

CREATE TRIGGER reconciliation_sum_no_update BEFORE UPDATE ON reconciliation_sum BEGIN
    SELECT RAISE(ABORT, 'what was compared is kept as it was');
END;
CREATE TRIGGER reconciliation_sum_no_delete BEFORE DELETE ON reconciliation_sum BEGIN
    SELECT RAISE(ABORT, 'what was compared is kept as it was');
END;

-- whether a day was reconciled with an institution
CREATE INDEX reconciliation_institution ON reconciliation (institution, from_date);
