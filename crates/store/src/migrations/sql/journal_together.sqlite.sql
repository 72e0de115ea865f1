-- SQLite holds a line to its entry as it seals it
SELECT 1;
