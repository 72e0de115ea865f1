-- how many Changes of the person the keeper of the third system was told: the number of the last
ALTER TABLE account ADD COLUMN changes BIGINT NOT NULL DEFAULT 0 CHECK (changes >= 0);

-- what became of holds of the third system, for ever: used by a Change, or refused; rows are only added
CREATE TABLE hold_end (
    hold TEXT PRIMARY KEY CHECK (hold <> ''),
    person TEXT NOT NULL CHECK (person <> ''),
    change TEXT,
    ended_at BIGINT NOT NULL
);
CREATE TRIGGER hold_end_append_only BEFORE UPDATE OR DELETE ON hold_end
FOR EACH ROW EXECUTE FUNCTION settlement_refuse('ends of holds are append-only');
CREATE TRIGGER hold_end_no_truncate BEFORE TRUNCATE ON hold_end
FOR EACH STATEMENT EXECUTE FUNCTION settlement_refuse('ends of holds are append-only');
