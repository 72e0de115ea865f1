-- reports read claims page by page, by place and month and then by person: rows are numbered in the order in which they were added,
-- so that all pages are of one state
ALTER TABLE claim_fact
    ADD COLUMN number BIGINT GENERATED ALWAYS AS IDENTITY UNIQUE,
    ADD COLUMN settled_month TEXT NOT NULL GENERATED ALWAYS AS (substr(settled_date, 1, 7)) STORED;
CREATE INDEX claim_fact_person_claim ON claim_fact (person_id, claim_id, number);
CREATE INDEX claim_fact_place ON claim_fact (division, settled_month, person_id, claim_id, number);
