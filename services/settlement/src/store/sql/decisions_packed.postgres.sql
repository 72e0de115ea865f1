-- decisions and what they were made from are packed by the faster method where the server has it; else as before
DO $$ BEGIN
    ALTER TABLE decision ALTER COLUMN facts SET COMPRESSION lz4, ALTER COLUMN decision SET COMPRESSION lz4;
    ALTER TABLE claim ALTER COLUMN origin SET COMPRESSION lz4;
EXCEPTION WHEN feature_not_supported THEN NULL;
END $$;
