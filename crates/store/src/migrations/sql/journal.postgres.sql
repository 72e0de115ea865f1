-- the journal: rows are only added. At the commit an entry balances and has the lines it counts.
CREATE TABLE journal (
    seq BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id TEXT NOT NULL UNIQUE CHECK (id <> ''),
    kind TEXT NOT NULL,
    date TEXT NOT NULL,
    reference TEXT NOT NULL,
    original TEXT REFERENCES journal (id),
    policy TEXT,
    clauses TEXT NOT NULL,
    total_fen BIGINT NOT NULL,
    memo TEXT NOT NULL,
    line_count BIGINT NOT NULL CHECK (line_count >= 0)
);
CREATE INDEX journal_reference ON journal (reference);
CREATE UNIQUE INDEX journal_reversed_once ON journal (original) WHERE kind = 'reversal';
CREATE TABLE journal_line (
    entry TEXT NOT NULL REFERENCES journal (id) DEFERRABLE INITIALLY DEFERRED,
    position BIGINT NOT NULL CHECK (position >= 0),
    account TEXT NOT NULL CHECK (account <> ''),
    side TEXT NOT NULL CHECK (side IN ('debit', 'credit')),
    amount_fen BIGINT NOT NULL CHECK (amount_fen > 0),
    PRIMARY KEY (entry, position)
);
CREATE INDEX journal_line_account ON journal_line (account);
-- the settlement of a claim that stands: kept by the triggers below, so that a claim is settled once until reversed
CREATE TABLE journal_standing (
    reference TEXT PRIMARY KEY,
    entry TEXT NOT NULL UNIQUE
);
CREATE FUNCTION journal_balanced() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    named TEXT;
    counted BIGINT;
    lines BIGINT;
    difference NUMERIC;
BEGIN
    IF TG_TABLE_NAME = 'journal' THEN named := NEW.id; ELSE named := NEW.entry; END IF;
    SELECT line_count INTO counted FROM journal WHERE id = named;
    SELECT count(*), coalesce(sum(CASE side WHEN 'debit' THEN amount_fen ELSE -amount_fen END), 0)
        INTO lines, difference FROM journal_line WHERE entry = named;
    IF difference <> 0 THEN RAISE EXCEPTION 'the entry does not balance'; END IF;
    IF lines IS DISTINCT FROM counted THEN RAISE EXCEPTION 'the entry has not the lines it counts'; END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER journal_balanced AFTER INSERT ON journal
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION journal_balanced();
-- no line is added to an entry later
CREATE CONSTRAINT TRIGGER journal_line_balanced AFTER INSERT ON journal_line
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION journal_balanced();
CREATE FUNCTION journal_standing() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.kind = 'settlement' THEN
        INSERT INTO journal_standing (reference, entry) VALUES (NEW.reference, NEW.id);
    ELSIF NEW.kind = 'reversal' THEN
        DELETE FROM journal_standing WHERE entry = NEW.original;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER journal_standing AFTER INSERT ON journal FOR EACH ROW EXECUTE FUNCTION journal_standing();
CREATE FUNCTION journal_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the journal is append-only';
END $$;
CREATE TRIGGER journal_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON journal
    FOR EACH STATEMENT EXECUTE FUNCTION journal_append_only();
CREATE TRIGGER journal_line_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON journal_line
    FOR EACH STATEMENT EXECUTE FUNCTION journal_append_only();
