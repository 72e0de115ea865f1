//! `yibao bench settle`: how many bills a second the service settles, and how long each takes; `clearing`: how long a month takes.

mod assist;
pub(super) mod clearing;
mod histogram;
mod load;
mod serve;

use std::process::ExitCode;
use std::time::Duration;

use host::{Ids as _, SystemIds};
use pb::policy::v1::Bill as PbBill;
use pb::settlement::v1::Submission;
use policy::case::{Bills, Question, read};
use rpc::Client;
use serde_json::json;

use self::load::{Load, Seen, put_on};
use self::serve::Bureau;
use crate::cli::BenchSettle;
use crate::error::Error;
use crate::files;
use crate::out::Out;

type Broken = Box<dyn std::error::Error + Send + Sync>;

/// How many connections the callers share.
const CONNECTIONS: u32 = 4;

pub(crate) fn run(args: &BenchSettle, out: &mut Out) -> Result<ExitCode, Error> {
    let bills = bills(args)?;
    let submission = submission(args, &bills)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let seen = runtime.block_on(bench(args, &bills, submission)).map_err(Error::Service)?;
    report(args, &seen, out)?;
    Ok(if seen.failed.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(crate::cli::DIFFERENCES) })
}

/// The person and bills of a case file, or of the first that is built in.
fn bills(args: &BenchSettle) -> Result<Box<Bills>, Error> {
    let (file, text) = match &args.case {
        Some(path) => (
            path.display().to_string(),
            files::text(path).map_err(|_| Error::Unknown(format!("no text in {}", path.display())))?,
        ),
        None => super::demo::first_case().ok_or_else(|| Error::Unknown("no case is built in".to_owned()))?,
    };
    let case = read(&file, &text).map_err(Error::Problems)?;
    let Question::Bills(bills) = case.question else {
        return Err(Error::Unknown(format!("{file} asks no bill to be settled")));
    };
    if args.assisted.is_some() && bills.person.categories.is_empty() {
        return Err(Error::Unknown(format!("no category in {file} that anybody could be granted")));
    }
    Ok(bills)
}

/// What every call hands in; who is assisted is asked of the assistance service where it is there.
fn submission(args: &BenchSettle, bills: &Bills) -> Result<Submission, Error> {
    let bill = bills.bills.first().ok_or_else(|| Error::Unknown("no bill in the case".to_owned()))?;
    let mut person = bills.person.clone();
    if args.assisted.is_some() {
        person.categories.clear();
    }
    Ok(Submission {
        institution_id: super::demo::institution(1, bill),
        // settled on the day, as a hospital's bills are
        bill: Some(PbBill { settled_date: String::new(), ..wire::write::bill(bill, person.use_account) }),
        person_facts: Some(wire::write::person(&person)),
        ..Submission::default()
    })
}

async fn bench(args: &BenchSettle, bills: &Bills, submission: Submission) -> Result<Seen, Broken> {
    let load = Load {
        submission,
        run: SystemIds.next().simple().to_string(),
        callers: args.callers.get(),
        people: args.people.get(),
        rate: args.rate.map(std::num::NonZeroU32::get),
        warm_up: Duration::from_secs(args.warm_up),
        measured: Duration::from_secs(args.seconds.get()),
    };
    if let Some(address) = &args.address {
        return Ok(put_on(load, &clients(address)?).await);
    }
    let folder = tempfile::tempdir()?;
    let bureau = Bureau::open(args, folder.path()).await?;
    if let (Some(percent), Some(address)) = (args.assisted, &bureau.assistance) {
        assist::grant(bills, percent.into(), args.people.get(), address).await?;
    }
    let seen = put_on(load, &clients(&bureau.settlement)?).await;
    bureau.close().await?;
    Ok(seen)
}

fn clients(address: &str) -> Result<Vec<Client>, Broken> {
    (0..CONNECTIONS).map(|_| rpc::channel(address).map_err(Into::into)).collect()
}

fn report(args: &BenchSettle, seen: &Seen, out: &mut Out) -> Result<(), Error> {
    let latencies = &seen.latencies;
    let per_second = latencies.total() / args.seconds.get().max(1);
    let at = |permille| latencies.permille(permille);
    if out.is_json() {
        out.json(&json!({
            "settled": latencies.total(), "per_second": per_second, "refused": seen.refused, "failed": seen.failed,
            "p50_us": at(500), "p99_us": at(990), "p999_us": at(999), "max_us": latencies.max(),
            "callers": args.callers.get(), "rate": args.rate.map(std::num::NonZeroU32::get), "assisted_percent": args.assisted, "seconds": args.seconds.get(),
        }))?;
        return Ok(());
    }
    let how = args.rate.map_or("closed loop".to_owned(), |rate| format!("open loop, {rate} a second"));
    let assisted = args.assisted.map(|percent| format!(", {percent} % of the people assisted")).unwrap_or_default();
    out.line(format!(
        "{} callers, {how}, {} s after {} s of warm-up{assisted}",
        args.callers, args.seconds, args.warm_up
    ))?;
    out.line(format!("settled      {:>10}   {per_second}/s", latencies.total()))?;
    out.line(format!("latency us   p50 {}   p99 {}   p99.9 {}   max {}", at(500), at(990), at(999), latencies.max()))?;
    out.line(format!("refused      {:>10}", seen.refused))?;
    for (reason, count) in &seen.failed {
        out.line(format!("failed       {count:>10}   {reason}"))?;
    }
    Ok(())
}
