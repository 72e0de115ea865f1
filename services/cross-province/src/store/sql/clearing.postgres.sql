-- monthly clearing, at the centre. A month, from its opening to its end.
CREATE TABLE clearing_period (
    month TEXT PRIMARY KEY CHECK (length(month) = 7),
    state TEXT NOT NULL CHECK (state IN ('declaring', 'sheet', 'noticed', 'closed')),
    declare_until TEXT NOT NULL,
    sheet_on TEXT NOT NULL,
    confirm_until TEXT NOT NULL,
    notice_until TEXT NOT NULL,
    -- set when the notices are issued
    pay_until TEXT,
    receive_until TEXT,
    opened_at BIGINT NOT NULL
);
-- who did what in a month
CREATE TABLE clearing_act (
    seq BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    month TEXT NOT NULL,
    act TEXT NOT NULL,
    actor TEXT NOT NULL,
    about TEXT NOT NULL,
    happened_at BIGINT NOT NULL
);
CREATE INDEX clearing_act_month ON clearing_act (month);
-- a place of care that has declared all of a month
CREATE TABLE clearing_declaration (
    month TEXT NOT NULL,
    care TEXT NOT NULL,
    item_count BIGINT NOT NULL,
    owed_fen BIGINT NOT NULL,
    closed_at BIGINT NOT NULL,
    PRIMARY KEY (month, care)
);
-- what was declared and taken off. An item has one month at most, so it is cleared once; none while its bill is disputed.
CREATE TABLE clearing_item (
    item_id TEXT PRIMARY KEY CHECK (length(item_id) = 32),
    bill_id TEXT NOT NULL,
    month TEXT,
    declared_month TEXT NOT NULL,
    care TEXT NOT NULL,
    insured TEXT NOT NULL CHECK (insured <> care),
    kind TEXT NOT NULL CHECK (kind IN ('settled', 'reversed', 'deducted')),
    day TEXT NOT NULL,
    owed_fen BIGINT NOT NULL CHECK ((kind = 'settled') = (owed_fen > 0) OR owed_fen = 0),
    reason TEXT NOT NULL,
    -- put into its month by officers, after a dispute
    is_decided BIGINT NOT NULL CHECK (is_decided IN (0, 1))
);
CREATE INDEX clearing_item_row ON clearing_item (month, care, insured, item_id);
CREATE INDEX clearing_item_deducted ON clearing_item (bill_id) WHERE kind = 'deducted';
-- the sheet: what a place of insurance owes a place of care by a month
CREATE TABLE clearing_row (
    month TEXT NOT NULL,
    care TEXT NOT NULL,
    insured TEXT NOT NULL,
    item_count BIGINT NOT NULL CHECK (item_count >= 0),
    settled_fen BIGINT NOT NULL CHECK (settled_fen >= 0),
    reversed_fen BIGINT NOT NULL CHECK (reversed_fen <= 0),
    deducted_fen BIGINT NOT NULL CHECK (deducted_fen <= 0),
    disputed_count BIGINT NOT NULL CHECK (disputed_count >= 0),
    disputed_fen BIGINT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('listed', 'confirmed', 'noticed', 'paid', 'received')),
    paid_on TEXT,
    paid_reference TEXT NOT NULL,
    received_on TEXT,
    PRIMARY KEY (month, care, insured)
);
-- bills that were taken out of a sheet
CREATE TABLE clearing_dispute (
    bill_id TEXT PRIMARY KEY,
    month TEXT NOT NULL,
    care TEXT NOT NULL,
    insured TEXT NOT NULL,
    item_count BIGINT NOT NULL CHECK (item_count > 0),
    owed_fen BIGINT NOT NULL,
    reason TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('open', 'proposed', 'resolved')),
    deducted_fen BIGINT NOT NULL CHECK (deducted_fen >= 0),
    resolution TEXT NOT NULL,
    proposed_by TEXT NOT NULL,
    confirmed_by TEXT NOT NULL CHECK (confirmed_by = '' OR confirmed_by <> proposed_by),
    resolved_month TEXT CHECK (resolved_month > month),
    opened_at BIGINT NOT NULL
);
CREATE INDEX clearing_dispute_month ON clearing_dispute (month, bill_id);
-- an item changes its month only: out of one that is not noticed yet, and once into another
CREATE FUNCTION clearing_item_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'an item of clearing stays as it was declared';
END $$;
CREATE TRIGGER clearing_item_stays BEFORE UPDATE ON clearing_item FOR EACH ROW
    WHEN (OLD.item_id <> NEW.item_id OR OLD.bill_id <> NEW.bill_id OR OLD.owed_fen <> NEW.owed_fen OR OLD.care <> NEW.care
        OR OLD.insured <> NEW.insured OR OLD.kind <> NEW.kind OR OLD.day <> NEW.day OR OLD.is_decided = 1
        OR (OLD.month IS NULL) = (NEW.month IS NULL))
    EXECUTE FUNCTION clearing_item_stays();
CREATE TRIGGER clearing_item_no_delete BEFORE DELETE ON clearing_item FOR EACH ROW EXECUTE FUNCTION only_added();
CREATE TRIGGER clearing_item_no_truncate BEFORE TRUNCATE ON clearing_item EXECUTE FUNCTION only_added();
CREATE TRIGGER clearing_act_only_added BEFORE UPDATE OR DELETE ON clearing_act FOR EACH ROW EXECUTE FUNCTION only_added();
-- what notices say stays
CREATE TRIGGER clearing_row_noticed BEFORE UPDATE ON clearing_row FOR EACH ROW
    WHEN (OLD.state IN ('noticed', 'paid', 'received') AND (OLD.settled_fen <> NEW.settled_fen OR OLD.reversed_fen <> NEW.reversed_fen
        OR OLD.deducted_fen <> NEW.deducted_fen OR OLD.item_count <> NEW.item_count))
    EXECUTE FUNCTION clearing_item_stays();
