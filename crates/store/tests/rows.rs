use serde_json::json;
use store::rows::{self, Kind};
use testkit::on_sqlite;

use crate::support::{opened, raw};

/// The bills of one commit are looked up among all there ever were, so the plan must not hang on how many are asked about.
#[test]
fn rows_that_are_asked_about_lead_however_many_they_are() {
    on_sqlite(|url| async move {
        let database = opened(&url).await;
        raw(&database, "CREATE TABLE thing (bill TEXT NOT NULL, place TEXT NOT NULL)").await.unwrap();
        raw(&database, "CREATE UNIQUE INDEX thing_once ON thing (bill, place)").await.unwrap();
        let sql = "EXPLAIN QUERY PLAN SELECT t.place FROM {rows} \
             JOIN thing t ON t.bill = r.a AND t.place || '' = r.b";
        for many in [1, 2, 31, 500] {
            let asked: Vec<_> = (0..many).map(|at| json!({ "a": format!("B{at}"), "b": "H1" })).collect();
            let columns = [("a", Kind::Text), ("b", Kind::Text)];
            let plan = rows::query(database.reader(), sql, &columns, &asked, []).await.unwrap();
            let plan: Vec<String> = plan.iter().map(|row| row.try_get("", "detail").unwrap()).collect();
            assert!(
                plan.iter().any(|step| step.starts_with("SEARCH t "))
                    && !plan.iter().any(|step| step.starts_with("SCAN t")),
                "{many}: {plan:?}"
            );
        }
    });
}
