use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use terms::Scheme;

use super::CreditKind;

/// What a place certifies of a person who leaves.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Certificate {
    pub(crate) id: String,
    pub(crate) person: String,
    pub(crate) from_division: String,
    pub(crate) to_division: String,
    pub(crate) scheme: Scheme,
    pub(crate) to: NaiveDate,
    pub(crate) paid_months: u32,
    pub(crate) unbroken_months: u32,
    pub(crate) account_fen: i64,
    pub(crate) issued_at: DateTime<Utc>,
}

/// An officer's word for a certificate from elsewhere.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Confirmation {
    pub(crate) operator: String,
    /// The contact letter that was checked.
    pub(crate) reference: String,
}

/// A transfer out or in.
#[derive(Clone, Debug)]
pub(crate) struct Transfer {
    pub(crate) id: String,
    pub(crate) inward: bool,
    /// Whether the account balance has arrived, or there was none.
    pub(crate) done: bool,
    /// Inward: whether the enrolment that began by it was a mistake, so that the certificate is free again.
    pub(crate) undone: bool,
    pub(crate) certificate: Certificate,
    pub(crate) person: String,
    pub(crate) enrolment: String,
    /// Outward: whether an account's balance is taken along.
    pub(crate) account: bool,
    /// The credit by which the balance is brought in.
    pub(crate) credit: Option<String>,
    /// Inward, from elsewhere: who confirmed the certificate.
    pub(crate) confirmed: Option<Confirmation>,
    pub(crate) recorded_at: DateTime<Utc>,
}

/// An amount for a personal account; in fen.
#[derive(Clone, Debug)]
pub(crate) struct AccountCredit {
    pub(crate) id: String,
    pub(crate) person: String,
    pub(crate) enrolment: String,
    pub(crate) cover_year: i32,
    pub(crate) kind: CreditKind,
    pub(crate) amount_fen: i64,
    pub(crate) delivered: bool,
    pub(crate) recorded_at: DateTime<Utc>,
    pub(crate) taken_back: Option<TakenBack>,
}

/// That a credit is taken back.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TakenBack {
    /// How much was taken back, in fen; none until settlement has done it.
    pub(crate) amount_fen: Option<i64>,
}
