-- what a debit is for is taken off an account once
CREATE UNIQUE INDEX movement_debited_once ON movement (about) WHERE kind IN ('relative_premium', 'taken_along');
