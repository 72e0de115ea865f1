//! `yibao verify`: person-years folded again, over gRPC or beside the database; the books of enrolment beside its own.

mod books;
mod premiums;

use std::path::Path;
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};

use host::Process;
use money::Fen;
use pb::settlement::v1::settlement_service_client::SettlementServiceClient;
use pb::settlement::v1::verify_years_response::Report;
use pb::settlement::v1::{VerifyDifference, VerifyProgress, VerifyYearsRequest};
use policy::printable;
use policy::statement::Lang;
use registry::{Registry, Source};
use rpc::limits::DEADLINE_MAX;
use serde_json::{Value, json};
use settlement::app::{Bench, Difference, Verified};
use settlement::wiring::MIGRATIONS;
use store::{Database, migrations};
use terms::Name;
use tonic::{Request, Status};

use crate::cli::{DIFFERENCES, Verify};
use crate::error::Error;
use crate::out::Out;
use crate::process;
use crate::progress::Progress;

pub(crate) fn run(args: &Verify, out: &mut Out) -> Result<ExitCode, Error> {
    process::run(&process::quiet(), async |process: Process| {
        let found = match (&args.address, &args.database) {
            (Some(address), _) => {
                let year = args.year.map(u32::from).unwrap_or_default();
                let person_id = args.person.map(|person| person.to_string()).unwrap_or_default();
                over_grpc(&mut client(address)?, VerifyYearsRequest { person_id, year }).await?
            }
            (None, Some(url)) => {
                let (database, owners) = opened(url).await?;
                if owners.iter().any(|owner| owner == "assistance") {
                    return Err(Error::OtherService("assistance".to_owned()));
                }
                if owners.iter().any(|owner| owner == "enrolment") {
                    return books::verify(database, args, out).await;
                }
                if args.assistance_database.is_some() {
                    let message = "--assistance-database goes with the --database of enrolment";
                    return Err(Error::Nothing(message.to_owned()));
                }
                beside(database, args.person, args.year.map(i32::from), process).await?
            }
            (None, None) => return Err(Error::Nothing("give --address or --database".to_owned())),
        };
        if found.years == 0 && (args.person.is_some() || args.year.is_some()) {
            let person = args.person.map(|person| format!(" of {person}")).unwrap_or_default();
            let year = args.year.map(|year| format!(" in {year}")).unwrap_or_default();
            return Err(Error::Nothing(printable(&format!("no person-year{person}{year} is stored there"))));
        }
        if out.is_json() {
            out.json(&found.json())?;
        } else {
            found.show(out)?;
        }
        Ok(if found.is_clean() { ExitCode::SUCCESS } else { ExitCode::from(DIFFERENCES) })
    })
}

/// What verifying found.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// Person-years looked at.
    pub(super) years: u64,
    /// What differs: person, year, what, stored, folded.
    pub(super) differences: Vec<VerifyDifference>,
    /// Debits less credits of the journal.
    pub(super) journal: Fen,
}

impl Found {
    pub(super) fn is_clean(&self) -> bool {
        self.differences.is_empty() && self.journal.is_zero()
    }

    pub(super) fn json(&self) -> Value {
        let differences: Vec<Value> = self.differences.iter().map(difference_json).collect();
        json!({ "years": self.years, "differences": differences, "journal": self.journal.to_string() })
    }

    pub(super) fn show(&self, out: &mut Out) -> Result<(), Error> {
        let (stored, folded) = (out.say("存储为", "stored"), out.say("重算为", "folded"));
        for found in &self.differences {
            let VerifyDifference { person_id, year, about, stored: kept, folded: again } = found;
            out.line(printable(&format!("{person_id} {year} {about}: {stored} {kept}, {folded} {again}")))?;
        }
        let (years, count, journal) = (self.years, self.differences.len(), self.journal);
        out.heading(&match out.lang {
            Lang::Zh => format!("重算 {years} 个人年，{count} 处不符；账目合计 {journal}"),
            Lang::En => {
                format!("{years} person-year(s) folded again, {count} difference(s); the journal adds up to {journal}")
            }
        })
    }
}

