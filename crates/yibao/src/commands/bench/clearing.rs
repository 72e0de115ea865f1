//! `yibao bench clearing`: a month of generated bills, declared, cleared and noticed; every figure against an independent sum.

mod bills;
mod centre;

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use crossing::clearing::Month;
use host::{Clock as _, SystemClock};
use pb::clearing_service_client::ClearingServiceClient;
use pb::cross_province::v1 as pb;
use rpc::{Call, Client, Deadline};
use serde_json::json;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::Instant;

use self::bills::{Bills, Sums};
use self::centre::Centre;
use super::Broken;
use crate::cli::BenchClearing;
use crate::error::Error;
use crate::out::Out;

/// The most time of a call.
const PATIENCE: Duration = Duration::from_secs(600);

/// What was seen, in seconds of the clock, kibibytes and fen.
struct Seen {
    items: u64,
    declare: Duration,
    sheet: Duration,
    notices: Duration,
    /// What is cleared between all provinces, and what differed from the independent sum.
    cleared_fen: i64,
    differences: Vec<String>,
    peak_kib: u64,
}

pub(crate) fn run(args: &BenchClearing, out: &mut Out) -> Result<ExitCode, Error> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let seen = runtime.block_on(bench(args)).map_err(Error::Service)?;
    report(args, &seen, out)?;
    Ok(if seen.differences.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(crate::cli::DIFFERENCES) })
}

async fn bench(args: &BenchClearing) -> Result<Seen, Broken> {
    let folder = tempfile::tempdir()?;
    let in_folder = || format!("sqlite:{}", folder.path().join("clearing.db").display());
    let bills = Bills { count: args.bills, provinces: args.provinces, seed: args.seed, month: month() };
    let centre = Centre::open(&args.database.clone().unwrap_or_else(in_folder), &bills).await?;
    let client = ClearingServiceClient::new(rpc::channel(&centre.address)?);
    let seen = patiently(clears(&client, &bills, args.callers.get())).await?;
    centre.close().await?;
    Ok(seen)
}

/// A month whose days are all over, so that nothing has to be waited for.
fn month() -> Month {
    Month::of(host::china_day(SystemClock.now())).plus(-3)
}

async fn patiently<T>(work: impl Future<Output = T>) -> T {
    let call = Call { request_id: "bench".to_owned(), deadline: Deadline::after(PATIENCE) };
    call.carry(work).await
}

async fn clears(client: &ClearingServiceClient<Client>, bills: &Bills, callers: u32) -> Result<Seen, Broken> {
    let (mut client, month) = (client.clone(), bills.month.to_string());
    let officer = |key: &str| (key.to_owned(), month.clone(), "bench".to_owned());
    let (idempotency_key, month_of, officer_id) = officer("open");
    client.open_period(pb::OpenPeriodRequest { idempotency_key, month: month_of, officer_id }).await?;
    let begin = Instant::now();
    let (items, sums) = declares(&client, bills, callers).await?;
    let declare = begin.elapsed();

    let begin = Instant::now();
    let (idempotency_key, month_of, officer_id) = officer("make");
    let made = client.make_sheet(pb::MakeSheetRequest { idempotency_key, month: month_of, officer_id }).await?;
    let made = made.into_inner().sheet.unwrap_or_default();
    let sheet = begin.elapsed();

    let begin = Instant::now();
    for row in &made.rows {
        let request = pb::ConfirmSheetRequest {
            idempotency_key: format!("confirm-{}-{}", row.care_division, row.insured_division),
            month: month.clone(),
            care_division: row.care_division.clone(),
            insured_division: row.insured_division.clone(),
            cleared_fen: row.cleared_fen,
        };
        client.confirm_sheet(request).await?;
    }
    let (idempotency_key, month_of, officer_id) = officer("issue");
    let issued = client.issue_notices(pb::IssueNoticesRequest { idempotency_key, month: month_of, officer_id }).await?;
    let issued = issued.into_inner().sheet.unwrap_or_default();
    let notices = begin.elapsed();

    let mut differences = differing(&issued, &sums, items);
    differences.extend(drilled(&mut client, &month, &issued).await?);
    let cleared_fen = issued.rows.iter().map(|row| row.cleared_fen).sum();
    Ok(Seen { items, declare, sheet, notices, cleared_fen, differences, peak_kib: peak_kib() })
}

