-- As on SQLite: the lines come first and the entry's row seals them. An entry is checked once, with all that are added beside it;
-- its lines have the places below their count, each once, so that a sealed entry has no place left for another line.
DROP TRIGGER journal_balanced ON journal;
DROP TRIGGER journal_line_balanced ON journal_line;
DROP FUNCTION journal_balanced();
DROP TRIGGER journal_standing ON journal;
DROP FUNCTION journal_standing();
ALTER TABLE journal_line DROP CONSTRAINT journal_line_entry_fkey;

-- at the commit, so that an entry which another transaction has sealed meanwhile is seen: stands for the foreign key too
CREATE FUNCTION journal_line_placed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM journal WHERE id = NEW.entry AND line_count > NEW.position) THEN
        RAISE EXCEPTION 'the line has no entry, or no place in it';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER journal_line_placed AFTER INSERT ON journal_line
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION journal_line_placed();

CREATE FUNCTION journal_sealed() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    unsound TEXT;
    one RECORD;
BEGIN
    SELECT CASE WHEN l.difference <> 0 THEN 'the entry does not balance' ELSE 'the entry has not the lines it counts' END
        INTO unsound FROM added a CROSS JOIN LATERAL (
            SELECT count(*) AS lines, coalesce(max(position), -1) AS last,
                coalesce(sum(CASE side WHEN 'debit' THEN amount_fen ELSE -amount_fen END), 0) AS difference
            FROM journal_line WHERE entry = a.id) l
        WHERE l.difference <> 0 OR l.lines <> a.line_count OR l.last >= a.line_count LIMIT 1;
    IF unsound IS NOT NULL THEN RAISE EXCEPTION '%', unsound; END IF;
    IF NOT EXISTS (SELECT 1 FROM added WHERE kind = 'reversal') THEN
        INSERT INTO journal_standing (reference, entry) SELECT reference, id FROM added WHERE kind = 'settlement';
        RETURN NULL;
    END IF;
    FOR one IN SELECT * FROM added WHERE kind IN ('settlement', 'reversal') ORDER BY seq LOOP
        IF one.kind = 'settlement' THEN
            INSERT INTO journal_standing (reference, entry) VALUES (one.reference, one.id);
        ELSE
            DELETE FROM journal_standing WHERE entry = one.original;
        END IF;
    END LOOP;
    RETURN NULL;
END $$;
CREATE TRIGGER journal_sealed AFTER INSERT ON journal REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION journal_sealed();
