//! A province's own items, as clearing looks at them.

use chrono::NaiveDate;
use crossing::{BillId, Item, ItemKind};
use money::Fen;
use serde_json::json;
use store::rows::{self, Columns, Kind};
use store::sea_orm::{ConnectionTrait, QueryResult};
use store::{Error, Tx};
use terms::Division;

use super::items::kind_of;
use super::row;

/// An item of this province's books.
#[derive(Clone, Debug)]
pub(crate) struct Own {
    pub(crate) id: String,
    pub(crate) bill: String,
    pub(crate) kind: ItemKind,
    pub(crate) peer: Division,
    pub(crate) day: NaiveDate,
    pub(crate) owed: Fen,
}

/// What this province is the place of care of in some days, after an item, in order.
pub(crate) async fn declarable(
    connection: &impl ConnectionTrait,
    (from, to): (NaiveDate, NaiveDate),
    after: Option<&Own>,
    most: u64,
) -> Result<Vec<Own>, Error> {
    let sql = "SELECT * FROM item WHERE role = 'care' AND day >= $1 AND day <= $2 AND kind IN ('settled', 'reversed') \
         AND (peer, day, item_id) > ($3, $4, $5) ORDER BY peer, day, item_id LIMIT $6";
    let text = |part: fn(&Own) -> String| after.map(part).unwrap_or_default();
    let values = vec![
        from.to_string().into(),
        to.to_string().into(),
        text(|own| own.peer.to_string()).into(),
        text(|own| own.day.to_string()).into(),
        text(|own| own.id.clone()).into(),
        row::whole(most),
    ];
    row::all(connection, sql, values).await?.iter().map(own).collect()
}

/// Of items the centre lists for a place of care, the ids of those that this province has as place of insurance, with the same amount.
pub(crate) async fn agreeing(
    connection: &impl ConnectionTrait,
    care: Division,
    listed: &[(String, String, i64)],
) -> Result<Vec<String>, Error> {
    let columns: &Columns = &[("item_id", Kind::Text), ("day", Kind::Text), ("owed_fen", Kind::Int)];
    let row = |(id, day, owed): &(String, String, i64)| json!({ "item_id": id, "day": day, "owed_fen": owed });
    let rows: Vec<_> = listed.iter().map(row).collect();
    let sql = "SELECT i.item_id FROM {rows} JOIN item i ON i.role = 'insured' AND i.peer = $1 AND i.day = r.day \
         AND i.item_id = r.item_id WHERE i.owed_fen = r.owed_fen";
    let found = rows::query(connection, sql, columns, &rows, [care.to_string().into()]).await?;
    found.iter().map(|found| row::text(found, "item_id")).collect()
}

/// The receipt on which a bill's items stand here.
pub(crate) async fn receipt(tx: &Tx, bill: BillId) -> Result<Option<[u8; 32]>, Error> {
    let sql = "SELECT receipt_sha256 FROM item WHERE bill_id = $1 AND kind = $2";
    let values = vec![bill.to_string().into(), ItemKind::Settled.word().into()];
    row::one(tx, sql, values).await?.as_ref().map(|found| row::sha(found, "receipt_sha256")).transpose()
}

/// The item of what is taken off a bill.
pub(crate) fn deducted(bill: BillId, id: [u8; 16], day: NaiveDate, owed: Fen, receipt: [u8; 32]) -> Item {
    Item { id, bill, kind: ItemKind::Deducted, day, owed, cash: Fen::ZERO, total: owed, receipt }
}

fn own(found: &QueryResult) -> Result<Own, Error> {
    Ok(Own {
        id: row::text(found, "item_id")?,
        bill: row::text(found, "bill_id")?,
        kind: kind_of(&row::text(found, "kind")?).ok_or(Error::Corrupt { what: "an item's kind" })?,
        peer: row::parsed(found, "peer")?,
        day: row::parsed(found, "day")?,
        owed: row::fen(found, "owed_fen")?,
    })
}
