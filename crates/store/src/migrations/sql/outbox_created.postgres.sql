-- when an event was made, in microseconds since 1970 (0: before this step): how long the oldest has waited is measured
ALTER TABLE outbox ADD COLUMN created_at BIGINT NOT NULL DEFAULT 0 CHECK (created_at >= 0);
-- a relay walks the waiting events in this order and stops when it has enough
CREATE INDEX outbox_turn ON outbox (attempts, seq) WHERE delivered_at IS NULL;
-- what was delivered long ago is removed
CREATE INDEX outbox_delivered ON outbox (delivered_at) WHERE delivered_at IS NOT NULL;
