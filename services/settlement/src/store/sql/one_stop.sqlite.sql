-- how many Changes of the person the keeper of the third system was told: the number of the last
ALTER TABLE account ADD COLUMN changes BIGINT NOT NULL DEFAULT 0 CHECK (changes >= 0);

-- what became of holds of the third system, for ever: used by a Change, or refused; rows are only added
CREATE TABLE hold_end (
    hold TEXT PRIMARY KEY CHECK (hold <> ''),
    person TEXT NOT NULL CHECK (person <> ''),
    change TEXT,
    ended_at BIGINT NOT NULL
) WITHOUT ROWID;
CREATE TRIGGER hold_end_no_update BEFORE UPDATE ON hold_end BEGIN SELECT RAISE(ABORT, 'ends of holds are append-only'); END;
CREATE TRIGGER hold_end_no_delete BEFORE DELETE ON hold_end BEGIN SELECT RAISE(ABORT, 'ends of holds are append-only'); END;
