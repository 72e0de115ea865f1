//! A long report, read slowly while claims are kept: of one state, page by page, and nobody waits for its reader.

use std::sync::Arc;

use ::pb::assistance::v1 as pb;
use pb::stream_report_response::Part;
use store::sea_orm::{ConnectionTrait as _, QueryResult, Statement};
use store::{Database, Tx};
use testkit::{on_both, on_postgres};
use tokio::sync::Notify;
use tonic::Streaming;

use crate::reporting::{patient, terms};
use crate::support::{World, change, eventually, fault};

/// Rows: 25 divisions, 120 months, a claim each.
const ROWS: usize = 3_000;
/// So many payers with long names that the connection cannot take all rows in.
const PAYERS: usize = 24;

async fn run(database: &Database, sql: String) {
    let work = |tx: Tx| {
        let sql = sql.clone();
        async move {
            tx.execute_raw(Statement::from_string(tx.get_database_backend(), sql)).await?;
            Ok::<_, store::Error>(())
        }
    };
    database.transaction(work).await.unwrap();
}

async fn ask(database: &Database, sql: &str) -> QueryResult {
    let reader = database.reader();
    let statement = Statement::from_string(reader.get_database_backend(), sql);
    reader.query_one_raw(statement).await.unwrap().unwrap()
}

fn fact(values: &str) -> String {
    format!(
        "INSERT INTO claim_fact (claim_id, revision, reversed, person_id, year, division, cause, institution, rules_date, \
         settled_date, care, scheme, category, categories, categories_handed_in, third_system, total_fen, within_scope_fen, \
         fund_fen, cash_fen, payers, short, change_id) {values}"
    )
}

/// Fills the table; every seventh claim is of the same person.
async fn many(database: &Database) {
    run(
        database,
        "INSERT INTO person (person_id, sequence) WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n \
         WHERE i < 699) SELECT 'P' || CAST(i AS TEXT), 0 FROM n"
            .to_owned(),
    )
    .await;
    let payer = |number: usize| {
        format!(
            r#"{{"payer":"payer_with_a_name_that_is_rather_long_{number:02}","kind":"fund","amount_fen":1,"within_scope_fen":1}}"#
        )
    };
    let payers: Vec<String> = (0..PAYERS).map(payer).collect();
    let payers = payers.join(",");
    run(
        database,
        fact(&format!(
            "WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < {}) \
             SELECT 'C' || CAST(i AS TEXT), 0, 0, 'P' || CAST(i % 700 AS TEXT), 2022, CAST(990101 + i / 120 AS TEXT), \
             'settled', 'H1', '2022-01-01', CAST(2013 + i % 120 / 12 AS TEXT) || '-' || \
             substr(CAST(101 + i % 12 AS TEXT), 2, 2) || '-15', 'inpatient', 'resident', 'no_category', '[]', 0, \
             'not_concerned', 100, 100, {PAYERS}, {}, '[{payers}]', '[]', 'A1' FROM n",
            ROWS - 1,
            100 - PAYERS
        )),
    )
    .await;
}

async fn begin(world: &World) -> Streaming<pb::StreamReportResponse> {
    let request = patient(terms("2013-01", "2022-12", &["990100"]));
    let mut stream = world.reports.clone().stream_report(request).await.unwrap().into_inner();
    let first = stream.message().await.unwrap().unwrap().part.unwrap();
    assert!(matches!(first, Part::Row(row) if row.division == "990101" && row.month == "2013-01"));
    stream
}

/// Waits until nobody is in the middle of a transaction.
async fn rests(database: &Database) {
    if database.kind() == store::Kind::Sqlite {
        let sql = "SELECT 'sqlite:' || file AS url FROM pragma_database_list WHERE name = 'main'";
        let url: String = ask(database, sql).await.try_get("", "url").unwrap();
        let other = Database::open(&url).await.unwrap();
        // nobody can empty the log while somebody reads from it
        let is_emptied = || async {
            let emptied =
                Statement::from_string(other.reader().get_database_backend(), "PRAGMA wal_checkpoint(TRUNCATE)");
            let row = other.reader().query_one_raw(emptied).await.ok()??;
            (row.try_get::<i64>("", "busy").ok()? == 0).then_some(())
        };
        return eventually(is_emptied).await;
    }
    let sql = "SELECT count(*) AS n FROM pg_stat_activity WHERE datname = current_database() \
         AND pid <> pg_backend_pid() AND state <> 'idle'";
    let is_idle = || async { (ask(database, sql).await.try_get::<i64>("", "n").unwrap() == 0).then_some(()) };
    eventually(is_idle).await;
}

