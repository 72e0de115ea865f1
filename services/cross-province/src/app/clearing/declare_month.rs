//! Declares a month of this province to the centre.

use ::pb::cross_province::v1 as pb;
use crossing::clearing::Month;
use store::Attempts;
use store::idempotency::Call;
use wire::write;

use super::{before, derived, once, said, say};
use crate::app::{App, Problem};
use crate::store::clearing::own::{self, Own};

/// How many items go in a message.
const ITEMS_MOST: u64 = 5_000;
/// How many refused items are told.
const TOLD_MOST: usize = 1_000;

/// Declares what this province is the place of care of, with what came late for so many months before, and closes the declaration where
/// it is asked to.
///
/// # Errors
/// What the centre answers; `NOT_ALLOWED` where there is none.
pub(crate) async fn declare_month(
    app: &App,
    call: &Call,
    month: Month,
    (months_before, closes): (i32, bool),
) -> Result<pb::DeclareMonthResponse, Problem> {
    if let Some(answer) = before(app, call).await? {
        return Ok(answer);
    }
    let mut sum = pb::DeclareItemsResponse::default();
    let days = (month.plus(-months_before).day(1), month.last_day());
    let mut after: Option<Own> = None;
    loop {
        let page = own::declarable(app.database.reader(), days, after.as_ref(), ITEMS_MOST).await?;
        if page.is_empty() {
            break;
        }
        let said = declare(app, month, &page).await?;
        sum.taken += said.taken;
        sum.known += said.known;
        sum.refused += said.refused;
        sum.refusals.extend(said.refusals);
        sum.refusals.truncate(TOLD_MOST);
        after = page.into_iter().next_back();
    }
    if closes {
        close(app, call, month).await?;
    }
    let answer = pb::DeclareMonthResponse { declared: Some(sum) };
    let answer = &answer;
    once(app, call, Attempts::default(), |_| async move { Ok(answer.clone()) }).await
}

async fn declare(app: &App, month: Month, page: &[Own]) -> Result<pb::DeclareItemsResponse, Problem> {
    let item = |own: &Own| pb::ClearingItem {
        bill_id: own.bill.clone(),
        kind: say::kind(own.kind).into(),
        insured_division: own.peer.to_string(),
        booked_date: write::date(own.day),
        owed_fen: own.owed.get(),
    };
    let request = pb::DeclareItemsRequest {
        items: page.iter().map(item).collect(),
        month: month.to_string(),
        care_division: app.province.to_string(),
    };
    let mut centre = app.clearing.centre()?;
    let answer = centre.declare_items(tokio_stream::once(request)).await.map_err(|status| said(&status))?;
    Ok(answer.into_inner())
}

/// Says that the declaration is whole, by what the centre counts now: nobody else declares for this province.
async fn close(app: &App, call: &Call, month: Month) -> Result<(), Problem> {
    let mut centre = app.clearing.centre()?;
    let asked = pb::GetSheetRequest { month: month.to_string() };
    let sheet = centre.get_sheet(asked).await.map_err(|status| said(&status))?.into_inner().sheet.unwrap_or_default();
    let care = app.province.to_string();
    let rows = || sheet.rows.iter().filter(|row| row.care_division == care);
    let request = pb::CloseDeclarationRequest {
        idempotency_key: derived(call, &format!("close {month}")),
        month: month.to_string(),
        care_division: care.clone(),
        item_count: rows().map(|row| row.item_count).sum(),
        owed_fen: rows().map(|row| row.cleared_fen).sum(),
    };
    centre.close_declaration(request).await.map_err(|status| said(&status))?;
    Ok(())
}
