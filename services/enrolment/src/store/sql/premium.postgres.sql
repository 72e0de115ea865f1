-- entries of premium assistance whose event was written: what was booked while assistance was not connected is told once it is
CREATE TABLE premium_told (
    entry_id TEXT PRIMARY KEY REFERENCES journal (id),
    recorded_at BIGINT NOT NULL
);
CREATE TRIGGER premium_told_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON premium_told
    FOR EACH STATEMENT EXECUTE FUNCTION enrolment_append_only();
