//! `yibao year`: a generated year in the counts of TB-4 goes through all services over real gRPC; then it is reported, and what the
//! report says is compared with what the callers were answered, added up by an audit that knows neither policy nor ledger.

mod audit;
mod generate;
mod serve;

use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

use host::{Process, Stop, stop_asked};
use pb::assistance::v1::ReportTerms;
use policy::statement::Lang;
use serde_json::json;
use tokio::sync::oneshot;

use self::audit::Audit;
use self::generate::{Shape, Year};
use self::serve::Callers;
use super::report::export;
use crate::cli::{self, DIFFERENCES};
use crate::error::Error;
use crate::out::Out;
use crate::process;
use crate::suite::{Place, Suite};

pub(crate) fn run(args: &cli::Year, out: &mut Out) -> Result<ExitCode, Error> {
    let year = Shape::built_in()?.year(args.seed, args.scale);
    let removed = tempfile::tempdir()?;
    let folder = match &args.folder {
        Some(folder) => empty(folder.clone())?,
        None => removed.path().to_owned(),
    };
    let settings = process::quiet();
    process::run(&settings, async |process: Process| {
        let asked = stop_asked().map_err(Error::Signals)?;
        let (end, ended) = oneshot::channel::<()>();
        let stop = Stop::when(async { drop(ended.await) });
        let place = Place { folder, settlement: 0, enrolment: 0, assistance: 0 };
        let suite = Suite::start(&place, &process, &stop).await?;
        let [settlement, enrolment, assistance] =
            [suite.settlement, suite.enrolment, suite.assistance].map(|address| format!("http://{address}"));
        let callers = Callers::new([&settlement, &enrolment, &assistance], args.callers)?;
        let drain = settings.drain;
        let serving = tokio::spawn(async move { suite.serve(drain, &stop).await });
        let told = tokio::select! { told = tell(year, args, callers, out) => told, () = asked => Err(Error::Stopped) };
        drop(end);
        if let Ok(served) = serving.await {
            served?;
        }
        Ok(if told? == 0 { ExitCode::SUCCESS } else { ExitCode::from(DIFFERENCES) })
    })
}

/// A folder in which nothing is yet.
fn empty(folder: PathBuf) -> Result<PathBuf, Error> {
    // one that is not there is made
    let is_empty = fs::read_dir(&folder).map_or(true, |mut found| found.next().is_none());
    if is_empty { Ok(folder) } else { Err(Error::NotEmpty(folder)) }
}

/// Grants, settles, reports and audits; how many differences there are.
async fn tell(mut year: Year, args: &cli::Year, callers: Callers, out: &mut Out) -> Result<usize, Error> {
    let (seed, scale, bills, people) = (args.seed, args.scale, year.bills(), year.people.len());
    if !out.is_json() {
        out.line(match out.lang {
            Lang::Zh => format!("生成的年度（种子 {seed}，比例 1:{scale}）：{people} 人，{bills} 张账单；均为虚构"),
            Lang::En => {
                format!("generated (seed {seed}, scale 1:{scale}): {people} people, {bills} bills, all made up")
            }
        })?;
        out.flush()?;
    }
    let (terms, planned) = (year.terms(), year.planned());
    callers.register(&mut year).await?;
    callers.grant(&year).await?;
    let told = callers.settle(year).await?;
    let mut audit = Audit::new(planned, told);
    let differences = callers.compare(&mut audit, &terms).await?;
    show(&callers, terms, &audit, &differences, out).await?;
    Ok(differences.len())
}

async fn show(
    callers: &Callers,
    terms: ReportTerms,
    audit: &Audit,
    differences: &[String],
    out: &mut Out,
) -> Result<(), Error> {
    export(callers.reports(), terms, out).await?;
    let (cells, bills, assisted, count) = (audit.cells(), audit.bills(), audit.assisted(), differences.len());
    if out.is_json() {
        let audited = json!({ "part": "audit", "cells": cells, "bills": bills, "bills_assisted": assisted,
            "differences": differences });
        return out.line(audited.to_string());
    }
    for difference in differences {
        out.line(difference)?;
    }
    out.heading(&match out.lang {
        Lang::Zh => format!("独立审计：{bills} 张账单（其中救助 {assisted} 张），{cells} 格，{count} 处不符"),
        Lang::En => {
            format!("independent audit: {bills} bills ({assisted} assisted), {cells} cells, {count} difference(s)")
        }
    })
}
