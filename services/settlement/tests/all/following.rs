//! Claims followed while bills are settled: a stream that is taken up again after what was read last misses none.

use std::time::Duration;

use pb::settlement::v1::{Claim, ListClaimsRequest, StreamClaimsRequest};
use pb::r#type::v1::Period;
use store::sea_orm::ConnectionTrait as _;
use store::{Error, Tx};
use testkit::{on_both, on_postgres};
use tokio::sync::oneshot;
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::support::{House, institution};
use crate::world::{asks, reason, town, visit};

const SOON: Duration = Duration::from_secs(60);

fn all_after(resume_token: &str) -> StreamClaimsRequest {
    let settled = Some(Period { from_date: "2035-03-01".to_owned(), to_date: "2035-06-30".to_owned() });
    let resume_token = resume_token.to_owned();
    StreamClaimsRequest { institution_id: institution(1), settled, resume_token, ..StreamClaimsRequest::default() }
}

/// Reads what is there behind a token, in order, and the token of the last.
async fn read_on(house: &House, token: &mut String) -> Vec<Claim> {
    let mut stream = house.client().stream_claims(all_after(token)).await.expect("a stream").into_inner();
    let mut claims = Vec::new();
    while let Some(message) = stream.message().await.expect("a message") {
        *token = message.resume_token;
        claims.extend(message.claim);
    }
    claims
}

fn bill_of(claim: &Claim) -> &str {
    claim.bill.as_ref().map_or("", |bill| bill.bill_id.as_str())
}

#[test]
fn a_stream_that_is_taken_up_again_while_bills_are_settled_has_each_once() {
    on_both(|url| async move {
        let house = town(&url).await;
        let mut settling = JoinSet::new();
        for person in 0..8 {
            let mut client = house.client();
            settling.spawn(async move {
                for at in 0..8 {
                    let bill = visit(&format!("B{person}-{at}"), "2035-03-01", 10_000);
                    let request = asks(&format!("K{person}-{at}"), &format!("p{person}"), &bill);
                    client.settle(request).await.expect("settled");
                }
            });
        }
        let (mut read, mut token, mut is_over) = (Vec::new(), String::new(), false);
        while !is_over {
            while let Some(ended) = settling.try_join_next() {
                ended.unwrap();
            }
            // asked before it is read: what is read last has all
            is_over = settling.is_empty();
            read.extend(read_on(&house, &mut token).await.iter().map(|claim| bill_of(claim).to_owned()));
        }
        let mut expected: Vec<String> = (0..64).map(|at| format!("B{}-{}", at / 8, at % 8)).collect();
        expected.sort();
        read.sort();
        assert_eq!(read, expected);
        house.close().await;
    });
}

#[test]
fn a_commit_under_way_that_drew_a_lower_number_is_waited_for_and_not_passed_by() {
    on_postgres(|url| async move {
        let house = town(&url).await;
        house.settles("K0", "p", &visit("B0", "2035-03-01", 10_000)).await;
        let mut token = String::new();
        assert_eq!(read_on(&house, &mut token).await.iter().map(bill_of).collect::<Vec<_>>(), ["B0"]);
        let (drew, has_drawn) = oneshot::channel::<()>();
        let (end, ends) = oneshot::channel::<()>();
        let (database, held) = (house.database.clone(), std::sync::Mutex::new(Some((drew, ends))));
        let late = tokio::spawn(async move {
            let work = |tx: Tx| {
                let held = held.lock().unwrap().take();
                async move {
                    let (drew, ends) = held.expect("once");
                    // another process settles LATE: it has its number, and is not committed
                    let like = "INSERT INTO claim SELECT (jsonb_populate_record(c, jsonb_build_object('id', 'late', 'bill', 'LATE', \
                         'key', 'late', 'number', c.number + 100, 'seq', nextval('claim_seq')))).* FROM claim c WHERE bill = 'B0'";
                    tx.execute_unprepared(like).await?;
                    let decided = "INSERT INTO decision SELECT (jsonb_populate_record(d, jsonb_build_object('claim', 'late'))).* \
                         FROM decision d JOIN claim c ON c.id = d.claim WHERE c.bill = 'B0'";
                    tx.execute_unprepared(decided).await?;
                    drew.send(()).unwrap();
                    timeout(SOON, ends).await.unwrap().unwrap();
                    Ok::<_, Error>(())
                }
            };
            let attempts = store::Attempts { most: 1, deadline: SOON, ..store::Attempts::default() };
            database.transaction_with(attempts, work).await
        });
        timeout(SOON, has_drawn).await.unwrap().unwrap();
        let behind = house.settles("K1", "q", &visit("B1", "2035-03-01", 10_000)).await;
        let refused = house.client().stream_claims(all_after(&token)).await.expect_err("a commit is under way");
        assert_eq!(reason(&refused), "CONTENDED");
        let list = ListClaimsRequest { institution_id: institution(1), page_size: 1, ..ListClaimsRequest::default() };
        assert_eq!(reason(&house.client().list_claims(list).await.expect_err("the same")), "CONTENDED");
        end.send(()).unwrap();
        late.await.unwrap().expect("it is committed");
        let read = read_on(&house, &mut token).await;
        assert_eq!(read.iter().map(|claim| claim.claim_id.as_str()).collect::<Vec<_>>(), ["late", &behind.claim_id]);
        house.close().await;
    });
}

#[test]
fn a_commit_that_has_only_drawn_its_number_is_waited_for_though_none_has_ended_since() {
    on_postgres(|url| async move {
        let house = town(&url).await;
        house.settles("K0", "p", &visit("B0", "2035-03-01", 10_000)).await;
        let mut token = String::new();
        read_on(&house, &mut token).await;
        let (drew, has_drawn) = oneshot::channel::<()>();
        let (end, ends) = oneshot::channel::<()>();
        let (database, held) = (house.database.clone(), std::sync::Mutex::new(Some((drew, ends))));
        let late = tokio::spawn(async move {
            let work = |tx: Tx| {
                let held = held.lock().unwrap().take();
                async move {
                    let (drew, ends) = held.expect("once");
                    // as an insert does first of all, before it writes its row
                    let default = "DO $$ DECLARE drawn text; BEGIN \
                         SELECT pg_get_expr(adbin, adrelid) INTO drawn FROM pg_attrdef \
                         JOIN pg_attribute ON attrelid = adrelid AND attnum = adnum \
                         WHERE adrelid = 'claim'::regclass AND attname = 'seq'; \
                         EXECUTE 'SELECT ' || drawn; END $$";
                    tx.execute_unprepared(default).await?;
                    drew.send(()).unwrap();
                    timeout(SOON, ends).await.unwrap().unwrap();
                    Ok::<_, Error>(())
                }
            };
            let attempts = store::Attempts { most: 1, deadline: SOON, ..store::Attempts::default() };
            database.transaction_with(attempts, work).await
        });
        timeout(SOON, has_drawn).await.unwrap().unwrap();
        let refused = house.client().stream_claims(all_after(&token)).await.expect_err("a commit is under way");
        assert_eq!(reason(&refused), "CONTENDED");
        end.send(()).unwrap();
        late.await.unwrap().expect("it is committed");
        assert_eq!(read_on(&house, &mut token).await, []);
        house.close().await;
    });
}
