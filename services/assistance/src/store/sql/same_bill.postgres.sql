-- of one person and institution, claims of the same bill or stay are of one thing: what a payer paid of an earlier one counts for a
-- later one; empty where it was not told
ALTER TABLE claim_fact ADD COLUMN bill_id TEXT NOT NULL DEFAULT '';
ALTER TABLE claim_fact ADD COLUMN stay_id TEXT NOT NULL DEFAULT '';
