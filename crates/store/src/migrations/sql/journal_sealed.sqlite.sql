-- SQLite seals entries from the first step on; this makes their lines have the places below their count, as on PostgreSQL
CREATE TRIGGER journal_placed BEFORE INSERT ON journal BEGIN
    SELECT RAISE(ABORT, 'the lines have not the places of the entry') WHERE
        coalesce((SELECT max(position) FROM journal_line WHERE entry = NEW.id), -1) >= NEW.line_count;
END;
