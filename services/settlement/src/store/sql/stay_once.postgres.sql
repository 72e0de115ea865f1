-- a stay is one admission of one person: at most one claim of it stands, also where two come at once
DROP INDEX claim_stay;
CREATE UNIQUE INDEX claim_stay ON claim (stay, institution) WHERE stay <> '' AND state <> 'reversed';
