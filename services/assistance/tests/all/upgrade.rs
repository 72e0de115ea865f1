//! A database of an earlier version is brought up to date with all that it holds.

use assistance::MIGRATIONS;
use store::migrations::{Set, migrate};
use store::sea_orm::{ConnectionTrait as _, Statement};
use store::{Database, Error, Tx};
use testkit::on_both;

async fn run(database: &Database, sql: &str) -> Result<(), Error> {
    let work = |tx: Tx| async move {
        tx.execute_raw(Statement::from_string(tx.get_database_backend(), sql)).await?;
        Ok::<_, Error>(())
    };
    database.transaction(work).await
}

async fn count(database: &Database, table: &str) -> i64 {
    let sql = format!("SELECT count(*) AS n FROM {table}");
    let reader = database.reader();
    let statement = Statement::from_string(reader.get_database_backend(), sql);
    reader.query_one_raw(statement).await.unwrap().unwrap().try_get("", "n").unwrap()
}

const TABLES: [&str; 3] = ["claim_fact", "claim_share", "opening_share"];

#[test]
fn what_an_earlier_version_kept_stays_and_is_only_added_to() {
    on_both(|url| async move {
        let database = Database::open(&url).await.unwrap();
        let ours = MIGRATIONS.iter().find(|set| set.owner == "assistance").unwrap();
        let first = Set { steps: &ours.steps[..1], ..*ours };
        let earlier: Vec<Set> =
            MIGRATIONS.iter().map(|set| if set.owner == "assistance" { first } else { *set }).collect();
        migrate(&database, &earlier).await.unwrap();
        for sql in [
            "INSERT INTO person VALUES ('P1', 1)",
            "INSERT INTO category_grant VALUES ('G1', 1, 'P1', 'destitute', NULL, '2022-01-01', NULL, 'civil_affairs', \
             '370800', '', '[]', 0, 0, 'officer', '', 1)",
            "INSERT INTO change VALUES ('K1', 'P1', 1, 'hash', 1)",
            "INSERT INTO claim_fact VALUES ('C1', 0, 0, 'P1', 2022, '370800', NULL, 'settled', 'H1', '2022-10-10', \
             '2022-10-10', 'inpatient', 'resident', 'destitute', '[]', 0, 'whole', 9, 8, 7, 2, '[]', '[]', 'K1')",
            "INSERT INTO claim_share VALUES ('C1', 0, 'assistance', 7, 'K1')",
            "INSERT INTO opening_share VALUES ('K1', 'P1', 2022, 'assistance', 5)",
        ] {
            run(&database, sql).await.unwrap();
        }
        assert!(migrate(&database, MIGRATIONS).await.unwrap() > 0);
        for table in TABLES {
            assert_eq!(count(&database, table).await, 1, "{table}");
            let change = format!("UPDATE {table} SET change_id = 'K2'");
            run(&database, &change).await.expect_err("what is kept is never changed");
            run(&database, &format!("DELETE FROM {table}")).await.expect_err("and never removed");
        }
        let grant = "category_grant WHERE grant_id = 'G1' AND import_id = '' AND list_division = ''";
        assert_eq!(count(&database, grant).await, 1);
        // an adoption has an id of its own, and two people may have an opening by it
        for sql in [
            "INSERT INTO person VALUES ('P2', 0)",
            "INSERT INTO claim_share VALUES ('C2', 0, 'assistance', 7, 'A1')",
            "INSERT INTO opening_share VALUES ('A1', 'P1', 2022, 'assistance', 5)",
            "INSERT INTO opening_share VALUES ('A1', 'P2', 2022, 'assistance', 5)",
        ] {
            run(&database, sql).await.unwrap();
        }
        let stranger = "INSERT INTO claim_share VALUES ('C2', 0, 'assistance', 8, 'A1')";
        run(&database, stranger).await.expect_err("a share is kept once");
    });
}
