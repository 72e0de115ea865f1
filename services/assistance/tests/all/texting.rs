//! Messages to people (TB-11): what they are told, and a worker that loses none.

use std::future::pending;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use ::pb::assistance::v1 as pb;
use ::pb::settlement::v1 as settlement_pb;
use ::pb::r#type::v1::Category;
use assistance::{Sender, SmsParts, SmsSettings};
use host::SystemIds;
use redis::Value;
use redis::streams::StreamPendingReply;
use serde_json::{Value as Json, json};
use settlement_pb::{ClaimStand, PayerAmount};
use tempfile::TempDir;
use testkit::{Redis, on_both};

use crate::support::{World, change, directory, eventually, key, reversed, stand};
use crate::telling::{ask, entries};

const SMS: &str = "yibao:sms";
const DEAD: &str = "yibao:sms:dead";

fn settings() -> SmsSettings {
    SmsSettings {
        tries: 3,
        backoff: Duration::from_millis(10),
        backoff_max: Duration::from_millis(50),
        left_lying: Duration::from_millis(300),
    }
}

/// A worker that writes to a file, until the test ends.
async fn worker(redis: &Redis, file: &Path) -> tokio::task::JoinHandle<()> {
    worker_of(redis, file, settings()).await
}

async fn worker_of(redis: &Redis, file: &Path, settings: SmsSettings) -> tokio::task::JoinHandle<()> {
    let parts = SmsParts {
        streams: redis.url(),
        enrolment: directory().await,
        sender: Sender::File(file.to_owned()),
        ids: Arc::new(SystemIds),
        settings,
    };
    tokio::spawn(async move { assistance::send_sms(parts, pending()).await.unwrap() })
}

/// The messages that were sent: id, telephone and text.
fn sent(file: &Path) -> Vec<(String, String, String)> {
    let text = std::fs::read_to_string(file).unwrap_or_default();
    let of = |line: &str| {
        let json: Json = serde_json::from_str(line).unwrap();
        let text = |field: &str| json[field].as_str().unwrap().to_owned();
        (text("id"), text("phone"), text("text"))
    };
    text.lines().map(of).collect()
}

async fn until_sent(file: &Path, count: usize) -> Vec<(String, String, String)> {
    eventually(|| async { Some(sent(file)).filter(|sent| sent.len() >= count) }).await
}

fn place() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("sent");
    (folder, file)
}

/// Adds a message to the stream as the service does.
async fn add(redis: &Redis, id: &str, person: &str, template: &str) {
    let fields = json!({"category": "低保对象"});
    let message = json!({
        "id": id, "person_id": person, "template": template, "fields": fields, "about_id": "G",
        "happened_at": "2022-10-10T00:00:00Z",
    });
    let json = message.to_string();
    let _: String = ask(redis, &["XADD", SMS, "*", "id", id, "about", person, "json", &json]).await.unwrap();
}

/// How many entries somebody has taken and not finished.
async fn under_way(redis: &Redis) -> Option<usize> {
    let found: Result<StreamPendingReply, _> = ask(redis, &["XPENDING", SMS, "sms"]).await;
    found.ok().map(|found| found.count())
}

