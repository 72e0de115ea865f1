//! Bills, offers and receipts the tests of the machines speak of.

use chrono::{DateTime, Duration, NaiveDate, Utc};
use crossing::{BillId, Offer, Receipt, Sha, Terms};
use money::Fen;

pub(crate) const ID: BillId = BillId([7; 16]);
pub(crate) const CONTENT: Sha = [1; 32];
pub(crate) const OTHER: Sha = [2; 32];

pub(crate) fn terms() -> Terms {
    let seconds = Duration::seconds;
    Terms {
        offer: seconds(120),
        first_wait: seconds(1),
        most_wait: seconds(60),
        give_up_asking: seconds(10),
        rounds: 3,
    }
}

/// So many seconds into the tests' day.
pub(crate) fn at(seconds: i64) -> DateTime<Utc> {
    day(1).and_hms_opt(9, 0, 0).unwrap().and_utc() + Duration::seconds(seconds)
}

pub(crate) fn day(day: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 5, day).unwrap()
}

/// An offer of 600.00 and 400.00, until the 120th second.
pub(crate) fn offer(round: u32) -> Offer {
    Offer { round, owed: Fen::new(60_000), cash: Fen::new(40_000), until: at(120) }
}

pub(crate) fn receipt() -> Receipt {
    Receipt { message: [9; 32], owed: Fen::new(60_000), cash: Fen::new(40_000), day: day(1) }
}

/// A receipt of a cent more.
pub(crate) fn dearer() -> Receipt {
    Receipt { owed: Fen::new(60_001), ..receipt() }
}

/// A receipt of the same owed, and of another share of the patient.
pub(crate) fn shifted() -> Receipt {
    Receipt { cash: Fen::new(39_999), ..receipt() }
}
