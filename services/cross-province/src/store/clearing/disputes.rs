//! Bills that were taken out of a sheet.

use chrono::{DateTime, Utc};
use crossing::BillId;
use crossing::clearing::{Dispute, DisputeState, Month};
use money::Fen;
use store::sea_orm::{ConnectionTrait, QueryResult};
use store::{Error, Tx};
use terms::{Division, Name};

use super::{Lock, month, row};

/// A disputed bill.
#[derive(Clone, Debug)]
pub(crate) struct Disputed {
    pub(crate) bill: String,
    pub(crate) month: Month,
    pub(crate) care: Division,
    pub(crate) insured: Division,
    pub(crate) count: u64,
    pub(crate) owed: Fen,
    pub(crate) reason: String,
    pub(crate) state: String,
    pub(crate) deducted: Fen,
    pub(crate) resolution: String,
    pub(crate) proposed_by: String,
    pub(crate) confirmed_by: String,
    pub(crate) resolved: Option<Month>,
}

impl Disputed {
    /// As the machine sees it.
    pub(crate) fn dispute(&self) -> Result<Dispute, Error> {
        let state = match self.state.as_str() {
            "open" => DisputeState::Open,
            "proposed" => {
                let officer = Name::new(&self.proposed_by).map_err(|_| Error::Corrupt { what: "an officer" })?;
                DisputeState::Proposed { officer, deducted: self.deducted }
            }
            _ => DisputeState::Resolved,
        };
        Ok(Dispute { owed: self.owed, state })
    }
}

/// Adds a dispute.
pub(crate) async fn add(tx: &Tx, new: &Disputed, at: DateTime<Utc>) -> Result<(), Error> {
    let sql = "INSERT INTO clearing_dispute (bill_id, month, care, insured, item_count, owed_fen, reason, state, deducted_fen, resolution, \
         proposed_by, confirmed_by, opened_at) VALUES ($1, $2, $3, $4, $5, $6, $7, 'open', 0, '', '', '', $8)";
    let values = vec![
        new.bill.clone().into(),
        new.month.to_string().into(),
        new.care.to_string().into(),
        new.insured.to_string().into(),
        row::whole(new.count),
        new.owed.get().into(),
        new.reason.clone().into(),
        row::micros(at),
    ];
    row::execute(tx, sql, values).await.map(|_| ())
}

/// The dispute of a bill, locked.
pub(crate) async fn get(tx: &Tx, bill: BillId) -> Result<Option<Disputed>, Error> {
    let lock = Lock::Alone.sql(tx.get_database_backend());
    let sql = format!("SELECT * FROM clearing_dispute WHERE bill_id = $1{lock}");
    row::one(tx, &sql, vec![bill.to_string().into()]).await?.as_ref().map(disputed).transpose()
}

/// Keeps where it stands.
pub(crate) async fn keep(tx: &Tx, kept: &Disputed) -> Result<(), Error> {
    let sql = "UPDATE clearing_dispute SET state = $2, deducted_fen = $3, resolution = $4, proposed_by = $5, confirmed_by = $6, \
         resolved_month = $7 WHERE bill_id = $1";
    let values = vec![
        kept.bill.clone().into(),
        kept.state.clone().into(),
        kept.deducted.get().into(),
        kept.resolution.clone().into(),
        kept.proposed_by.clone().into(),
        kept.confirmed_by.clone().into(),
        kept.resolved.map(|month| month.to_string()).into(),
    ];
    row::execute(tx, sql, values).await.map(|_| ())
}

/// Those of a month, in order of bill.
pub(crate) async fn of_month(
    connection: &impl ConnectionTrait,
    month: Month,
    (offset, most): (u64, u64),
) -> Result<Vec<Disputed>, Error> {
    let sql = "SELECT * FROM clearing_dispute WHERE month = $1 ORDER BY bill_id LIMIT $2 OFFSET $3";
    let values = vec![month.to_string().into(), row::whole(most), row::whole(offset)];
    row::all(connection, sql, values).await?.iter().map(disputed).collect()
}

fn disputed(found: &QueryResult) -> Result<Disputed, Error> {
    Ok(Disputed {
        bill: row::text(found, "bill_id")?,
        month: row::parsed(found, "month")?,
        care: row::parsed(found, "care")?,
        insured: row::parsed(found, "insured")?,
        count: row::number(found, "item_count")?,
        owed: row::fen(found, "owed_fen")?,
        reason: row::text(found, "reason")?,
        state: row::text(found, "state")?,
        deducted: row::fen(found, "deducted_fen")?,
        resolution: row::text(found, "resolution")?,
        proposed_by: row::text(found, "proposed_by")?,
        confirmed_by: row::text(found, "confirmed_by")?,
        resolved: month(found, "resolved_month")?,
    })
}
