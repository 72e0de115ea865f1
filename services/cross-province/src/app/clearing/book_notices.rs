//! Books the notices of a month: what stood between this province and others is to be paid or received from then on.

use ::pb::cross_province::v1 as pb;
use chrono::NaiveDate;
use crossing::BillId;
use crossing::clearing::Month;
use ledger::crossing::{cleared, deducted_care, deducted_insured};
use ledger::{Appended, Entry, Heading};
use money::Fen;
use rpc::Fault;
use store::idempotency::Call;
use store::{Attempts, Tx, journal};
use terms::{Division, Name};

use super::{once, said};
use crate::app::{App, Problem};
use crate::domain::Role;
use crate::store::clearing::own;
use crate::store::{bills, items};

/// How many deductions are fetched at once.
const ITEMS_MOST: u32 = 1_000;

/// What was taken off a bill, to be booked.
struct Deducted {
    bill: BillId,
    item: [u8; 16],
    day: NaiveDate,
    amount: Fen,
}

/// What is booked of a month.
#[derive(Default)]
struct Books {
    entries: Vec<Entry>,
    deducted: Vec<(Role, Division, Deducted)>,
}

/// Fetches and books them; a month that was booked before is not booked again.
///
/// # Errors
/// What the centre answers; `NOT_ALLOWED` where there is none.
pub(crate) async fn book_notices(app: &App, call: &Call, month: Month) -> Result<pb::BookNoticesResponse, Problem> {
    let mut centre = app.clearing.centre()?;
    let request = pb::GetNoticesRequest { month: month.to_string(), division: app.province.to_string() };
    let notices = centre.get_notices(request).await.map_err(|status| said(&status))?.into_inner();
    let mut books = Books::default();
    // a day that is the same whenever it is booked
    let date = notices.period.as_ref().map(|period| period.notice_until_date.parse()).transpose();
    let date: NaiveDate = date.map_err(Fault::internal)?.ok_or_else(|| Fault::internal("notices without a month"))?;
    for row in notices.to_pay.iter().chain(&notices.to_receive).chain(&notices.even) {
        row_of(app, &mut books, (month, date), row).await?;
    }
    let net_fen = notices.net.map(|net| net.net_fen).unwrap_or_default();
    let books = &books;
    let work = |tx: Tx| async move {
        let is_new = journal::append(&tx, &books.entries).await? == Appended::Posted && !books.entries.is_empty();
        if is_new {
            for (role, peer, off) in &books.deducted {
                let receipt = own::receipt(&tx, off.bill).await?.unwrap_or_default();
                let item = own::deducted(off.bill, off.item, off.day, -off.amount, receipt);
                items::add(&tx, *role, *peer, &item, app.now()).await?;
            }
        }
        let count = if is_new { books.entries.len() } else { 0 };
        Ok(pb::BookNoticesResponse { entry_count: u64::try_from(count).unwrap_or(u64::MAX), net_fen })
    };
    once(app, call, Attempts::default(), work).await
}

/// The entries of a row.
async fn row_of(
    app: &App,
    books: &mut Books,
    (month, date): (Month, NaiveDate),
    row: &pb::ClearingRow,
) -> Result<(), Problem> {
    let read = |code: &str| code.parse::<Division>().map_err(Fault::internal);
    let (care, insured) = (read(&row.care_division)?, read(&row.insured_division)?);
    let role = if care == app.province { Role::Care } else { Role::Insured };
    let amount = Fen::new(row.cleared_fen);
    let (other, receives) = if role == Role::Care { (insured, amount) } else { (care, -amount) };
    for off in deductions(app, month, row).await? {
        let entry = deduction(app, (role, other), date, &off).await?;
        books.entries.push(entry);
        books.deducted.push((role, other, off));
    }
    let id = name(&format!("clearing-{month}-{care}-{insured}"))?;
    let heading = Heading { id, date, reference: name(&format!("clearing-{month}"))? };
    books.entries.extend(cleared(heading, other, receives).map_err(Fault::internal)?);
    Ok(())
}

async fn deduction(
    app: &App,
    (role, other): (Role, Division),
    date: NaiveDate,
    off: &Deducted,
) -> Result<Entry, Problem> {
    let reference = name(&off.bill.to_string())?;
    let heading = Heading { id: name(&format!("{}-{}", hex::encode(off.item), role.word()))?, date, reference };
    match role {
        Role::Insured => deducted_insured(heading, other, off.amount).map_err(|error| Fault::internal(error).into()),
        Role::Care => {
            let row = bills::care(app.database.reader(), off.bill).await?;
            let row = row.ok_or_else(|| Fault::not_found("bill", &off.bill.to_string()))?;
            deducted_care(heading, other, row.institution, off.amount).map_err(|error| Fault::internal(error).into())
        }
    }
}

/// What was taken off the bills of a row.
async fn deductions(app: &App, month: Month, row: &pb::ClearingRow) -> Result<Vec<Deducted>, Problem> {
    let (mut found, mut page_token) = (Vec::new(), String::new());
    if row.deducted_fen == 0 {
        return Ok(found);
    }
    loop {
        let request = pb::ListSheetBillsRequest {
            month: month.to_string(),
            care_division: row.care_division.clone(),
            insured_division: row.insured_division.clone(),
            kind: pb::ClearingItemKind::Deducted.into(),
            page_size: ITEMS_MOST,
            page_token,
        };
        let mut centre = app.clearing.centre()?;
        let page = centre.list_sheet_bills(request).await.map_err(|status| said(&status))?.into_inner();
        for bill in &page.bills {
            let (mut id, mut item) = ([0; 16], [0; 16]);
            hex::decode_to_slice(&bill.bill_id, &mut id).map_err(Fault::internal)?;
            hex::decode_to_slice(&bill.item_id, &mut item).map_err(Fault::internal)?;
            let day = bill.booked_date.parse().map_err(Fault::internal)?;
            found.push(Deducted { bill: BillId(id), item, day, amount: -Fen::new(bill.owed_fen) });
        }
        page_token = page.next_page_token;
        if page_token.is_empty() {
            break;
        }
    }
    Ok(found)
}

fn name(text: &str) -> Result<Name, Fault> {
    Name::new(text).map_err(Fault::internal)
}
