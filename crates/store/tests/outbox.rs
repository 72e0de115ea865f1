use std::collections::BTreeMap;

use store::outbox::{Event, Turn, delivered, put, take, waiting};
use store::{Database, Error, Tx};
use testkit::on_both;

use crate::support::opened;

fn event(key: &str, number: u32) -> Event {
    Event {
        id: format!("{key}-{number:04}"),
        key: key.to_owned(),
        topic: "settled".to_owned(),
        payload: number.to_be_bytes().to_vec(),
        trace_context: Some("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".to_owned()),
        created_at: 1_000 + i64::from(number),
    }
}

async fn write(database: &Database, events: &[Event]) -> Result<(), Error> {
    database.transaction(|tx: Tx| async move { put(&tx, events).await }).await
}

const fn turn(owner: &str, now: i64) -> Turn<'_> {
    Turn { owner, now, until: now + 100, most: 10 }
}

#[test]
fn events_are_kept_with_the_commit_and_come_in_order_of_their_key() {
    on_both(|url| async move {
        let database = opened(&url).await;
        let events = [event("a", 1), event("b", 1), event("a", 2)];
        write(&database, &events).await.unwrap();
        let failed: Result<(), Error> = database
            .transaction(|tx| async move {
                put(&tx, &[event("c", 1)]).await?;
                Err(Error::Url)
            })
            .await;
        assert!(failed.is_err());
        assert!(matches!(write(&database, &[event("a", 1)]).await, Err(Error::Forbidden(_))), "an id is used once");
        assert_eq!(take(&database, turn("r", 1)).await.unwrap(), events[..2]);
        assert_eq!(take(&database, turn("r", 2)).await.unwrap(), [], "a key has one event under way");
        assert!(delivered(&database, turn("r", 3), "a-0001").await.unwrap());
        assert_eq!(take(&database, turn("r", 4)).await.unwrap(), events[2..]);
        assert_eq!(waiting(&database).await.unwrap(), 2);
    });
}

#[test]
fn what_a_relay_took_and_did_not_deliver_is_taken_again_by_another_after_its_lease() {
    on_both(|url| async move {
        let database = opened(&url).await;
        write(&database, &[event("a", 1), event("a", 2)]).await.unwrap();
        let took = take(&database, turn("first", 0)).await.unwrap();
        drop(database); // the process ends between the commit and the delivery
        let database = opened(&url).await;
        assert_eq!(take(&database, turn("second", 99)).await.unwrap(), []);
        assert_eq!(take(&database, turn("second", 100)).await.unwrap(), took);
        assert!(!delivered(&database, turn("first", 101), "a-0001").await.unwrap(), "the first lost its lease");
        assert!(delivered(&database, turn("second", 102), "a-0001").await.unwrap());
        assert_eq!(take(&database, turn("second", 103)).await.unwrap(), [event("a", 2)]);
    });
}

#[test]
fn no_event_of_concurrent_writers_and_relays_is_lost_or_out_of_order() {
    on_both(|url| async move {
        let database = opened(&url).await;
        let writers = ["a", "b", "c", "d"].map(|key| {
            let database = database.clone();
            tokio::spawn(async move {
                for number in 0..10 {
                    write(&database, &[event(key, number)]).await.unwrap();
                }
            })
        });
        let relay = |owner: &'static str| {
            let database = database.clone();
            tokio::spawn(async move {
                let mut seen = Vec::new();
                let mut now = 0;
                while seen.len() < 40 && now < 2_000 {
                    now += 1;
                    for event in take(&database, Turn { until: i64::MAX, ..turn(owner, now) }).await.unwrap() {
                        assert!(delivered(&database, turn(owner, now), &event.id).await.unwrap());
                        seen.push(event.id);
                    }
                    if waiting(&database).await.unwrap() == 0 && now > 100 {
                        break;
                    }
                }
                seen
            })
        };
        let relays = [relay("one"), relay("two")];
        for writer in writers {
            writer.await.unwrap();
        }
        let mut all = relay("last").await.unwrap();
        for relay in relays {
            let seen = relay.await.unwrap();
            let mut newest = BTreeMap::new();
            for id in &seen {
                let (key, number) = id.split_once('-').unwrap();
                assert!(newest.insert(key.to_owned(), number.to_owned()).is_none_or(|before| *before < *number));
            }
            all.extend(seen);
        }
        all.sort();
        all.dedup();
        assert_eq!((all.len(), waiting(&database).await.unwrap()), (40, 0));
    });
}
