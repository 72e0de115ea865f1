-- policy versions, each named by the hash of its files and kept whole; and the acts that made them heads. Rows are only added.
CREATE TABLE policy_version (
    version TEXT PRIMARY KEY CHECK (length(version) = 64),
    files TEXT NOT NULL
);
CREATE TABLE publication (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
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
CREATE TRIGGER policy_version_no_replace BEFORE INSERT ON policy_version
WHEN EXISTS (SELECT 1 FROM policy_version WHERE version = NEW.version) BEGIN
    -- INSERT OR REPLACE would delete without a trigger
    SELECT RAISE(ABORT, 'the version is there already');
END;
CREATE TRIGGER policy_version_no_update BEFORE UPDATE ON policy_version BEGIN
    SELECT RAISE(ABORT, 'a version is immutable');
END;
CREATE TRIGGER policy_version_no_delete BEFORE DELETE ON policy_version BEGIN
    SELECT RAISE(ABORT, 'a version is immutable');
END;
CREATE TRIGGER publication_no_replace BEFORE INSERT ON publication
WHEN EXISTS (SELECT 1 FROM publication WHERE id = NEW.id OR seq = NEW.seq) BEGIN
    SELECT RAISE(ABORT, 'the publication is there already');
END;
CREATE TRIGGER publication_no_update BEFORE UPDATE ON publication BEGIN
    SELECT RAISE(ABORT, 'publications are append-only');
END;
CREATE TRIGGER publication_no_delete BEFORE DELETE ON publication BEGIN
    SELECT RAISE(ABORT, 'publications are append-only');
END;
