-- inward, from elsewhere: which officer checked which contact letter; and whose balances wait, looked for at each payment
ALTER TABLE transfer ADD COLUMN confirmation TEXT;
CREATE INDEX transfer_person ON transfer (person_id);
