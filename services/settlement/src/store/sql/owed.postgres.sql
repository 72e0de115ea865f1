-- what the owner of an account owes for what was taken back and was spent before: while something is owed, nothing is there
ALTER TABLE account ADD COLUMN owed_fen BIGINT NOT NULL DEFAULT 0
    CHECK (owed_fen >= 0 AND (owed_fen = 0 OR balance_fen = 0));

-- what the owner owed after each movement
ALTER TABLE movement ADD COLUMN owed_fen BIGINT NOT NULL DEFAULT 0 CHECK (owed_fen >= 0);

-- what was taken back for is taken back once
CREATE UNIQUE INDEX movement_taken_back_once ON movement (about) WHERE kind = 'taken_back';
