-- the order in which claims were numbered: of a list that is read up to a number, and goes on after it, none is missed
CREATE SEQUENCE claim_seq;
ALTER TABLE claim ADD COLUMN seq BIGINT;
ALTER TABLE claim DISABLE TRIGGER claim_reversed_for_good;
UPDATE claim SET seq = numbered.seq
    FROM (SELECT id, row_number() OVER (ORDER BY settled_at, id) AS seq FROM claim) AS numbered
    WHERE claim.id = numbered.id;
ALTER TABLE claim ENABLE TRIGGER claim_reversed_for_good;
SELECT setval('claim_seq', greatest(count(*), 1), count(*) > 0) FROM claim;
ALTER TABLE claim ALTER COLUMN seq SET NOT NULL, ALTER COLUMN seq SET DEFAULT nextval('claim_seq');
ALTER SEQUENCE claim_seq OWNED BY claim.seq;
