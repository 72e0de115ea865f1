//! Parts of a report as messages.

use ::pb::assistance::v1 as pb;
use ::pb::settlement::v1::PayerAmount;
use pb::stream_report_response::Part as PartPb;
use wire::write;

use crate::app::report::{Compared, INDICATOR, Part};
use crate::domain::{Row, Sum};

/// A part.
pub(super) fn part(part: &Part) -> pb::StreamReportResponse {
    let part = match part {
        Part::Row(row) => PartPb::Row(self::row(row)),
        Part::Indicator(compared) => PartPb::Indicator(indicator(compared)),
        Part::End { rows, read_at } => {
            PartPb::End(pb::ReportEnd { rows: *rows, read_at: Some(write::moment(*read_at)) })
        }
    };
    pb::StreamReportResponse { part: Some(part) }
}

fn row(row: &Row) -> pb::ReportRow {
    let care = |(care, sum): (&terms::Care, &Sum)| pb::CareSum { care: write::word(*care), sum: Some(self::sum(sum)) };
    pb::ReportRow {
        division: row.cell.division.map(|division| division.to_string()).unwrap_or_default(),
        month: row.cell.month.map(|month| month.to_string()).unwrap_or_default(),
        category: row.cell.category.map(write::word),
        cares: row.cares.iter().map(care).collect(),
        sum: Some(sum(&row.sum)),
    }
}

fn sum(sum: &Sum) -> pb::ReportSum {
    let payer = |(payer, amount): (&terms::Name, &money::Fen)| PayerAmount {
        payer: payer.to_string(),
        amount_fen: amount.get(),
    };
    pb::ReportSum {
        people: sum.people,
        bills: sum.bills,
        people_assisted: sum.people_assisted,
        bills_assisted: sum.bills_assisted,
        total_fen: sum.total.get(),
        within_scope_fen: sum.within_scope.get(),
        fund_fen: sum.fund.get(),
        cash_fen: sum.cash.get(),
        payers: sum.payers.iter().map(payer).collect(),
    }
}

fn indicator(compared: &Compared) -> pb::ReportIndicator {
    let Compared { division, fund, within_scope, policy, indicator } = compared;
    let both = policy.as_ref().zip(indicator.as_ref());
    pb::ReportIndicator {
        division: division.to_string(),
        name: INDICATOR.to_owned(),
        fund_fen: fund.get(),
        within_scope_fen: within_scope.get(),
        indicator: both.map(|(policy, indicator)| write::indicator(policy, indicator)),
        policy_version: policy.as_ref().map(|policy| policy.version().to_string()).unwrap_or_default(),
    }
}
