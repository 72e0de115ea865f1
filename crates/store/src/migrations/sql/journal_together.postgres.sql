-- An entry and its lines are written in one statement, so that lines are held to their entries once a statement, no longer one by
-- one at the commit. An entry another transaction seals meanwhile cannot be seen, so nothing is added to it either.
DROP TRIGGER journal_line_placed ON journal_line;
CREATE OR REPLACE FUNCTION journal_line_placed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM added a LEFT JOIN journal j ON j.id = a.entry
            WHERE j.line_count IS NULL OR j.line_count <= a.position) THEN
        RAISE EXCEPTION 'the line has no entry, or no place in it';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER journal_line_placed AFTER INSERT ON journal_line REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION journal_line_placed();
