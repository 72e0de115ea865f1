-- policy versions, each named by the hash of its files and kept whole; and the acts that made them heads. Rows are only added.
CREATE TABLE policy_version (
    version TEXT PRIMARY KEY CHECK (length(version) = 64),
    files TEXT NOT NULL
);
CREATE TABLE publication (
    seq BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id TEXT NOT NULL UNIQUE CHECK (id <> ''),
    division TEXT NOT NULL CHECK (length(division) = 6),
    version TEXT NOT NULL REFERENCES policy_version (version),
    replaced TEXT REFERENCES policy_version (version),
    operator TEXT NOT NULL CHECK (operator <> ''),
    reason TEXT NOT NULL CHECK (reason <> ''),
    source TEXT NOT NULL CHECK (source <> ''),
    published_at BIGINT NOT NULL,
    rolled_forward BIGINT NOT NULL CHECK (rolled_forward IN (0, 1))
);
CREATE INDEX publication_division ON publication (division, seq);
CREATE FUNCTION policy_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'versions and publications are append-only';
END $$;
CREATE TRIGGER policy_version_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON policy_version
    FOR EACH STATEMENT EXECUTE FUNCTION policy_append_only();
CREATE TRIGGER publication_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON publication
    FOR EACH STATEMENT EXECUTE FUNCTION policy_append_only();
