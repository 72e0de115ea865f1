-- the journal: rows are only added. Lines come first; the entry's row seals them, and no line is added to a sealed entry.
CREATE TABLE journal (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
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
    amount_fen BIGINT NOT NULL CHECK (typeof(amount_fen) = 'integer' AND amount_fen > 0),
    PRIMARY KEY (entry, position)
) WITHOUT ROWID;
CREATE INDEX journal_line_account ON journal_line (account);
-- the settlement of a claim that stands: kept by the triggers below, so that a claim is settled once until reversed
CREATE TABLE journal_standing (
    reference TEXT PRIMARY KEY,
    entry TEXT NOT NULL UNIQUE
) WITHOUT ROWID;
CREATE TRIGGER journal_balanced BEFORE INSERT ON journal BEGIN
    -- INSERT OR REPLACE would delete without a trigger
    SELECT RAISE(ABORT, 'the entry is there already') WHERE
        EXISTS (SELECT 1 FROM journal WHERE id = NEW.id OR seq = NEW.seq);
    SELECT RAISE(ABORT, 'the entry does not balance') WHERE
        (SELECT coalesce(sum(CASE side WHEN 'debit' THEN amount_fen ELSE -amount_fen END), 0)
         FROM journal_line WHERE entry = NEW.id) <> 0;
    SELECT RAISE(ABORT, 'the entry has not the lines it counts') WHERE
        (SELECT count(*) FROM journal_line WHERE entry = NEW.id) <> NEW.line_count;
END;
CREATE TRIGGER journal_line_sealed BEFORE INSERT ON journal_line
WHEN EXISTS (SELECT 1 FROM journal WHERE id = NEW.entry) BEGIN
    SELECT RAISE(ABORT, 'the entry is sealed');
END;
CREATE TRIGGER journal_settled AFTER INSERT ON journal WHEN NEW.kind = 'settlement' BEGIN
    INSERT INTO journal_standing (reference, entry) VALUES (NEW.reference, NEW.id);
END;
CREATE TRIGGER journal_reversed AFTER INSERT ON journal WHEN NEW.kind = 'reversal' BEGIN
    DELETE FROM journal_standing WHERE entry = NEW.original;
END;
CREATE TRIGGER journal_no_update BEFORE UPDATE ON journal BEGIN
    SELECT RAISE(ABORT, 'the journal is append-only');
END;
CREATE TRIGGER journal_no_delete BEFORE DELETE ON journal BEGIN
    SELECT RAISE(ABORT, 'the journal is append-only');
END;
CREATE TRIGGER journal_line_no_update BEFORE UPDATE ON journal_line BEGIN
    SELECT RAISE(ABORT, 'the journal is append-only');
END;
CREATE TRIGGER journal_line_no_delete BEFORE DELETE ON journal_line BEGIN
    SELECT RAISE(ABORT, 'the journal is append-only');
END;
