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
SELECT 'opening-' || row_number() OVER (ORDER BY person, year), person, year, json_extract(opening, '$.start'),
    json_extract(opening, '$.source'), json_extract(opening, '$.operator')
FROM person_year WHERE opening IS NOT NULL;
UPDATE person_year SET opening = json_set(person_year.opening, '$.id', o.id)
FROM opening AS o WHERE o.person = person_year.person AND o.year = person_year.year;

CREATE TRIGGER opening_no_update BEFORE UPDATE ON opening BEGIN SELECT RAISE(ABORT, 'starts of years are append-only'); END;
CREATE TRIGGER opening_no_replace BEFORE INSERT ON opening
WHEN EXISTS (SELECT 1 FROM opening WHERE id = NEW.id) BEGIN
    SELECT RAISE(ABORT, 'starts of years are append-only');
END;
CREATE TRIGGER opening_no_delete BEFORE DELETE ON opening BEGIN SELECT RAISE(ABORT, 'starts of years are append-only'); END;
