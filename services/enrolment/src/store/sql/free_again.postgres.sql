-- a receipt or a certificate of what was a mistake is free again: each use has its number, and says whether it counts
CREATE TABLE receipt_use (
    receipt TEXT NOT NULL,
    round BIGINT NOT NULL CHECK (round > 0),
    enrolment_id TEXT NOT NULL,
    PRIMARY KEY (receipt, round)
);
INSERT INTO receipt_use (receipt, round, enrolment_id) SELECT receipt, 1, enrolment_id FROM receipt;
DROP TABLE receipt;
CREATE INDEX receipt_use_enrolment ON receipt_use (enrolment_id);
CREATE TABLE receipt_freed (
    enrolment_id TEXT PRIMARY KEY,
    recorded_at BIGINT NOT NULL
);
CREATE TABLE certificate_use (
    key TEXT NOT NULL CHECK (key <> ''),
    inward BIGINT NOT NULL CHECK (inward IN (0, 1)),
    round BIGINT NOT NULL CHECK (round > 0),
    transfer_id TEXT NOT NULL REFERENCES transfer (transfer_id),
    PRIMARY KEY (key, inward, round)
);
INSERT INTO certificate_use (key, inward, round, transfer_id) SELECT key, inward, 1, transfer_id FROM certificate;
DROP TABLE certificate;
CREATE TABLE transfer_undone (
    transfer_id TEXT PRIMARY KEY REFERENCES transfer (transfer_id),
    recorded_at BIGINT NOT NULL
);
CREATE INDEX transfer_enrolment ON transfer (enrolment_id);
CREATE TRIGGER receipt_use_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON receipt_use
    FOR EACH STATEMENT EXECUTE FUNCTION enrolment_append_only();
CREATE TRIGGER receipt_freed_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON receipt_freed
    FOR EACH STATEMENT EXECUTE FUNCTION enrolment_append_only();
CREATE TRIGGER certificate_use_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON certificate_use
    FOR EACH STATEMENT EXECUTE FUNCTION enrolment_append_only();
CREATE TRIGGER transfer_undone_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON transfer_undone
    FOR EACH STATEMENT EXECUTE FUNCTION enrolment_append_only();
