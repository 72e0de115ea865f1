-- every start that a person's year was given with figures from elsewhere; rows are only added, and one corrects another once
CREATE TABLE opening (
    id TEXT PRIMARY KEY,
    person TEXT NOT NULL,
    year BIGINT NOT NULL,
    division TEXT,
    start TEXT NOT NULL,
    source TEXT NOT NULL,
    operator TEXT NOT NULL,
    replaces TEXT REFERENCES opening (id),
    opened_at BIGINT
);
CREATE UNIQUE INDEX opening_first_once ON opening (person, year) WHERE replaces IS NULL;
CREATE UNIQUE INDEX opening_replaced_once ON opening (replaces) WHERE replaces IS NOT NULL;

-- those of before: nobody asked for the division then, and nobody kept when
INSERT INTO opening (id, person, year, start, source, operator)
SELECT 'opening-' || row_number() OVER (ORDER BY person, year), person, year, (opening::json -> 'start')::text,
    opening::json ->> 'source', opening::json ->> 'operator'
FROM person_year WHERE opening IS NOT NULL;
UPDATE person_year SET opening = jsonb_set(person_year.opening::jsonb, '{id}', to_jsonb(o.id))::text
FROM opening o WHERE o.person = person_year.person AND o.year = person_year.year;

CREATE TRIGGER opening_append_only BEFORE UPDATE OR DELETE ON opening
    FOR EACH ROW EXECUTE FUNCTION settlement_refuse('starts of years are append-only');
CREATE TRIGGER opening_no_truncate BEFORE TRUNCATE ON opening
    FOR EACH STATEMENT EXECUTE FUNCTION settlement_refuse('starts of years are append-only');
