-- answers are packed by the faster method where the server has it; else as before
DO $$ BEGIN
    ALTER TABLE idempotency ALTER COLUMN answer SET COMPRESSION lz4;
EXCEPTION WHEN feature_not_supported THEN NULL;
END $$;
