-- which import a version came with, and the division of the list it is on; empty where an officer recorded it alone
ALTER TABLE category_grant ADD COLUMN import_id TEXT NOT NULL DEFAULT '';
ALTER TABLE category_grant ADD COLUMN list_division TEXT NOT NULL DEFAULT '';
CREATE INDEX category_grant_list ON category_grant (category, office, authority_division, person_id);
-- imports of departments' lists: open until the last row, ending while what a full list lacks is looked for
CREATE TABLE category_import (
    import_id TEXT PRIMARY KEY,
    office TEXT NOT NULL,
    authority_division TEXT NOT NULL,
    authority_name TEXT NOT NULL,
    division TEXT NOT NULL,
    category TEXT NOT NULL,
    treated_as TEXT,
    as_of_date TEXT NOT NULL,
    full_list BIGINT NOT NULL CHECK (full_list IN (0, 1)),
    mode TEXT NOT NULL CHECK (mode IN ('check', 'apply')),
    source TEXT NOT NULL,
    operator_id TEXT NOT NULL,
    rows_total BIGINT NOT NULL CHECK (rows_total >= 0),
    rows_read BIGINT NOT NULL CHECK (rows_read >= 0),
    found TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('open', 'ending', 'done')),
    begun_at BIGINT NOT NULL,
    committed_at BIGINT NOT NULL
);
-- what each row is to what was known, and after them what a full list lacks; the person of a rejected row is one the list names
CREATE TABLE category_difference (
    import_id TEXT NOT NULL REFERENCES category_import (import_id),
    position BIGINT NOT NULL CHECK (position > 0),
    row_number BIGINT NOT NULL CHECK (row_number >= 0),
    kind TEXT NOT NULL,
    person_id TEXT,
    before_grant TEXT,
    after_grant TEXT,
    problems TEXT NOT NULL,
    PRIMARY KEY (import_id, position)
);
CREATE INDEX category_difference_person ON category_difference (import_id, person_id);
CREATE FUNCTION assistance_import_goes_on() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.state = 'done' OR NEW.rows_read < OLD.rows_read THEN
        RAISE EXCEPTION 'an import only goes on';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER category_import_goes_on BEFORE UPDATE ON category_import
    FOR EACH ROW EXECUTE FUNCTION assistance_import_goes_on();
CREATE TRIGGER category_import_stays BEFORE DELETE OR TRUNCATE ON category_import
    FOR EACH STATEMENT EXECUTE FUNCTION assistance_append_only();
CREATE TRIGGER category_difference_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON category_difference
    FOR EACH STATEMENT EXECUTE FUNCTION assistance_append_only();
