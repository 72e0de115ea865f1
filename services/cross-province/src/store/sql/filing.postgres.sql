-- enquiries whose body is still there
CREATE INDEX message_enquiries ON message (recorded_at) WHERE kind IN ('enquire', 'enquired') AND body IS NOT NULL;
-- whose filings there are; the row is their lock
CREATE TABLE filing_person (
    person_id TEXT PRIMARY KEY CHECK (person_id <> ''),
    turn BIGINT NOT NULL
);
-- filings of care elsewhere by people who are insured here
CREATE TABLE filing (
    filing_id TEXT PRIMARY KEY CHECK (filing_id <> ''),
    person_id TEXT NOT NULL REFERENCES filing_person (person_id),
    -- the place of insurance and the scheme when it was filed
    division TEXT NOT NULL,
    scheme TEXT NOT NULL CHECK (scheme IN ('resident', 'employee')),
    kind TEXT NOT NULL CHECK (kind IN ('long_term', 'referred', 'temporary')),
    channel TEXT NOT NULL CHECK (channel IN ('counter', 'app', 'mini_program', 'phone')),
    recorded_at BIGINT NOT NULL
);
CREATE INDEX filing_of_person ON filing (person_id, recorded_at, filing_id);
-- what a filing is from a moment on; the last version stands
CREATE TABLE filing_version (
    filing_id TEXT NOT NULL REFERENCES filing (filing_id),
    version BIGINT NOT NULL CHECK (version > 0),
    act TEXT NOT NULL CHECK (act IN ('filed', 'changed', 'cancelled', 'supplied')),
    destination TEXT NOT NULL,
    from_date TEXT NOT NULL,
    -- empty: no end
    to_date TEXT NOT NULL,
    -- kinds of documents still to come, and documents handed in: JSON
    due TEXT NOT NULL,
    documents TEXT NOT NULL,
    operator_id TEXT NOT NULL,
    reason TEXT NOT NULL,
    policy_version TEXT NOT NULL,
    recorded_at BIGINT NOT NULL,
    PRIMARY KEY (filing_id, version),
    CHECK ((version = 1) = (act = 'filed'))
);
CREATE FUNCTION filing_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'filings are only added';
END $$;
CREATE TRIGGER filing_stays BEFORE UPDATE OR DELETE ON filing FOR EACH ROW EXECUTE FUNCTION filing_stays();
CREATE TRIGGER filing_version_stays BEFORE UPDATE OR DELETE ON filing_version FOR EACH ROW EXECUTE FUNCTION filing_stays();
