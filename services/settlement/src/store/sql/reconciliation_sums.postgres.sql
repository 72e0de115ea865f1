-- what an institution's own details of a group add up to, to be held to its totals; rows are only added
CREATE TABLE reconciliation_sum (
    reconciliation TEXT NOT NULL REFERENCES reconciliation_detail (reconciliation),
    scheme TEXT NOT NULL,
    care TEXT NOT NULL,
    claims BIGINT NOT NULL CHECK (claims >= 0),
    reversed BIGINT NOT NULL CHECK (reversed >= 0),
    total_fen BIGINT NOT NULL CHECK (total_fen >= 0),
    fund_fen BIGINT NOT NULL CHECK (fund_fen >= 0),
    account_fen BIGINT NOT NULL CHECK (account_fen >= 0),
    cash_fen BIGINT NOT NULL CHECK (cash_fen >= 0),
    PRIMARY KEY (reconciliation, scheme, care)
);

CREATE TRIGGER reconciliation_sum_append_only BEFORE UPDATE OR DELETE ON reconciliation_sum
    FOR EACH ROW EXECUTE FUNCTION settlement_refuse('what was compared is kept as it was');
CREATE TRIGGER reconciliation_sum_no_truncate BEFORE TRUNCATE ON reconciliation_sum
    FOR EACH STATEMENT EXECUTE FUNCTION settlement_refuse('what was compared is kept as it was');

-- whether a day was reconciled with an institution
CREATE INDEX reconciliation_institution ON reconciliation (institution, from_date);