#[test]
fn what_is_kept_while_a_report_is_read_is_not_in_it_and_no_transaction_waits_for_its_reader() {
    on_both(|url| async move {
        let world = World::new(&url).await;
        many(&world.database).await;
        let mut stream = begin(&world).await;
        rests(&world.database).await;
        // one more in a month that was read, one in a month that was not, and one that stands otherwise now
        let values = |claim: &str, division: &str, revision: i64, category: &str| {
            fact(&format!(
                "SELECT '{claim}', {revision}, 0, 'P1', 2022, '{division}', 'settled', 'H1', '2022-01-01', '2013-01-01', \
                 'inpatient', 'resident', '{category}', '[]', 0, 'not_concerned', 100, 100, 0, 100, '[]', '[]', 'A1'"
            ))
        };
        run(&world.database, values("NEW1", "990101", 0, "no_category")).await;
        run(&world.database, values("NEW2", "990125", 0, "no_category")).await;
        run(&world.database, values("C2999", "990125", 1, "destitute")).await;
        assert_eq!(
            world.post(&[change("P1", 1, "", &[("K1", 0, 0)])]).await,
            [pb::PostOutcome::Kept],
            "nobody waits for the reader"
        );
        let (mut rows, mut bills, mut total, mut end) = (1, 1, None, None);
        while let Some(message) = stream.message().await.unwrap() {
            match message.part.unwrap() {
                Part::Row(row) => {
                    let sum = row.sum.unwrap();
                    rows += 1;
                    if !row.division.is_empty() && !row.month.is_empty() {
                        bills += sum.bills;
                    }
                    if row.division.is_empty() && row.month.is_empty() && row.category.is_none() {
                        total = Some((sum.people, sum.bills, sum.payers.len()));
                    }
                }
                Part::Indicator(_) => {}
                Part::End(whole) => end = Some(whole.rows),
            }
        }
        // divisions, months, one category, all
        assert_eq!((bills, rows), (ROWS as u64, ROWS as u64 + 25 + 120 + 1 + 1));
        assert_eq!((total, end), (Some((700, ROWS as u64, PAYERS)), Some(rows)));
        // the next report has all three
        let again = world.report(terms("2013-01", "2022-12", &["990100"])).await.unwrap();
        let sum = again.rows.last().unwrap().sum.clone().unwrap();
        assert_eq!((sum.people, sum.bills), (700, ROWS as u64 + 2));
        assert!(again.rows.iter().any(|row| row.category.is_some_and(|number| number == 2)), "the new revision counts");
    });
}

#[test]
fn rows_are_read_when_there_is_room_for_them_and_not_before() {
    on_both(|url| async move {
        let world = World::new(&url).await;
        many(&world.database).await;
        let mut stream = begin(&world).await;
        rests(&world.database).await;
        // had all rows been read already, nobody would miss the table
        run(&world.database, "ALTER TABLE claim_fact RENAME TO claim_fact_gone".to_owned()).await;
        let mut rows = 1;
        let status = loop {
            match stream.message().await {
                Ok(Some(_)) => rows += 1,
                Ok(None) => panic!("all {rows} rows were read before"),
                Err(status) => break status,
            }
        };
        assert!(rows < ROWS, "{rows}");
        assert_eq!(fault(&status).0, "INTERNAL", "{status:?}");
    });
}

#[test]
fn a_commit_that_is_under_way_when_a_report_begins_is_waited_for() {
    on_postgres(|url| async move {
        let world = World::new(&url).await;
        run(&world.database, "INSERT INTO person VALUES ('P1', 0)".to_owned()).await;
        let values = |claim: &str| {
            fact(&format!(
                "SELECT '{claim}', 0, 0, 'P1', 2022, '990101', 'settled', 'H1', '2022-01-01', '2022-01-01', 'inpatient', \
                 'resident', 'no_category', '[]', 0, 'not_concerned', 100, 100, 0, 100, '[]', '[]', 'A1'"
            ))
        };
        let (begun, go_on) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let early = {
            let (database, sql) = (world.database.clone(), values("EARLY"));
            let (begun, go_on) = (Arc::clone(&begun), Arc::clone(&go_on));
            tokio::spawn(async move {
                let work = |tx: Tx| {
                    let (sql, begun, go_on) = (sql.clone(), Arc::clone(&begun), Arc::clone(&go_on));
                    async move {
                        tx.execute_raw(Statement::from_string(tx.get_database_backend(), sql)).await?;
                        begun.notify_one();
                        go_on.notified().await;
                        Ok::<_, store::Error>(())
                    }
                };
                database.transaction(work).await.unwrap();
            })
        };
        begun.notified().await;
        // it has a higher number, and is there first
        run(&world.database, values("LATE")).await;
        let reading = world.report(terms("2022-01", "2022-01", &["990101"]));
        let committing = async {
            let sql = "SELECT count(*) AS n FROM pg_stat_activity WHERE query LIKE '%virtualtransaction AS id%' \
                 AND pid <> pg_backend_pid()";
            let asks =
                || async { (ask(&world.database, sql).await.try_get::<i64>("", "n").unwrap() > 0).then_some(()) };
            eventually(asks).await;
            go_on.notify_one();
        };
        let (report, ()) = tokio::join!(reading, committing);
        early.await.unwrap();
        assert_eq!(report.unwrap().rows.last().unwrap().sum.clone().unwrap().bills, 2);
    });
}
