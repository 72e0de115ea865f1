//! The books of enrolment: every entry, and every enrolment against what is booked and credited for it.

use std::process::ExitCode;

use enrolment::{MIGRATIONS, Verified};
use policy::printable;
use policy::statement::Lang;
use serde_json::{Value, json};
use store::{Database, migrations};

use super::premiums::{self, Compared};
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
    let compared = match &args.assistance_database {
        Some(url) => Some(premiums::compare(&database, url).await?),
        None => None,
    };
    database.close().await.map_err(Error::Database)?;
    show(&verified, compared.as_ref(), out)?;
    let is_same = compared.is_none_or(|compared| compared.differences.is_empty());
    Ok(if verified.is_clean() && is_same { ExitCode::SUCCESS } else { ExitCode::from(DIFFERENCES) })
}

fn show(verified: &Verified, compared: Option<&Compared>, out: &mut Out) -> Result<(), Error> {
    let Verified { entries, enrolments, journal, found, differences } = verified;
    if out.is_json() {
        let differences =
            differences.iter().map(|one| json!({ "about": one.about, "stored": one.stored, "expected": one.expected }));
        let differences: Vec<Value> = differences.collect();
        return out.json(&json!({
            "entries": entries, "enrolments": enrolments, "differences": differences, "found": found,
            "journal": journal.to_string(), "premium_assistance": compared.map(Compared::json),
        }));
    }
    let (stored, expected) = (out.say("存储为", "stored"), out.say("应为", "expected"));
    for one in differences {
        let text = format!("{}: {stored} {}, {expected} {}", one.about, one.stored, one.expected);
        out.line(printable(&text))?;
    }
    if let Some(compared) = compared {
        show_compared(compared, out)?;
    }
    out.heading(&match out.lang {
        Lang::Zh => format!("核对 {entries} 笔分录、{enrolments} 个参保，{found} 处不符；账目合计 {journal}"),
        Lang::En => format!(
            "{entries} entries and {enrolments} enrolment(s) verified, {found} difference(s); the journal adds up to {journal}"
        ),
    })
}

/// What both journals say of premium assistance, an enrolment that differs a line.
fn show_compared(compared: &Compared, out: &mut Out) -> Result<(), Error> {
    for one in &compared.differences {
        let (enrolment, division, more) = (&one.enrolment, &one.division, one.came_in - one.due);
        let text = match out.lang {
            Lang::Zh => format!(
                "参保 {enrolment}（{division}）参保资助：参保账 {}，救助账 {}，相差 {more}",
                one.came_in, one.due
            ),
            Lang::En => format!(
                "enrolment {enrolment} in {division}, premium assistance: enrolment's books {}, assistance's {}, a difference of {more}",
                one.came_in, one.due
            ),
        };
        out.line(printable(&text))?;
    }
    let Compared { enrolments, came_in, due, differences } = compared;
    let count = differences.len();
    out.line(match out.lang {
        Lang::Zh => format!("参保资助：{enrolments} 个参保，参保账 {came_in}，救助账 {due}，{count} 处不符（在途的待送达后相符）"),
        Lang::En => format!(
            "premium assistance: {enrolments} enrolment(s), enrolment's books {came_in}, assistance's {due}, {count} difference(s) \
             (what is on its way is equal once it is told)"
        ),
    })
}
