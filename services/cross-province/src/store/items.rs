//! The lines between this province and others.

use chrono::{DateTime, Utc};
use crossing::Item;
use store::{Error, Tx};
use terms::Division;

use super::row;
use crate::domain::Role;

/// Adds an item. One that is there is a defect: a bill has one of a kind.
pub(crate) async fn add(tx: &Tx, role: Role, peer: Division, item: &Item, at: DateTime<Utc>) -> Result<(), Error> {
    let sql = "INSERT INTO item (role, peer, day, item_id, bill_id, kind, owed_fen, cash_fen, total_fen, receipt_sha256, digest, recorded_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)";
    let values = vec![
        role.word().into(),
        peer.to_string().into(),
        item.day.to_string().into(),
        hex::encode(item.id).into(),
        item.bill.to_string().into(),
        item.kind.word().into(),
        item.owed.get().into(),
        item.cash.get().into(),
        item.total.get().into(),
        hex::encode(item.receipt).into(),
        hex::encode(item.digest()).into(),
        row::micros(at),
    ];
    row::execute(tx, sql, values).await.map(|_| ())
}
