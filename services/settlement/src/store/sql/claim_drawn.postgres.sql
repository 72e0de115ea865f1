-- who draws a number is a transaction that others can see under way before it draws: an insert that wrote nothing before drew first
-- and was seen after, and a list that was read in between passed its claim by
ALTER TABLE claim ALTER COLUMN seq SET DEFAULT CASE WHEN pg_current_xact_id() IS NOT NULL THEN nextval('claim_seq') END;
