use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// How far an import is; amounts in fen.
#[derive(Clone, Debug)]
pub(crate) struct Import {
    pub(crate) id: String,
    pub(crate) rows_total: u64,
    pub(crate) rows_read: u64,
    pub(crate) rows_kept: u64,
    pub(crate) own_fen: i64,
    pub(crate) subsidy_fen: i64,
    pub(crate) assisted_fen: i64,
    pub(crate) done: bool,
    pub(crate) begun_at: DateTime<Utc>,
    pub(crate) committed_at: DateTime<Utc>,
}

/// A row that was not kept, and everything that is wrong with it.
#[derive(Clone, Debug)]
pub(crate) struct Reject {
    pub(crate) row: u64,
    pub(crate) problems: Vec<RowProblem>,
}

/// One thing that is wrong with a row; it holds no personal data.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct RowProblem {
    pub(crate) field: String,
    pub(crate) reason: String,
    pub(crate) description: String,
}
