-- one end of the two chains between this province and another; its row is their lock
CREATE TABLE link (
    peer TEXT PRIMARY KEY CHECK (peer <> ''),
    sent_sequence BIGINT NOT NULL CHECK (sent_sequence >= 0),
    sent_sha256 TEXT NOT NULL CHECK (length(sent_sha256) = 64),
    -- the last that came with all before it
    seen_sequence BIGINT NOT NULL CHECK (seen_sequence >= 0),
    seen_sha256 TEXT NOT NULL CHECK (length(seen_sha256) = 64),
    -- the highest that came, or that the other side has signed for
    highest BIGINT NOT NULL CHECK (highest >= seen_sequence)
);
-- every message that was sent or believed; the header is what is signed
CREATE TABLE message (
    peer TEXT NOT NULL REFERENCES link (peer),
    direction TEXT NOT NULL CHECK (direction IN ('out', 'in')),
    sequence BIGINT NOT NULL CHECK (sequence > 0),
    message_id TEXT NOT NULL,
    -- the message it answers; empty
    reply_to TEXT NOT NULL,
    kind TEXT NOT NULL,
    -- the bill it is about, and which step of it; empty and 0
    bill_id TEXT NOT NULL,
    step BIGINT NOT NULL CHECK (step >= 0),
    header BLOB NOT NULL,
    header_sha256 TEXT NOT NULL,
    previous_sha256 TEXT NOT NULL,
    signature BLOB NOT NULL,
    -- of enquiries it is removed after their time
    body BLOB,
    recorded_at BIGINT NOT NULL,
    PRIMARY KEY (peer, direction, sequence),
    UNIQUE (message_id, direction)
);
CREATE INDEX message_bill ON message (bill_id, direction, kind, step) WHERE bill_id <> '';
CREATE INDEX message_answers ON message (reply_to, direction) WHERE reply_to <> '';
CREATE TRIGGER message_stays BEFORE UPDATE ON message
WHEN NOT (NEW.body IS NULL AND OLD.kind IN ('enquire', 'enquired')) OR NEW.peer <> OLD.peer OR NEW.direction <> OLD.direction
    OR NEW.sequence <> OLD.sequence OR NEW.message_id <> OLD.message_id OR NEW.reply_to <> OLD.reply_to OR NEW.kind <> OLD.kind
    OR NEW.bill_id <> OLD.bill_id OR NEW.step <> OLD.step OR NEW.header <> OLD.header OR NEW.signature <> OLD.signature
    OR NEW.header_sha256 <> OLD.header_sha256 OR NEW.previous_sha256 <> OLD.previous_sha256
    OR NEW.recorded_at <> OLD.recorded_at BEGIN
    SELECT RAISE(ABORT, 'messages are only added');
END;
CREATE TRIGGER message_no_delete BEFORE DELETE ON message BEGIN
    SELECT RAISE(ABORT, 'messages are only added');
END;
