-- comparisons of an institution's books with ours; rows are only added
CREATE TABLE reconciliation (
    id TEXT PRIMARY KEY,
    institution TEXT NOT NULL,
    from_date TEXT NOT NULL,
    to_date TEXT NOT NULL CHECK (to_date >= from_date),
    is_equal BIGINT NOT NULL CHECK (is_equal IN (0, 1)),
    compared_at BIGINT NOT NULL
);

-- the two sides' totals of one scheme and kind of care; a side that has none is null
CREATE TABLE reconciliation_group (
    reconciliation TEXT NOT NULL REFERENCES reconciliation (id),
    scheme TEXT NOT NULL,
    care TEXT NOT NULL,
    their_claims BIGINT CHECK (their_claims >= 0),
    their_reversed BIGINT CHECK (their_reversed >= 0),
    their_total_fen BIGINT CHECK (their_total_fen >= 0),
    their_fund_fen BIGINT CHECK (their_fund_fen >= 0),
    their_account_fen BIGINT CHECK (their_account_fen >= 0),
    their_cash_fen BIGINT CHECK (their_cash_fen >= 0),
    our_claims BIGINT CHECK (our_claims >= 0),
    our_reversed BIGINT CHECK (our_reversed >= 0),
    our_total_fen BIGINT CHECK (our_total_fen >= 0),
    our_fund_fen BIGINT CHECK (our_fund_fen >= 0),
    our_account_fen BIGINT CHECK (our_account_fen >= 0),
    our_cash_fen BIGINT CHECK (our_cash_fen >= 0),
    PRIMARY KEY (reconciliation, scheme, care)
);

-- that details were compared: once for each reconciliation
CREATE TABLE reconciliation_detail (
    reconciliation TEXT PRIMARY KEY REFERENCES reconciliation (id),
    claims BIGINT NOT NULL CHECK (claims >= 0),
    differences BIGINT NOT NULL CHECK (differences >= 0),
    compared_at BIGINT NOT NULL
);

-- claims on which the two sides differ, in order of the institution's bill ids; our side as it stood
CREATE TABLE difference (
    reconciliation TEXT NOT NULL REFERENCES reconciliation_detail (reconciliation),
    position BIGINT NOT NULL CHECK (position > 0),
    kind TEXT NOT NULL,
    bill TEXT NOT NULL,
    claim TEXT REFERENCES claim (id),
    revision BIGINT,
    state TEXT,
    theirs TEXT,
    advice TEXT NOT NULL,
    PRIMARY KEY (reconciliation, position),
    CHECK (claim IS NOT NULL OR theirs IS NOT NULL)
);

CREATE TRIGGER reconciliation_append_only BEFORE UPDATE OR DELETE ON reconciliation
    FOR EACH ROW EXECUTE FUNCTION settlement_refuse('what was compared is kept as it was');
CREATE TRIGGER reconciliation_no_truncate BEFORE TRUNCATE ON reconciliation
    FOR EACH STATEMENT EXECUTE FUNCTION settlement_refuse('what was compared is kept as it was');
CREATE TRIGGER reconciliation_group_append_only BEFORE UPDATE OR DELETE ON reconciliation_group
    FOR EACH ROW EXECUTE FUNCTION settlement_refuse('what was compared is kept as it was');
CREATE TRIGGER reconciliation_group_no_truncate BEFORE TRUNCATE ON reconciliation_group
    FOR EACH STATEMENT EXECUTE FUNCTION settlement_refuse('what was compared is kept as it was');
CREATE TRIGGER reconciliation_detail_append_only BEFORE UPDATE OR DELETE ON reconciliation_detail
    FOR EACH ROW EXECUTE FUNCTION settlement_refuse('what was compared is kept as it was');
CREATE TRIGGER reconciliation_detail_no_truncate BEFORE TRUNCATE ON reconciliation_detail
    FOR EACH STATEMENT EXECUTE FUNCTION settlement_refuse('what was compared is kept as it was');
CREATE TRIGGER difference_append_only BEFORE UPDATE OR DELETE ON difference
    FOR EACH ROW EXECUTE FUNCTION settlement_refuse('what was compared is kept as it was');
CREATE TRIGGER difference_no_truncate BEFORE TRUNCATE ON difference
    FOR EACH STATEMENT EXECUTE FUNCTION settlement_refuse('what was compared is kept as it was');