fn difference_json(found: &VerifyDifference) -> Value {
    let VerifyDifference { person_id, year, about, stored, folded } = found;
    json!({ "person": person_id, "year": year, "about": about, "stored": stored, "folded": folded })
}

fn client(address: &str) -> Result<SettlementServiceClient<rpc::Client>, Error> {
    Ok(SettlementServiceClient::new(channel(address)?))
}

/// A channel to an address that was typed.
pub(super) fn channel(address: &str) -> Result<rpc::Client, Error> {
    // what has another scheme, or none, would only be told as away
    let host = address.strip_prefix("http://").filter(|host| !host.is_empty() && !host.starts_with(['/', ':']));
    if host.is_none() {
        return Err(Error::NoAddress(printable(address)));
    }
    Ok(rpc::channel(address)?)
}

/// Asks a service.
pub(super) async fn over_grpc(
    client: &mut SettlementServiceClient<rpc::Client>,
    request: VerifyYearsRequest,
) -> Result<Found, Error> {
    let failed = |status| Error::call("verify", status);
    let mut request = Request::new(request);
    request.set_timeout(DEADLINE_MAX);
    let mut reports = client.verify_years(request).await.map_err(failed)?.into_inner();
    let (mut found, progress) = (Found::default(), Progress::new());
    while let Some(message) = reports.message().await.map_err(failed)? {
        match message.report {
            Some(Report::Difference(difference)) => found.differences.push(difference),
            Some(Report::Progress(VerifyProgress { years_checked, years_total, journal_fen, done, .. })) => {
                progress.at("person-years", years_checked, years_total);
                (found.years, found.journal) = (years_checked, Fen::new(journal_fen));
                if done {
                    return Ok(found);
                }
            }
            None => {}
        }
    }
    Err(failed(Status::unavailable("the service broke off before the end")))
}

/// A database that is there, and whose steps were applied to it.
async fn opened(url: &str) -> Result<(Database, Vec<String>), Error> {
    // opening would make an empty one
    if let Some(path) = url.strip_prefix("sqlite:").map(|rest| rest.split('?').next().unwrap_or(rest))
        && !Path::new(path.trim_start_matches("//")).is_file()
    {
        return Err(Error::NoFile(printable(path)));
    }
    let database = Database::open(url).await.map_err(Error::Database)?;
    let owners = migrations::owners(&database).await.map_err(Error::Database)?;
    Ok((database, owners))
}

/// Folds here what settlement's database holds.
async fn beside(database: Database, person: Option<Name>, year: Option<i32>, process: Process) -> Result<Found, Error> {
    migrations::check(&database, MIGRATIONS).await.map_err(Error::Migration)?;
    let opened = Registry::open(Source::Database(database.clone()), registry::Settings::default()).await;
    let registry = opened.map_err(|error| Error::Start("the policy registry", error.into()))?;
    let bench = Bench { database: database.clone(), registry, clock: process.clock, ids: process.ids };
    let found = Arc::new((Mutex::new(Found::default()), Progress::new()));
    let report = |verified: Verified| {
        let (found, progress) = &*found;
        let mut found = found.lock().unwrap_or_else(PoisonError::into_inner);
        match verified {
            Verified::Difference(Difference { person, year, about, stored, folded }) => {
                let (person_id, year) = (person.to_string(), u32::try_from(year).unwrap_or_default());
                found.differences.push(VerifyDifference { person_id, year, about, stored, folded });
            }
            Verified::Progress(at) => {
                progress.at("person-years", at.checked, at.total);
                (found.years, found.journal) = (at.checked, at.journal);
            }
        }
        std::future::ready(true)
    };
    let done = settlement::app::verify(&bench, person, year, report).await;
    done.map_err(|fault| Error::call("verify", fault.into()))?;
    database.close().await.map_err(Error::Database)?;
    let mut found = found.0.lock().unwrap_or_else(PoisonError::into_inner);
    Ok(std::mem::take(&mut found))
}
