-- a start that is corrected may say that a payer paid nothing before
ALTER TABLE opening_share DROP CONSTRAINT opening_share_amount_fen_check;
ALTER TABLE opening_share ADD CONSTRAINT opening_share_amount_fen_check CHECK (amount_fen >= 0);
