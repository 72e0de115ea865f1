//! Answers a sheet as place of insurance: what this province's own books do not have is disputed, the rest confirmed.

use ::pb::cross_province::v1 as pb;
use crossing::clearing::Month;
use store::Attempts;
use store::idempotency::Call;
use terms::Division;

use super::{before, derived, once, said};
use crate::app::{App, Problem};
use crate::store::clearing::own;

/// How many items are compared at once, and bills disputed at most in a call.
const ITEMS_MOST: u32 = 1_000;

/// Why a bill is disputed that the books here have not, or not so.
const REASON: &str = "the books of the place of insurance have no such item of this day with this amount";

/// Compares the rows with this province's items, disputes and confirms.
///
/// # Errors
/// What the centre answers; `NOT_ALLOWED` where there is none.
pub(crate) async fn answer(app: &App, call: &Call, month: Month) -> Result<pb::AnswerSheetResponse, Problem> {
    if let Some(answer) = before(app, call).await? {
        return Ok(answer);
    }
    let mut centre = app.clearing.centre()?;
    let asked = pb::GetSheetRequest { month: month.to_string() };
    let sheet = centre.get_sheet(asked).await.map_err(|status| said(&status))?.into_inner().sheet.unwrap_or_default();
    let own = app.province.to_string();
    let mut answer = pb::AnswerSheetResponse::default();
    for row in sheet.rows.iter().filter(|row| row.insured_division == own) {
        let (row, disputed) = match row.state() {
            pb::ClearingRowState::Listed => answer_row(app, call, month, row).await?,
            _ => (row.clone(), 0),
        };
        answer.confirmed.push(row);
        answer.disputed_count += disputed;
    }
    let answer = &answer;
    once(app, call, Attempts::default(), |_| async move { Ok(answer.clone()) }).await
}

async fn answer_row(
    app: &App,
    call: &Call,
    month: Month,
    row: &pb::ClearingRow,
) -> Result<(pb::ClearingRow, u64), Problem> {
    let mut centre = app.clearing.centre()?;
    let wrong = differing(app, month, row).await?;
    let (care, insured) = (&row.care_division, &row.insured_division);
    let mut cleared_fen = row.cleared_fen;
    let most = usize::try_from(ITEMS_MOST).unwrap_or(1);
    for (at, bills) in wrong.chunks(most).enumerate() {
        let bill = |bill: &String| pb::DisputedBill { bill_id: bill.clone(), reason: REASON.to_owned() };
        let request = pb::DisputeBillsRequest {
            idempotency_key: derived(call, &format!("dispute {month} {care} {at}")),
            month: month.to_string(),
            care_division: care.clone(),
            insured_division: insured.clone(),
            bills: bills.iter().map(bill).collect(),
        };
        let left = centre.dispute_bills(request).await.map_err(|status| said(&status))?.into_inner();
        cleared_fen = left.row.map_or(cleared_fen, |row| row.cleared_fen);
    }
    let request = pb::ConfirmSheetRequest {
        idempotency_key: derived(call, &format!("confirm {month} {care}")),
        month: month.to_string(),
        care_division: care.clone(),
        insured_division: insured.clone(),
        cleared_fen,
    };
    let confirmed = centre.confirm_sheet(request).await.map_err(|status| said(&status))?.into_inner();
    let disputed = u64::try_from(wrong.len()).unwrap_or(u64::MAX);
    Ok((confirmed.row.unwrap_or_default(), disputed))
}

/// The bills of a row that the books here do not have so, each once. What the centre's officers have decided is not looked at again, and
/// what an audit of the place of care took off is not in the books before the notices.
async fn differing(app: &App, month: Month, row: &pb::ClearingRow) -> Result<Vec<String>, Problem> {
    let mut centre = app.clearing.centre()?;
    let care: Division = row.care_division.parse().map_err(rpc::Fault::internal)?;
    let (mut wrong, mut page_token) = (Vec::new(), String::new());
    loop {
        let request = pb::ListSheetBillsRequest {
            month: month.to_string(),
            care_division: row.care_division.clone(),
            insured_division: row.insured_division.clone(),
            kind: 0,
            page_size: ITEMS_MOST,
            page_token,
        };
        let page = centre.list_sheet_bills(request).await.map_err(|status| said(&status))?.into_inner();
        let is_looked_at = |bill: &&pb::SheetBill| {
            bill.kind() != pb::ClearingItemKind::Deducted && bill.declared_month == month.to_string()
        };
        let looked_at: Vec<&pb::SheetBill> = page.bills.iter().filter(is_looked_at).collect();
        let listed: Vec<(String, String, i64)> =
            looked_at.iter().map(|bill| (bill.item_id.clone(), bill.booked_date.clone(), bill.owed_fen)).collect();
        let agreeing = own::agreeing(app.database.reader(), care, &listed).await?;
        let differing = looked_at.iter().filter(|bill| !agreeing.contains(&bill.item_id));
        wrong.extend(differing.map(|bill| bill.bill_id.clone()));
        page_token = page.next_page_token;
        if page_token.is_empty() {
            break;
        }
    }
    wrong.sort_unstable();
    wrong.dedup();
    Ok(wrong)
}
