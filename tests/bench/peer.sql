-- what the peer writes: the least a settlement could
CREATE TABLE claim (id BIGSERIAL PRIMARY KEY, person BIGINT NOT NULL, total_fen BIGINT NOT NULL, body TEXT NOT NULL);
CREATE TABLE ledger (claim BIGINT NOT NULL, account TEXT NOT NULL, side TEXT NOT NULL, amount_fen BIGINT NOT NULL);
CREATE INDEX ledger_claim ON ledger (claim);
CREATE TABLE accumulator (person BIGINT PRIMARY KEY, paid_fen BIGINT NOT NULL);
INSERT INTO accumulator SELECT person, 0 FROM generate_series(1, 100000) person;
CREATE TABLE sample (body TEXT NOT NULL);
INSERT INTO sample SELECT string_agg(md5(n::text), '') FROM generate_series(1, 400) n;
