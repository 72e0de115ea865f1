-- entries of premium assistance whose event was written: what was booked while assistance was not connected is told once it is
CREATE TABLE premium_told (
    entry_id TEXT PRIMARY KEY REFERENCES journal (id),
    recorded_at BIGINT NOT NULL
);
CREATE TRIGGER premium_told_no_update BEFORE UPDATE ON premium_told BEGIN
    SELECT RAISE(ABORT, 'facts are only added');
END;
CREATE TRIGGER premium_told_no_delete BEFORE DELETE ON premium_told BEGIN
    SELECT RAISE(ABORT, 'facts are only added');
END;
