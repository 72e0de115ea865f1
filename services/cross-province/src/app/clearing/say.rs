//! Months, rows and sheets as they are told.

use ::pb::cross_province::v1 as pb;
use crossing::ItemKind;
use crossing::clearing::{PeriodState, RowState, Sheet};
use wire::write;

use crate::store::clearing::disputes::Disputed;
use crate::store::clearing::items::Held;
use crate::store::clearing::periods::Period;
use crate::store::clearing::sheets::SheetRow;

/// A month.
pub(crate) fn period(of: &Period) -> pb::ClearingPeriod {
    let state = match of.state {
        PeriodState::Declaring => pb::ClearingPeriodState::Declaring,
        PeriodState::Sheet => pb::ClearingPeriodState::Sheet,
        PeriodState::Noticed => pb::ClearingPeriodState::Noticed,
        PeriodState::Closed => pb::ClearingPeriodState::Closed,
    };
    pb::ClearingPeriod {
        month: of.month.to_string(),
        state: state.into(),
        declare_until_date: write::date(of.days.declare),
        sheet_date: write::date(of.days.sheet),
        confirm_until_date: write::date(of.days.confirm),
        notice_until_date: write::date(of.days.notice),
        pay_until_date: write::optional_date(of.pay_until),
        receive_until_date: write::optional_date(of.receive_until),
        opened_at: Some(write::moment(of.opened_at)),
    }
}

/// A row.
pub(crate) fn row(of: &SheetRow) -> pb::ClearingRow {
    let state = match of.state {
        RowState::Listed => pb::ClearingRowState::Listed,
        RowState::Confirmed => pb::ClearingRowState::Confirmed,
        RowState::Noticed => pb::ClearingRowState::Noticed,
        RowState::Paid => pb::ClearingRowState::Paid,
        RowState::Received => pb::ClearingRowState::Received,
    };
    pb::ClearingRow {
        care_division: of.care.to_string(),
        insured_division: of.insured.to_string(),
        item_count: of.row.count,
        settled_fen: of.row.settled.get(),
        reversed_fen: of.row.reversed.get(),
        deducted_fen: of.row.deducted.get(),
        cleared_fen: of.row.cleared().get(),
        disputed_count: of.row.disputed_count,
        disputed_fen: of.row.disputed.get(),
        state: state.into(),
    }
}

/// The nets of rows.
pub(crate) fn nets(rows: &[SheetRow]) -> Vec<pb::ClearingNet> {
    let sheet = Sheet { rows: rows.iter().map(|row| ((row.care, row.insured), row.row)).collect() };
    let net = |(division, net): (terms::Division, crossing::clearing::Net)| pb::ClearingNet {
        division: division.to_string(),
        receives_fen: net.receives.get(),
        pays_fen: net.pays.get(),
        net_fen: net.net().get(),
    };
    sheet.nets().into_iter().map(net).collect()
}

/// A sheet.
pub(crate) fn sheet(of: &Period, rows: &[SheetRow]) -> pb::ClearingSheet {
    pb::ClearingSheet { period: Some(period(of)), rows: rows.iter().map(row).collect(), nets: nets(rows) }
}

/// What an item is.
pub(crate) const fn kind(of: ItemKind) -> pb::ClearingItemKind {
    match of {
        ItemKind::Settled => pb::ClearingItemKind::Settled,
        ItemKind::Reversed => pb::ClearingItemKind::Reversed,
        ItemKind::Deducted => pb::ClearingItemKind::Deducted,
        ItemKind::DeductionReturned | ItemKind::AccountTransfer => pb::ClearingItemKind::Unspecified,
    }
}

/// An item of a sheet.
pub(crate) fn bill(of: &Held) -> pb::SheetBill {
    pb::SheetBill {
        item_id: of.id.clone(),
        bill_id: of.bill.clone(),
        kind: kind(of.kind).into(),
        booked_date: write::date(of.day),
        owed_fen: of.owed.get(),
        declared_month: of.declared.to_string(),
        reason: of.reason.clone(),
    }
}

/// A dispute.
pub(crate) fn dispute(of: &Disputed) -> pb::Dispute {
    let state = match of.state.as_str() {
        "open" => pb::DisputeState::Open,
        "proposed" => pb::DisputeState::Proposed,
        _ => pb::DisputeState::Resolved,
    };
    pb::Dispute {
        bill_id: of.bill.clone(),
        month: of.month.to_string(),
        care_division: of.care.to_string(),
        insured_division: of.insured.to_string(),
        item_count: of.count,
        owed_fen: of.owed.get(),
        reason: of.reason.clone(),
        state: state.into(),
        deducted_fen: of.deducted.get(),
        resolution: of.resolution.clone(),
        proposed_officer_id: of.proposed_by.clone(),
        confirmed_officer_id: of.confirmed_by.clone(),
        resolved_month: of.resolved.map(|month| month.to_string()).unwrap_or_default(),
    }
}
