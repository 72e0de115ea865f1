//! The chains of messages between this province and others.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use crossing::chain::{Head, Record};
use crossing::{Header, Held, Kept, Link, Mark, Sealed};
use store::sea_orm::{ConnectionTrait, DbBackend, QueryResult};
use store::{Error, Tx};
use terms::Division;
use uuid::Uuid;

use super::row;

/// What a message is about, for finding it again.
#[derive(Clone, Debug, Default)]
pub(crate) struct AboutBill {
    /// The bill; empty.
    pub(crate) bill: String,
    pub(crate) step: u32,
}

/// Which way a message went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Direction {
    Out,
    In,
}

impl Direction {
    const fn word(self) -> &'static str {
        match self {
            Self::Out => "out",
            Self::In => "in",
        }
    }
}

/// This province's end of the chains with a peer, locked until the transaction ends. Nothing but the append follows it.
pub(crate) async fn lock(tx: &Tx, own: Division, peer: Division) -> Result<Link, Error> {
    let zeros = "0".repeat(64);
    let sql = "INSERT INTO link (peer, sent_sequence, sent_sha256, seen_sequence, seen_sha256, highest) VALUES ($1, 0, $2, 0, $2, 0) \
         ON CONFLICT (peer) DO NOTHING";
    row::execute(tx, sql, vec![peer.to_string().into(), zeros.into()]).await?;
    let lock = if tx.get_database_backend() == DbBackend::Postgres { " FOR UPDATE" } else { "" };
    let sql = format!("SELECT * FROM link WHERE peer = $1{lock}");
    let found = row::one(tx, &sql, vec![peer.to_string().into()]).await?;
    link(&found.ok_or(Error::Corrupt { what: "a link" })?, own)
}

fn link(found: &QueryResult, own: Division) -> Result<Link, Error> {
    Ok(Link {
        own,
        peer: row::parsed(found, "peer")?,
        sent: Mark { sequence: row::number(found, "sent_sequence")?, sha256: row::sha(found, "sent_sha256")? },
        seen: Mark { sequence: row::number(found, "seen_sequence")?, sha256: row::sha(found, "seen_sha256")? },
        highest: row::number(found, "highest")?,
    })
}

/// The ends of chains of which messages are missing.
pub(crate) async fn with_gaps(connection: &impl ConnectionTrait, own: Division) -> Result<Vec<Link>, Error> {
    let sql = "SELECT * FROM link WHERE highest > seen_sequence ORDER BY peer";
    row::all(connection, sql, Vec::new()).await?.iter().map(|found| link(found, own)).collect()
}

/// Messages that were sent to a peer, after one sequence up to another, in order.
pub(crate) async fn sent_between(
    connection: &impl ConnectionTrait,
    peer: Division,
    (after, to): (u64, u64),
    most: u64,
) -> Result<Vec<Sealed>, Error> {
    let sql = "SELECT header, signature, body FROM message WHERE peer = $1 AND direction = 'out' AND sequence > $2 AND sequence <= $3 \
         ORDER BY sequence LIMIT $4";
    let values = vec![peer.to_string().into(), row::whole(after), row::whole(to), row::whole(most)];
    row::all(connection, sql, values).await?.iter().map(sealed).collect()
}

/// Keeps how far the chains are.
pub(crate) async fn keep(tx: &Tx, link: &Link) -> Result<(), Error> {
    let sql = "UPDATE link SET sent_sequence = $2, sent_sha256 = $3, seen_sequence = $4, seen_sha256 = $5, highest = $6 WHERE peer = $1";
    let values = vec![
        link.peer.to_string().into(),
        row::whole(link.sent.sequence),
        hex::encode(link.sent.sha256).into(),
        row::whole(link.seen.sequence),
        hex::encode(link.seen.sha256).into(),
        row::whole(link.highest),
    ];
    row::execute(tx, sql, values).await.map(|_| ())
}

/// Adds a message.
pub(crate) async fn add(
    tx: &Tx,
    direction: Direction,
    sealed: &Sealed,
    about: &AboutBill,
    at: DateTime<Utc>,
) -> Result<(), Error> {
    let header = &sealed.header;
    let peer = if direction == Direction::Out { header.receiver } else { header.sender };
    let sql = "INSERT INTO message (peer, direction, sequence, message_id, reply_to, kind, bill_id, step, header, header_sha256, \
         previous_sha256, signature, body, recorded_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)";
    let values = vec![
        peer.to_string().into(),
        direction.word().into(),
        row::whole(header.sequence),
        header.message_id.to_string().into(),
        header.reply_to.map(|id| id.to_string()).unwrap_or_default().into(),
        header.kind.as_str().into(),
        about.bill.clone().into(),
        i64::from(about.step).into(),
        header.bytes().into(),
        hex::encode(header.hash()).into(),
        hex::encode(header.previous).into(),
        sealed.signature.clone().into(),
        // one that came without its body was an enquiry whose time is over
        Some(sealed.body.clone()).filter(|body| !is_forgotten(header, body)).into(),
        row::micros(at),
    ];
    row::execute(tx, sql, values).await.map(|_| ())
}

/// Whether a message is an enquiry, or an answer to one, whose body was removed after its time. Neither has an empty one.
pub(crate) fn is_forgotten(header: &Header, body: &[u8]) -> bool {
    body.is_empty() && FORGOTTEN.contains(&header.kind.as_str())
}

/// The kinds of messages whose bodies are removed after their time.
const FORGOTTEN: [&str; 2] = ["enquire", "enquired"];

