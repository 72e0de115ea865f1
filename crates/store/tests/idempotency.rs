use store::idempotency::{Answered, Call, IdempotencyError, once};
use store::sea_orm::ConnectionTrait as _;
use store::{Database, Error};
use testkit::on_both;

use crate::support::{count, opened, raw};

async fn call(database: &Database, call: &Call) -> Result<Answered, IdempotencyError> {
    database
        .transaction(|tx| async move {
            let work = || async {
                tx.execute_unprepared("INSERT INTO effect VALUES (7)").await.map_err(Error::from)?;
                Ok::<_, IdempotencyError>(b"done".to_vec())
            };
            once(&tx, call, work).await
        })
        .await
}

#[test]
fn of_64_calls_under_one_key_one_takes_effect_and_all_get_its_answer() {
    on_both(|url| async move {
        let database = opened(&url).await;
        raw(&database, "CREATE TABLE effect (n BIGINT)").await.unwrap();
        let calls: Vec<_> = (0..64)
            .map(|_| {
                let database = database.clone();
                let asked = Call::new("hospital", "K1").field("total_fen", b"100");
                tokio::spawn(async move { call(&database, &asked).await.unwrap() })
            })
            .collect();
        let mut now = 0;
        for call in calls {
            match call.await.unwrap() {
                Answered::Now(answer) => {
                    now += 1;
                    assert_eq!(answer, b"done");
                }
                Answered::Before(answer) => assert_eq!(answer, b"done"),
            }
        }
        assert_eq!((now, count(&database, "effect").await), (1, 1));
    });
}

#[test]
fn a_key_with_other_content_is_refused_by_the_name_of_the_field() {
    on_both(|url| async move {
        let database = opened(&url).await;
        raw(&database, "CREATE TABLE effect (n BIGINT)").await.unwrap();
        let asked = Call::new("hospital", "K1").field("bill", b"B1").field("total_fen", b"100");
        call(&database, &asked).await.unwrap();
        let refused = call(&database, &asked.clone().field("total_fen", b"101")).await;
        assert!(matches!(refused, Err(IdempotencyError::OtherContent { field }) if field == "total_fen"));
        let refused = call(&database, &asked.clone().field("added", b"")).await;
        assert!(matches!(refused, Err(IdempotencyError::OtherContent { field }) if field == "added"));
        let other = Call::new("pharmacy", "K1").field("bill", b"B1");
        assert!(matches!(call(&database, &other).await, Ok(Answered::Now(_))), "keys are the caller's own");
        assert_eq!(count(&database, "effect").await, 2);
    });
}

/// What an earlier program kept of a call: the whole SHA-256 of each field, as JSON.
const EARLIER: &str = r#"{"total_fen":"ad57366865126e55649ecb23ae1d48887544976efea46a48eb5d85a6eeb4d306"}"#;

#[test]
fn a_call_kept_by_an_earlier_program_is_known_again_and_other_content_refused() {
    on_both(|url| async move {
        let database = opened(&url).await;
        raw(&database, "CREATE TABLE effect (n BIGINT)").await.unwrap();
        let keep =
            format!("INSERT INTO idempotency (caller, key, fields, answer) VALUES ('hospital', 'K1', '{EARLIER}', ");
        let answer = if database.kind() == store::Kind::Postgres { "'\\x6f6c64'" } else { "x'6f6c64'" };
        raw(&database, &format!("{keep} {answer})")).await.unwrap();
        let asked = Call::new("hospital", "K1").field("total_fen", b"100");
        assert_eq!(call(&database, &asked).await.unwrap(), Answered::Before(b"old".to_vec()));
        let refused = call(&database, &asked.field("total_fen", b"101")).await;
        assert!(matches!(refused, Err(IdempotencyError::OtherContent { field }) if field == "total_fen"));
        assert_eq!(count(&database, "effect").await, 0);
    });
}
