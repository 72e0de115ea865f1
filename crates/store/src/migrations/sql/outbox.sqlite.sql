-- what others must hear, written in the commit that made it true; delivered at least once, in order for each key
CREATE TABLE outbox (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    key TEXT NOT NULL,
    topic TEXT NOT NULL,
    payload BLOB NOT NULL,
    trace_context TEXT,
    attempts BIGINT NOT NULL DEFAULT 0 CHECK (attempts >= 0),
    lease_owner TEXT,
    lease_until BIGINT NOT NULL DEFAULT 0,
    delivered_at BIGINT
);
CREATE INDEX outbox_waiting ON outbox (key, seq) WHERE delivered_at IS NULL;
