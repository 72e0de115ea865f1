//! What departments hear: events in Redis Streams, each at least once and under its own id, whatever becomes of Redis.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use ::pb::r#type::v1::Category;
use redis::streams::{StreamId, StreamRangeReply, StreamReadReply};
use redis::{AsyncConnectionConfig, Client, RedisError, Value};
use serde_json::Value as Json;
use testkit::{Redis, on_both};

use crate::support::{World, change, eventually};
use crate::watching::{LINE, burdened};

pub(crate) const CIVIL: &str = "yibao:push:civil_affairs";
pub(crate) const RURAL: &str = "yibao:push:rural_revitalisation";

/// Asks a Redis; a connection each, as it may be another one.
pub(crate) async fn ask<T: redis::FromRedisValue>(redis: &Redis, command: &[&str]) -> Result<T, RedisError> {
    // a Redis of a busy machine answers late, and that is an answer
    let patient = AsyncConnectionConfig::new()
        .set_connection_timeout(Some(Duration::from_secs(30)))
        .set_response_timeout(Some(Duration::from_secs(30)));
    let mut connection = Client::open(redis.url())?.get_multiplexed_async_connection_with_config(&patient).await?;
    let (name, rest) = command.split_first().unwrap();
    let mut asked = redis::cmd(name);
    rest.iter().for_each(|argument| {
        asked.arg(*argument);
    });
    asked.query_async(&mut connection).await
}

/// The entries of a stream; none where Redis is away.
pub(crate) async fn entries(redis: &Redis, stream: &str) -> Vec<StreamId> {
    let found: Result<StreamRangeReply, _> = ask(redis, &["XRANGE", stream, "-", "+"]).await;
    found.map(|found| found.ids).unwrap_or_default()
}

/// What the events of a stream say: kind and person, by id.
async fn heard(redis: &Redis, stream: &str) -> BTreeMap<String, (String, String)> {
    let of = |one: &StreamId| {
        let (id, json): (String, String) = (one.get("id").unwrap(), one.get("json").unwrap());
        let json: Json = serde_json::from_str(&json).unwrap();
        let text = |field: &str| json[field].as_str().unwrap().to_owned();
        assert_eq!((text("id"), one.get::<String>("about").unwrap()), (id.clone(), text("person_id")));
        (id, (text("kind"), text("person_id")))
    };
    entries(redis, stream).await.iter().map(of).collect()
}

/// Waits until a stream has as many events, and gives kind and person of each, sorted.
async fn all(redis: &Redis, stream: &str, count: usize) -> Vec<(String, String)> {
    let look = || async { Some(heard(redis, stream).await).filter(|heard| heard.len() >= count) };
    let mut found: Vec<_> = eventually(look).await.into_values().collect();
    found.sort();
    found
}

fn said(kind: &str, person: &str) -> (String, String) {
    (kind.to_owned(), person.to_owned())
}

#[test]
fn each_department_hears_of_its_people_when_they_come_and_when_they_leave() {
    on_both(|url| async move {
        let redis = Redis::start();
        let world = World::new(&url).await.with_streams(&redis.url()).await;
        world.keep(&[burdened("P1", 1, LINE, &[]), burdened("P2", 1, LINE + 1, &[])]).await;
        world.keep(&[burdened("P3", 1, 900, &[Category::Monitored]), burdened("P2", 2, LINE + 2, &[])]).await;
        let both = [Category::Monitored, Category::LowIncomeEdge];
        world.keep(&[burdened("P4", 1, 900, &both), burdened("P2", 3, LINE, &[])]).await;
        let civil = [said("left", "P2"), said("line_unknown", "P4"), said("listed", "P2")];
        assert_eq!(all(&redis, CIVIL, 3).await, civil);
        assert_eq!(all(&redis, RURAL, 2).await, [said("line_unknown", "P3"), said("line_unknown", "P4")]);
        // a person's events come in order, each where it came first
        let order: Vec<String> = entries(&redis, CIVIL).await.iter().map(|one| one.get("json").unwrap()).collect();
        let of_p2: Vec<Json> = order.iter().map(|json| serde_json::from_str(json).unwrap()).collect();
        let mut known = BTreeSet::new();
        let is_first = |json: &&Json| json["person_id"] == "P2" && known.insert(json["id"].to_string());
        let of_p2: Vec<&Json> = of_p2.iter().filter(is_first).collect();
        assert_eq!((&of_p2[0]["kind"], &of_p2[1]["kind"]), (&Json::from("listed"), &Json::from("left")));
        assert_eq!((of_p2[0]["burden_fen"].as_i64(), of_p2[0]["line_fen"].as_i64()), (Some(LINE + 1), Some(LINE)));
        assert_eq!((of_p2[0]["about_id"].as_str(), of_p2[0]["division"].as_str()), (Some("P2-1"), Some("370800")));
        // the group is there, and hears everything from the first event on
        let command = ["XREADGROUP", "GROUP", "civil_affairs", "one", "STREAMS", CIVIL, ">"];
        let read: StreamReadReply = ask(&redis, &command).await.unwrap();
        let ids: BTreeSet<String> = read.keys[0].ids.iter().map(|one| one.get("id").unwrap()).collect();
        assert_eq!(ids.len(), 3, "an event may come twice, under its own id");
    });
}

