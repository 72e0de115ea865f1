-- what stood before this service was connected comes without a Change: the id is then that of the adoption
ALTER TABLE claim_fact DROP CONSTRAINT claim_fact_change_id_fkey;
ALTER TABLE claim_share DROP CONSTRAINT claim_share_change_id_fkey;
ALTER TABLE opening_share DROP CONSTRAINT opening_share_change_id_fkey;
ALTER TABLE opening_share DROP CONSTRAINT opening_share_pkey;
ALTER TABLE opening_share ADD PRIMARY KEY (change_id, person_id, year, payer);
-- adoptions, by the caller's key
CREATE TABLE adoption (
    idempotency_key TEXT PRIMARY KEY,
    adoption_id TEXT NOT NULL UNIQUE,
    begun_at BIGINT NOT NULL,
    answer BYTEA,
    ended_at BIGINT,
    CHECK ((answer IS NULL) = (ended_at IS NULL))
);
-- people who had more than the limit of a year, which was raised to what they have
CREATE TABLE adoption_over (
    adoption_id TEXT NOT NULL REFERENCES adoption (adoption_id),
    person_id TEXT NOT NULL REFERENCES person (person_id),
    year BIGINT NOT NULL,
    payer TEXT NOT NULL,
    limit_fen BIGINT NOT NULL CHECK (limit_fen >= 0),
    used_fen BIGINT NOT NULL CHECK (used_fen > limit_fen),
    PRIMARY KEY (adoption_id, person_id, year, payer)
);
CREATE TRIGGER adoption_stays BEFORE DELETE OR TRUNCATE ON adoption
    FOR EACH STATEMENT EXECUTE FUNCTION assistance_append_only();
CREATE TRIGGER adoption_over_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON adoption_over
    FOR EACH STATEMENT EXECUTE FUNCTION assistance_append_only();
