-- SQLite numbers rows in the order of its one writer by itself
SELECT 1;