#[test]
fn people_are_told_of_their_bills_and_categories_in_chinese_and_without_a_number_of_a_document() {
    on_both(|url| async move {
        let (redis, (_folder, file)) = (Redis::start(), place());
        let world = World::new(&url).await.with_streams(&redis.url()).await;
        let _worker = worker(&redis, &file).await;
        let payer = || "assistance".to_owned();
        // by hand: 12,000.00 in all, the funds pay 9,500.50 of it, assistance 700.25 of that; 2,499.50 in cash
        let settled = ClaimStand {
            total_fen: 1_200_000,
            fund_fen: 950_050,
            cash_fen: 249_950,
            held: vec![PayerAmount { payer: payer(), amount_fen: 70_025 }],
            ..stand("C1", 0, 0)
        };
        let mut first = change("P1", 1, "", &[("C1", 0, 0)]);
        first.years[0].claims = vec![settled.clone()];
        world.keep(std::slice::from_ref(&first)).await;
        world.post(&[first]).await;
        let (cause, revision) = (settlement_pb::RevisionCause::PersonChanged.into(), 1);
        let mut second = change("P1", 2, "", &[("C1", 1, 0)]);
        second.years[0].claims = vec![ClaimStand { cause, revision, fund_fen: 950_051, cash_fen: 249_949, ..settled }];
        let mut third = change("P1", 3, "", &[("C1", 1, 0)]);
        third.years[0].claims = vec![reversed("C1", 1)];
        world.keep(&[second, third]).await;
        let end = "如有疑问请拨打12393。";
        let expected = [
            format!(
                "【医疗保障】您于2022-10-10的住院费用已结算：总费用12000.00元，基金支付9500.50元（其中医疗救助700.25元），个人现金支付2499.50元。{end}"
            ),
            format!(
                "【医疗保障】您于2022-10-10结算的住院费用已重新核定：总费用12000.00元，基金支付9500.51元（其中医疗救助700.25元），个人现金支付2499.49元。{end}"
            ),
            format!("【医疗保障】您于2022-10-10结算的住院费用已撤销。{end}"),
        ];
        let told = until_sent(&file, 3).await;
        assert_eq!(told.iter().map(|(_, _, text)| text.clone()).collect::<Vec<_>>(), expected);
        assert!(told.iter().all(|(_, phone, _)| phone == "phone of P1"));
        let grant = world.grant("P2", Category::LowIncome, "2022-09-05").await;
        let request = pb::EndCategoryRequest {
            idempotency_key: key(),
            grant_id: grant.grant_id,
            version: 1,
            to_date: "2022-12-31".to_owned(),
            operator_id: "officer".to_owned(),
            reason: "ended".to_owned(),
        };
        world.categories.clone().end_category(request).await.unwrap();
        let told = until_sent(&file, 5).await;
        let expected = [
            format!("【医疗保障】您已被认定为低保对象，自2022-09-05起享受医疗救助待遇。{end}"),
            format!("【医疗保障】您的低保对象身份已变更，有效期自2022-09-05至2022-12-31。{end}"),
        ];
        assert_eq!([told[3].2.clone(), told[4].2.clone()], expected);
        let digits = |text: &str| text.split(|char: char| !char.is_ascii_digit()).map(str::len).max();
        assert!(told.iter().all(|(_, _, text)| digits(text) < Some(15)));
        eventually(|| async { (under_way(&redis).await == Some(0)).then_some(()) }).await;
        assert!(entries(&redis, SMS).await.is_empty(), "what was sent is gone");
    });
}

async fn running<F: Future<Output = ()>>(test: impl FnOnce(Redis, PathBuf) -> F) {
    let (_folder, file) = place();
    let test = test(Redis::start(), file);
    tokio::time::timeout(Duration::from_secs(120), test).await.expect("it ends in time");
}

#[tokio::test]
async fn the_same_id_is_sent_once_however_often_it_comes() {
    running(|redis, file| async move {
        for id in ["A", "B", "A"] {
            add(&redis, id, "P1", "category_withdrawn").await;
        }
        // nobody takes over here what another one is just sending
        let patient = || SmsSettings { left_lying: Duration::from_secs(600), ..settings() };
        let _workers = (worker_of(&redis, &file, patient()).await, worker_of(&redis, &file, patient()).await);
        until_sent(&file, 2).await;
        add(&redis, "B", "P1", "category_withdrawn").await;
        add(&redis, "C", "P1", "category_withdrawn").await;
        until_sent(&file, 3).await;
        eventually(|| async { entries(&redis, SMS).await.is_empty().then_some(()) }).await;
        let mut ids: Vec<String> = sent(&file).into_iter().map(|(id, ..)| id).collect();
        ids.sort();
        assert_eq!(ids, ["A", "B", "C"]);
    })
    .await;
}