/// Removes the bodies of enquiries and their answers that were recorded before a moment; how many.
pub(crate) async fn forget(tx: &Tx, before: DateTime<Utc>) -> Result<u64, Error> {
    let [asked, answered] = FORGOTTEN;
    let sql = "UPDATE message SET body = NULL WHERE kind IN ($1, $2) AND body IS NOT NULL AND recorded_at < $3";
    row::execute(tx, sql, vec![asked.into(), answered.into(), row::micros(before)]).await
}

/// What the log has of the messages of a peer that matter for one that arrives.
pub(crate) struct Came {
    kept: BTreeMap<u64, Kept>,
    has: bool,
}

impl Held for Came {
    fn at(&self, sequence: u64) -> Option<Kept> {
        self.kept.get(&sequence).copied()
    }

    fn has(&self, _: Uuid) -> bool {
        self.has
    }
}

/// The messages beside an arriving one, those behind the gap it may close, and whether its id came before.
pub(crate) async fn came(tx: &Tx, link: &Link, header: &Header) -> Result<Came, Error> {
    let peer = link.peer.to_string();
    let sql = "SELECT sequence, message_id, header_sha256, previous_sha256 FROM message WHERE peer = $1 AND direction = 'in' AND \
         (sequence BETWEEN $2 AND $3 OR sequence > $4)";
    let (before, after) = (header.sequence.saturating_sub(1), header.sequence.saturating_add(1));
    // behind the first gap only what closes it is asked for
    let behind = if header.sequence == link.seen.sequence.saturating_add(1) { header.sequence } else { u64::MAX };
    let values = vec![peer.clone().into(), row::whole(before), row::whole(after), row::whole(behind)];
    let mut kept = BTreeMap::new();
    for found in row::all(tx, sql, values).await? {
        let id = row::parsed(&found, "message_id")?;
        let (sha256, previous) = (row::sha(&found, "header_sha256")?, row::sha(&found, "previous_sha256")?);
        kept.insert(row::number(&found, "sequence")?, Kept { id, sha256, previous });
    }
    let sql = "SELECT 1 FROM message WHERE message_id = $1 AND direction = 'in'";
    let has = row::one(tx, sql, vec![header.message_id.to_string().into()]).await?.is_some();
    Ok(Came { kept, has })
}

/// The message that was sent of this step of a bill.
pub(crate) async fn sent_of_step(
    connection: &impl ConnectionTrait,
    about: &AboutBill,
    kind: &str,
) -> Result<Option<Sealed>, Error> {
    let sql = "SELECT header, signature, body FROM message WHERE bill_id = $1 AND direction = 'out' AND kind = $2 AND step = $3 \
         ORDER BY sequence LIMIT 1";
    let values = vec![about.bill.clone().into(), kind.into(), i64::from(about.step).into()];
    row::one(connection, sql, values).await?.as_ref().map(sealed).transpose()
}

/// The last answer that was sent to a message.
pub(crate) async fn answer_to(connection: &impl ConnectionTrait, message: Uuid) -> Result<Option<Sealed>, Error> {
    let sql = "SELECT header, signature, body FROM message WHERE reply_to = $1 AND direction = 'out' ORDER BY sequence DESC LIMIT 1";
    row::one(connection, sql, vec![message.to_string().into()]).await?.as_ref().map(sealed).transpose()
}

fn sealed(found: &QueryResult) -> Result<Sealed, Error> {
    let header = Header::read(&row::bytes(found, "header")?).map_err(|_| Error::Corrupt { what: "a header" })?;
    let body: Option<Vec<u8>> = found.try_get("", "body")?;
    Ok(Sealed { header, signature: row::bytes(found, "signature")?, body: body.unwrap_or_default() })
}

/// How far each chain goes by this province's own count.
pub(crate) async fn heads(connection: &impl ConnectionTrait, own: Division) -> Result<Vec<Head>, Error> {
    let mut heads = Vec::new();
    for found in row::all(connection, "SELECT * FROM link ORDER BY peer", Vec::new()).await? {
        let link = link(&found, own)?;
        heads.push(Head { sender: own, receiver: link.peer, mark: link.sent });
        heads.push(Head { sender: link.peer, receiver: own, mark: link.seen });
    }
    Ok(heads)
}

/// Behind which message a reading of the log goes on.
#[derive(Clone, Debug, Default)]
pub(crate) struct Behind {
    peer: String,
    direction: String,
    sequence: u64,
}

/// The next messages of the log, chain by chain in order of sequence; none at its end.
pub(crate) async fn records(
    connection: &impl ConnectionTrait,
    own: Division,
    behind: &mut Behind,
    most: u64,
) -> Result<Vec<Record>, Error> {
    let sql = "SELECT peer, direction, sequence, kind, header, signature, body FROM message WHERE (peer, direction, sequence) > ($1, $2, $3) \
         ORDER BY peer, direction, sequence LIMIT $4";
    let values = vec![
        behind.peer.clone().into(),
        behind.direction.clone().into(),
        row::whole(behind.sequence),
        row::whole(most),
    ];
    let mut records = Vec::new();
    for found in row::all(connection, sql, values).await? {
        let peer: Division = row::parsed(&found, "peer")?;
        let direction = row::text(&found, "direction")?;
        let is_out = direction == Direction::Out.word();
        let sequence = row::number(&found, "sequence")?;
        *behind = Behind { peer: peer.to_string(), direction, sequence };
        let kind = row::text(&found, "kind")?;
        let body: Option<Vec<u8>> = found.try_get("", "body")?;
        records.push(Record {
            sender: if is_out { own } else { peer },
            receiver: if is_out { peer } else { own },
            sequence,
            header: row::bytes(&found, "header")?,
            signature: row::bytes(&found, "signature")?,
            // a body that is gone and may not be is another one than the header names
            body: body.or_else(|| (!FORGOTTEN.contains(&kind.as_str())).then(Vec::new)),
        });
    }
    Ok(records)
}