/// Every province declares; so many at a time. How many items, and what they come to by the callers' own count.
async fn declares(client: &ClearingServiceClient<Client>, bills: &Bills, callers: u32) -> Result<(u64, Sums), Broken> {
    let turns = Arc::new(Semaphore::new(usize::try_from(callers)?));
    let mut declaring = JoinSet::new();
    for care in 0..bills.provinces {
        let (mut client, bills, turns) = (client.clone(), bills.clone(), Arc::clone(&turns));
        declaring.spawn(patiently(async move {
            let _turn = turns.acquire_owned().await?;
            // drawn once to be added up, and once more to be sent: nothing is kept of either
            let sums = bills.sums(care);
            let said = client.declare_items(tokio_stream::iter(bills.messages(care))).await?.into_inner();
            Ok::<_, Broken>((said, sums))
        }));
    }
    let (mut items, mut all) = (0, Sums::new());
    while let Some(ended) = declaring.join_next().await {
        let (said, sums) = ended??;
        if said.refused > 0 || said.known > 0 {
            return Err(format!(
                "{} items were refused and {} known: is there another month?",
                said.refused, said.known
            )
            .into());
        }
        items += said.taken;
        all.extend(sums);
    }
    Ok((items, all))
}

/// What of a sheet is not what the callers have counted.
fn differing(sheet: &pb::ClearingSheet, sums: &Sums, items: u64) -> Vec<String> {
    let mut differences = Vec::new();
    let nets: i64 = sheet.nets.iter().map(|net| net.net_fen).sum();
    if nets != 0 {
        differences.push(format!("the nets add up to {nets} fen"));
    }
    let counted: u64 = sheet.rows.iter().map(|row| row.item_count).sum();
    if counted != items || sums.values().map(|sum| sum.items).sum::<u64>() != items {
        differences.push(format!("the sheet has {counted} of {items} items"));
    }
    if sheet.rows.len() != sums.len() {
        differences.push(format!("the sheet has {} of {} rows", sheet.rows.len(), sums.len()));
    }
    for row in &sheet.rows {
        let own = sums.get(&(row.care_division.clone(), row.insured_division.clone())).copied().unwrap_or_default();
        if (own.items, own.settled_fen, own.reversed_fen) != (row.item_count, row.settled_fen, row.reversed_fen) {
            differences.push(format!("{} {}: {own:?}", row.care_division, row.insured_division));
        }
    }
    differences
}

/// Drills the largest row down to its items.
async fn drilled(
    client: &mut ClearingServiceClient<Client>,
    month: &str,
    sheet: &pb::ClearingSheet,
) -> Result<Option<String>, Broken> {
    let Some(row) = sheet.rows.iter().max_by_key(|row| row.item_count) else { return Ok(None) };
    let (mut items, mut fen, mut page_token) = (0_u64, 0_i64, String::new());
    loop {
        let request = pb::ListSheetBillsRequest {
            month: month.to_owned(),
            care_division: row.care_division.clone(),
            insured_division: row.insured_division.clone(),
            kind: 0,
            page_size: 1_000,
            page_token,
        };
        let page = client.list_sheet_bills(request).await?.into_inner();
        items += u64::try_from(page.bills.len())?;
        fen += page.bills.iter().map(|bill| bill.owed_fen).sum::<i64>();
        page_token = page.next_page_token;
        if page_token.is_empty() {
            break;
        }
    }
    let is_same = (items, fen) == (row.item_count, row.cleared_fen);
    Ok((!is_same)
        .then(|| format!("{} items and {fen} fen behind a row of {} and {}", items, row.item_count, row.cleared_fen)))
}

/// The most memory this process ever held, in kibibytes; 0 where the system does not say.
fn peak_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.trim().trim_end_matches("kB").trim().parse().ok()).unwrap_or_default()
}

fn report(args: &BenchClearing, seen: &Seen, out: &mut Out) -> Result<(), Error> {
    let all = seen.declare + seen.sheet + seen.notices;
    let ms = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
    let seconds = |time: Duration| format!("{}.{:01}", ms(time) / 1_000, ms(time) % 1_000 / 100);
    if out.is_json() {
        out.json(&json!({
            "bills": args.bills, "items": seen.items, "provinces": args.provinces, "seed": args.seed, "cleared_fen": seen.cleared_fen,
            "declare_ms": ms(seen.declare), "sheet_ms": ms(seen.sheet), "notices_ms": ms(seen.notices), "all_ms": ms(all),
            "peak_kib": seen.peak_kib, "differences": seen.differences,
        }))?;
        return Ok(());
    }
    out.line(format!(
        "{} bills ({} items) among {} provinces, seed {}",
        args.bills, seen.items, args.provinces, args.seed
    ))?;
    out.line(format!("declared over gRPC       {:>8} s", seconds(seen.declare)))?;
    out.line(format!("sheet made               {:>8} s", seconds(seen.sheet)))?;
    out.line(format!("confirmed and noticed    {:>8} s", seconds(seen.notices)))?;
    out.line(format!("in all                   {:>8} s", seconds(all)))?;
    out.line(format!("peak memory              {:>8} MiB (centre and callers in one process)", seen.peak_kib / 1024))?;
    out.line(format!("differences              {:>8}", seen.differences.len()))?;
    for difference in &seen.differences {
        out.line(format!("  {difference}"))?;
    }
    Ok(())
}