#[tokio::test]
async fn what_cannot_be_sent_is_tried_again_and_put_aside_after_the_last_try() {
    running(|redis, file| async move {
        let nowhere = file.join("no folder").join("sent");
        add(&redis, "A", "P1", "category_withdrawn").await;
        let worker_of_nowhere = worker(&redis, &nowhere).await;
        let dead = eventually(|| async { entries(&redis, DEAD).await.pop() }).await;
        assert_eq!((dead.get::<String>("id").unwrap(), sent(&nowhere).len()), ("A".to_owned(), 0));
        assert!(dead.get::<String>("why").unwrap().starts_with("send it: "));
        assert!(entries(&redis, SMS).await.is_empty());
        worker_of_nowhere.abort();
        // no trying again mends these, and the one without a telephone needs none
        add(&redis, "B", "P1", "no_such_template").await;
        add(&redis, "C", "X1", "category_withdrawn").await;
        add(&redis, "D", "N1", "category_withdrawn").await;
        let _: String = ask(&redis, &["XADD", SMS, "*", "id", "E", "about", "P1", "json", "{"]).await.unwrap();
        let _worker = worker(&redis, &file).await;
        eventually(|| async { entries(&redis, SMS).await.is_empty().then_some(()) }).await;
        let dead: Vec<String> = entries(&redis, DEAD).await.iter().map(|one| one.get("id").unwrap()).collect();
        assert_eq!((dead, sent(&file).len()), (["A", "B", "C", "E"].map(str::to_owned).to_vec(), 0));
    })
    .await;
}

#[tokio::test]
async fn what_a_worker_left_lying_another_one_sends() {
    running(|redis, file| async move {
        let _: Value = ask(&redis, &["XGROUP", "CREATE", SMS, "sms", "0", "MKSTREAM"]).await.unwrap();
        add(&redis, "A", "P1", "category_withdrawn").await;
        let _: Value = ask(&redis, &["XREADGROUP", "GROUP", "sms", "gone", "STREAMS", SMS, ">"]).await.unwrap();
        let _worker = worker(&redis, &file).await;
        assert_eq!(until_sent(&file, 1).await[0].0, "A");
        eventually(|| async { (under_way(&redis).await == Some(0)).then_some(()) }).await;
    })
    .await;
}

#[tokio::test]
async fn an_enrolment_that_is_away_costs_no_try() {
    running(|redis, file| async move {
        let parts = SmsParts {
            streams: redis.url(),
            enrolment: rpc::channel("http://127.0.0.1:1").unwrap(),
            sender: Sender::File(file.clone()),
            ids: Arc::new(SystemIds),
            settings: settings(),
        };
        add(&redis, "A", "P1", "category_withdrawn").await;
        let alone = tokio::spawn(async move { assistance::send_sms(parts, pending()).await.unwrap() });
        eventually(|| async { (under_way(&redis).await == Some(1)).then_some(()) }).await;
        let mut ticks = tokio::time::interval(Duration::from_millis(50));
        for _ in 0..20 {
            ticks.tick().await;
        }
        assert!(entries(&redis, DEAD).await.is_empty());
        alone.abort();
        let _worker = worker(&redis, &file).await;
        assert_eq!(until_sent(&file, 1).await[0].0, "A");
    })
    .await;
}

/// The program as an operator runs it, `assistance sms`.
fn program(redis: &Redis, enrolment: &str, file: &Path) -> Child {
    let variables = [
        ("ENROLMENT_ADDRESS", enrolment.to_owned()),
        ("STREAMS_REDIS_URL", redis.url()),
        ("SMS_SENDER", format!("file:{}", file.display())),
    ];
    let mut command = Command::new(env!("CARGO_BIN_EXE_assistance"));
    command.arg("sms").stdout(Stdio::null()).stderr(Stdio::null());
    command.envs(variables.map(|(name, value)| (format!("YIBAO_ASSISTANCE_{name}"), value)));
    command.spawn().unwrap()
}

#[tokio::test]
async fn the_program_sends_without_a_database_and_killed_in_between_it_loses_none() {
    running(|redis, file| async move {
        let enrolment = crate::support::serving_directory().await;
        for at in 0..200 {
            add(&redis, &format!("M{at:03}"), "P1", "category_withdrawn").await;
        }
        let mut first = program(&redis, &enrolment, &file);
        until_sent(&file, 5).await;
        first.kill().unwrap();
        first.wait().unwrap();
        let mut second = program(&redis, &enrolment, &file);
        // what the first one had taken would lie ten minutes; this one takes it over sooner
        let _worker = worker(&redis, &file).await;
        eventually(|| async { entries(&redis, SMS).await.is_empty().then_some(()) }).await;
        second.kill().unwrap();
        second.wait().unwrap();
        let mut ids: Vec<String> = sent(&file).into_iter().map(|(id, ..)| id).collect();
        ids.sort();
        ids.dedup();
        assert_eq!(ids.len(), 200);
    })
    .await;
}
