//! What was declared and taken off, by the month in which it is cleared.

use chrono::NaiveDate;
use crossing::clearing::{Month, Place};
use crossing::{BillId, Item, ItemKind};
use money::Fen;
use serde_json::json;
use store::rows::{self, Cell, Columns, Kind};
use store::sea_orm::{ConnectionTrait, QueryResult};
use store::{Error, Tx};
use terms::Division;

use super::{month, row};

/// An item of a place of care.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Declared {
    pub(crate) bill: BillId,
    pub(crate) kind: ItemKind,
    /// Counts a bill's items of a kind, from 0.
    pub(crate) number: u32,
    pub(crate) insured: Division,
    pub(crate) day: NaiveDate,
    pub(crate) owed: Fen,
    /// Why it was taken off; empty.
    pub(crate) reason: String,
    /// Whether officers have put it there.
    pub(crate) decided: bool,
}

/// An item as it stands.
#[derive(Clone, Debug)]
pub(crate) struct Held {
    pub(crate) id: String,
    pub(crate) bill: String,
    pub(crate) care: Division,
    pub(crate) insured: Division,
    pub(crate) kind: ItemKind,
    pub(crate) day: NaiveDate,
    pub(crate) owed: Fen,
    pub(crate) reason: String,
    pub(crate) declared: Month,
    pub(crate) place: Place,
}

impl Declared {
    pub(crate) fn id(&self) -> String {
        hex::encode(Item::id_of(self.bill, self.kind, self.number))
    }
}

const ITEM: &Columns = &[
    ("item_id", Kind::Text),
    ("bill_id", Kind::Text),
    ("month", Kind::Text),
    ("declared_month", Kind::Text),
    ("care", Kind::Text),
    ("insured", Kind::Text),
    ("kind", Kind::Text),
    ("day", Kind::Text),
    ("owed_fen", Kind::Int),
    ("reason", Kind::Text),
    ("is_decided", Kind::Int),
];

/// Adds items to a month; says how many were not there before.
pub(crate) async fn add(tx: &Tx, (month, care): (Month, Division), items: &[Declared]) -> Result<u64, Error> {
    let (month, care) = (month.to_string(), care.to_string());
    let cells = |item: &Declared| -> Vec<Cell> {
        vec![
            item.id().into(),
            item.bill.to_string().into(),
            month.as_str().into(),
            month.as_str().into(),
            care.as_str().into(),
            item.insured.to_string().into(),
            item.kind.word().into(),
            item.day.to_string().into(),
            item.owed.get().into(),
            item.reason.as_str().into(),
            i64::from(item.decided).into(),
        ]
    };
    let rows = items.iter().map(cells).collect();
    rows::insert_cells(tx, "clearing_item", ITEM, rows, "ON CONFLICT (item_id) DO NOTHING").await
}

/// Which of these, all of them there, were declared with other content.
pub(crate) async fn differing(tx: &Tx, care: Division, items: &[Declared]) -> Result<Vec<String>, Error> {
    let columns: &Columns =
        &[("item_id", Kind::Text), ("insured", Kind::Text), ("day", Kind::Text), ("owed_fen", Kind::Int)];
    let row = |item: &Declared| json!({ "item_id": item.id(), "insured": item.insured.to_string(), "day": item.day.to_string(), "owed_fen": item.owed.get() });
    let rows: Vec<_> = items.iter().map(row).collect();
    let sql = "SELECT i.item_id FROM {rows} JOIN clearing_item i ON i.item_id = r.item_id \
         WHERE i.care <> $1 OR i.insured <> r.insured OR i.day <> r.day OR i.owed_fen <> r.owed_fen";
    let found = rows::query(tx, sql, columns, &rows, [care.to_string().into()]).await?;
    found.iter().map(|found| row::text(found, "item_id")).collect()
}

/// Everything of a bill, wherever it is.
pub(crate) async fn of_bill(connection: &impl ConnectionTrait, bill: BillId) -> Result<Vec<Held>, Error> {
    let [settled, reversed] =
        [ItemKind::Settled, ItemKind::Reversed].map(|kind| hex::encode(Item::id_of(bill, kind, 0)));
    let sql = "SELECT * FROM clearing_item WHERE item_id = $1 OR item_id = $2 \
         UNION ALL SELECT * FROM clearing_item WHERE bill_id = $3 AND kind = 'deducted'";
    let values = vec![settled.into(), reversed.into(), bill.to_string().into()];
    row::all(connection, sql, values).await?.iter().map(held).collect()
}

/// Keeps where items are cleared.
pub(crate) async fn place(tx: &Tx, ids: &[&str], place: Place) -> Result<u64, Error> {
    let (month, decided) = match place {
        Place::In { month, decided } => (Some(month.to_string()), decided),
        Place::Disputed { .. } => (None, false),
    };
    let sql = "UPDATE clearing_item SET month = $2, is_decided = $3 WHERE item_id = $1";
    let mut changed = 0;
    for id in ids {
        let values = vec![(*id).into(), month.clone().into(), i64::from(decided).into()];
        changed += row::execute(tx, sql, values).await?;
    }
    Ok(changed)
}

/// Items of a row after one, in order of id.
pub(crate) async fn page(
    connection: &impl ConnectionTrait,
    (month, care, insured): (Month, Division, Division),
    kind: Option<ItemKind>,
    (after, most): (&str, u64),
) -> Result<Vec<Held>, Error> {
    let sql = "SELECT * FROM clearing_item WHERE month = $1 AND care = $2 AND insured = $3 AND item_id > $4 AND ($5 = '' OR kind = $5) \
         ORDER BY item_id LIMIT $6";
    let values = vec![
        month.to_string().into(),
        care.to_string().into(),
        insured.to_string().into(),
        after.into(),
        kind.map_or("", ItemKind::word).into(),
        row::whole(most),
    ];
    row::all(connection, sql, values).await?.iter().map(held).collect()
}

pub(crate) fn kind_of(word: &str) -> Option<ItemKind> {
    [ItemKind::Settled, ItemKind::Reversed, ItemKind::Deducted].into_iter().find(|kind| kind.word() == word)
}

fn held(found: &QueryResult) -> Result<Held, Error> {
    let declared = row::parsed(found, "declared_month")?;
    let decided = row::int(found, "is_decided")? == 1;
    let place = month(found, "month")?.map_or(Place::Disputed { from: declared }, |month| Place::In { month, decided });
    Ok(Held {
        id: row::text(found, "item_id")?,
        bill: row::text(found, "bill_id")?,
        care: row::parsed(found, "care")?,
        insured: row::parsed(found, "insured")?,
        kind: kind_of(&row::text(found, "kind")?).ok_or(Error::Corrupt { what: "an item's kind" })?,
        day: row::parsed(found, "day")?,
        owed: row::fen(found, "owed_fen")?,
        reason: row::text(found, "reason")?,
        declared,
        place,
    })
}
