//! The books of enrolment: every entry, and every enrolment against what is booked and credited for it.

use std::process::ExitCode;

use enrolment::{MIGRATIONS, Verified};
use policy::printable;
use policy::statement::Lang;
use serde_json::{Value, json};
use store::{Database, migrations};

use crate::cli::{DIFFERENCES, Verify};
use crate::error::Error;
use crate::out::Out;

/// Verifies a database of enrolment, whole.
pub(super) async fn verify(database: Database, args: &Verify, out: &mut Out) -> Result<ExitCode, Error> {
    if args.person.is_some() || args.year.is_some() {
        let message = "enrolment's books are verified whole: leave --person and --year out";
        return Err(Error::Nothing(message.to_owned()));
    }
    migrations::check(&database, MIGRATIONS).await.map_err(Error::Migration)?;
    let verified = enrolment::verify(&database).await.map_err(Error::Database)?;
    database.close().await.map_err(Error::Database)?;
    show(&verified, out)?;
    Ok(if verified.is_clean() { ExitCode::SUCCESS } else { ExitCode::from(DIFFERENCES) })
}

fn show(verified: &Verified, out: &mut Out) -> Result<(), Error> {
    let Verified { entries, enrolments, journal, found, differences } = verified;
    if out.is_json() {
        let differences =
            differences.iter().map(|one| json!({ "about": one.about, "stored": one.stored, "expected": one.expected }));
        let differences: Vec<Value> = differences.collect();
        return out.json(&json!({
            "entries": entries, "enrolments": enrolments, "differences": differences, "found": found,
            "journal": journal.to_string(),
        }));
    }
    let (stored, expected) = (out.say("存储为", "stored"), out.say("应为", "expected"));
    for one in differences {
        let text = format!("{}: {stored} {}, {expected} {}", one.about, one.stored, one.expected);
        out.line(printable(&text))?;
    }
    out.heading(&match out.lang {
        Lang::Zh => format!("核对 {entries} 笔分录、{enrolments} 个参保，{found} 处不符；账目合计 {journal}"),
        Lang::En => format!(
            "{entries} entries and {enrolments} enrolment(s) verified, {found} difference(s); the journal adds up to {journal}"
        ),
    })
}
