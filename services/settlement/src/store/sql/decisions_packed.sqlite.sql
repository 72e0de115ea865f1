-- SQLite packs nothing
SELECT 1;
