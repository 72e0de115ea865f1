-- what an institution numbers is found by its number first, so that no plan made while the table was empty reads all of an
-- institution's claims
DROP INDEX claim_bill_once;
CREATE UNIQUE INDEX claim_bill_once ON claim (bill, institution) WHERE state <> 'reversed';
DROP INDEX claim_key_once;
CREATE UNIQUE INDEX claim_key_once ON claim (key, institution);
DROP INDEX claim_stay;
CREATE INDEX claim_stay ON claim (stay, institution) WHERE stay <> '' AND state <> 'reversed';