#[test]
fn without_streams_nobody_is_told_and_nothing_waits() {
    on_both(|url| async move {
        let world = World::new(&url).await;
        world.keep(&[burdened("P1", 1, LINE + 1, &[])]).await;
        assert_eq!(store::outbox::waiting(&world.database).await.unwrap(), 0);
    });
}

#[test]
fn while_redis_is_away_or_hangs_events_wait_in_the_outbox_and_nothing_else_does() {
    on_both(|url| async move {
        let mut redis = Redis::start();
        let world = World::new(&url).await.with_streams(&redis.url()).await;
        redis.kill();
        world.keep(&[burdened("P1", 1, LINE + 1, &[])]).await;
        assert!(store::outbox::waiting(&world.database).await.unwrap() > 0);
        // what settlement is asked of the same person does not wait for it
        let mut unassisted = change("P1", 2, "", &[("C2", 0, 0)]);
        unassisted.years[0].claims[0].categories = Vec::new();
        world.keep(&[unassisted]).await;
        world.grant("P1", Category::Destitute, "2022-01-01").await;
        assert!(!world.answered("P1").await.is_empty());
        redis.restart();
        assert_eq!(all(&redis, CIVIL, 2).await, [said("left", "P1"), said("listed", "P1")]);
        redis.pause();
        world.keep(&[burdened("P3", 1, LINE + 1, &[])]).await;
        redis.resume();
        eventually(|| async {
            let heard = heard(&redis, CIVIL).await;
            heard.values().any(|one| *one == said("listed", "P3")).then_some(())
        })
        .await;
        eventually(|| async { (store::outbox::waiting(&world.database).await.unwrap() == 0).then_some(()) }).await;
    });
}

#[test]
fn a_redis_that_lost_its_streams_hears_the_last_events_again_under_the_same_ids() {
    on_both(|url| async move {
        let redis = Redis::start();
        let world = World::new(&url).await.with_streams(&redis.url()).await;
        world.keep(&[burdened("P1", 1, LINE + 1, &[])]).await;
        all(&redis, CIVIL, 1).await;
        let before = heard(&redis, CIVIL).await;
        let _: Value = ask(&redis, &["FLUSHALL"]).await.unwrap();
        world.keep(&[burdened("P2", 1, LINE + 1, &[])]).await;
        all(&redis, CIVIL, 2).await;
        let after = heard(&redis, CIVIL).await;
        assert!(before.iter().all(|(id, said)| after.get(id) == Some(said)), "{before:?} {after:?}");
        let groups: Vec<Value> = ask(&redis, &["XINFO", "GROUPS", CIVIL]).await.unwrap();
        assert_eq!(groups.len(), 1);
        // long ago told is not told again
        eventually(|| async { (store::outbox::waiting(&world.database).await.unwrap() == 0).then_some(()) }).await;
        world.later(8 * 86_400);
        let _: Value = ask(&redis, &["FLUSHALL"]).await.unwrap();
        world.keep(&[burdened("P3", 1, LINE + 1, &[])]).await;
        assert_eq!(all(&redis, CIVIL, 1).await, [said("listed", "P3")]);
    });
}

#[test]
fn a_group_that_knows_ids_hears_every_event_once_although_redis_is_killed_meanwhile() {
    on_both(|url| async move {
        let mut redis = Redis::start();
        let world = World::new(&url).await.with_streams(&redis.url()).await;
        let mut known: BTreeMap<String, String> = BTreeMap::new();
        for at in 0..40 {
            world.keep(&[burdened(&format!("P{at:02}"), 1, LINE + 1, &[])]).await;
            if at % 13 == 12 {
                redis.restart();
            }
        }
        let read = || async {
            let command = ["XREADGROUP", "GROUP", "civil_affairs", "one", "NOACK", "STREAMS", CIVIL, ">"];
            let read: Result<Option<StreamReadReply>, _> = ask(&redis, &command).await;
            read.ok().flatten().map(|read| read.keys.into_iter().flat_map(|key| key.ids).collect::<Vec<_>>())
        };
        let mut news = tokio::time::interval(Duration::from_millis(20));
        let reading = async {
            while known.len() < 40 {
                news.tick().await;
                for one in read().await.unwrap_or_default() {
                    known.insert(one.get("id").unwrap(), one.get("about").unwrap());
                }
            }
        };
        tokio::time::timeout(Duration::from_secs(60), reading).await.expect("every event comes");
        let mut people: Vec<&String> = known.values().collect();
        people.sort();
        people.dedup();
        assert_eq!(people.len(), 40, "an id for each");
    });
}
