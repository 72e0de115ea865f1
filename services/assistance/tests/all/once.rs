//! Applications under one key, at once, cut off in the middle; and everything wrong with a call said at once.

use std::collections::BTreeSet;

use ::pb::assistance::v1 as pb;
use ::pb::r#type::v1::Category;
use pb::ApplicationState as State;
use serde_json::Value as Json;
use store::sea_orm::DbBackend;
use testkit::{Redis, on_both};
use tonic::{Code, Status};

use crate::applying::{aid, category, grants, grants_aid, refused, rejects, wrong_state};
use crate::support::{World, eventually, fault, fields, key};
use crate::telling::entries;

/// Callers at once.
const CALLERS: usize = 32;

/// How many of calls at once were done; every other one was refused for one of these reasons.
async fn at_once<F>(calls: Vec<F>, reasons: &[&str]) -> usize
where
    F: Future<Output = Result<(), Status>> + Send + 'static,
{
    let calls: Vec<_> = calls.into_iter().map(tokio::spawn).collect();
    let mut done = 0;
    for call in calls {
        match call.await.unwrap() {
            Ok(()) => done += 1,
            Err(no) => assert!(reasons.contains(&fault(&no).0.as_str()), "{no:?}"),
        }
    }
    done
}

#[test]
fn of_thirty_two_callers_at_once_one_applies_one_confirms_and_one_pays() {
    on_both(|url| async move {
        let world = std::sync::Arc::new(World::new(&url).await);
        let applying = |_| {
            let world = std::sync::Arc::clone(&world);
            async move { world.try_apply(&key(), "P1", aid(500)).await.map(drop) }
        };
        assert_eq!(at_once((0..CALLERS).map(applying).collect(), &["DUPLICATE"]).await, 1);
        let request = pb::ListApplicationsRequest { person_id: "P1".to_owned(), ..Default::default() };
        let found = world.applications.clone().list_applications(request).await.unwrap().into_inner().applications;
        let id = found[0].application_id.clone();
        let proposal = world.propose(&id, "first", grants_aid(500)).await;
        let confirming = |number| {
            let (world, id) = (std::sync::Arc::clone(&world), id.clone());
            async move {
                let officer = format!("second {number}");
                world.try_confirm(&key(), &id, (&officer, proposal, false)).await.map(drop)
            }
        };
        assert_eq!(at_once((0..CALLERS).map(confirming).collect(), &["WRONG_STATE"]).await, 1);
        assert_eq!(world.books().await["payable:P1"], -500);
        let paying = |number| {
            let (world, id) = (std::sync::Arc::clone(&world), id.clone());
            async move { world.try_pay(&key(), &id, (&format!("B-{number}"), 500)).await.map(drop) }
        };
        assert_eq!(at_once((0..CALLERS).map(paying).collect(), &["WRONG_STATE"]).await, 1);
        assert_eq!(world.count("SELECT count(*) AS n FROM application_payment").await, 1);
        assert_eq!(world.application(&id).await.paid_fen, 500);
    });
}

#[test]
fn every_call_under_one_key_is_made_once_and_other_content_under_it_is_refused() {
    on_both(|url| async move {
        let world = World::new(&url).await;
        let applied = world.try_apply("K1", "P1", aid(500)).await.unwrap();
        assert_eq!(world.try_apply("K1", "P1", aid(500)).await.unwrap(), applied);
        let id = applied.application_id.as_str();
        let reused = ("KEY_REUSED".to_owned(), String::new());
        assert_eq!(refused(world.try_apply("K1", "P1", aid(501)).await), reused);
        let attached = world.try_attach("K2", id, 1).await.unwrap();
        assert_eq!(world.try_attach("K2", id, 1).await.unwrap(), attached);
        assert_eq!(refused(world.try_attach("K2", id, 2).await), reused);
        let proposed = world.try_propose("K3", id, ("first", grants_aid(500))).await.unwrap();
        assert_eq!(world.try_propose("K3", id, ("first", grants_aid(500))).await.unwrap(), proposed);
        assert_eq!(refused(world.try_propose("K3", id, ("first", rejects())).await), reused);
        let confirmed = world.try_confirm("K4", id, ("second", 3, false)).await.unwrap();
        assert_eq!(world.try_confirm("K4", id, ("second", 3, false)).await.unwrap(), confirmed);
        assert_eq!(refused(world.try_confirm("K4", id, ("third", 3, false)).await), reused);
        let paid = world.try_pay("K5", id, ("B-1", 500)).await.unwrap();
        assert_eq!(world.try_pay("K5", id, ("B-1", 500)).await.unwrap(), paid);
        assert_eq!(refused(world.try_pay("K5", id, ("B-2", 500)).await), reused);
        let appealed = world.try_appeal("K6", id).await.unwrap();
        assert_eq!(world.try_appeal("K6", id).await.unwrap(), appealed);
        assert_eq!(refused(world.try_appeal("K6", "another").await), reused);
        let withdrawn = world.try_withdraw("K7", id).await.unwrap();
        assert_eq!(world.try_withdraw("K7", id).await.unwrap(), withdrawn);
        assert_eq!(refused(world.try_withdraw("K7", "another").await), reused);
        // a key is one call's, whichever
        assert_eq!(refused(world.try_withdraw("K6", id).await).0, "KEY_REUSED");
        assert_eq!(world.application(id).await.steps.len(), 7);
        assert_eq!(world.books().await["payable:P1"], -500);
    });
}

#[test]
fn everything_that_is_wrong_with_a_call_is_said_at_once() {
    on_both(|url| async move {
        let world = World::new(&url).await;
        let mut client = world.applications.clone();
        let wrong = client.apply(pb::ApplyRequest::default()).await.unwrap_err();
        assert_eq!(fields(&wrong), ["idempotency_key", "operator_id", "person_id", "terms"]);
        let terms = pb::ApplicationTerms { division: "37".to_owned(), year: 2023, wanted: Some(aid(-1)) };
        let mut proof = crate::applying::proof("I");
        proof.sha256 = "0F".repeat(32);
        let evidence = vec![crate::applying::proof("I"), proof];
        let request = pb::ApplyRequest { terms: Some(terms), evidence, ..Default::default() };
        let expected = [
            "evidence[1].sha256",
            "idempotency_key",
            "operator_id",
            "person_id",
            "terms.division",
            "terms.temporary.amount_fen",
            "terms.year",
        ];
        assert_eq!(fields(&client.apply(request).await.unwrap_err()), expected);
        let wrong = client.attach_evidence(pb::AttachEvidenceRequest::default()).await.unwrap_err();
        assert_eq!(fields(&wrong), ["application_id", "evidence", "idempotency_key", "operator_id"]);
        let nothing = pb::ProposeDecisionRequest::default();
        let wrong = client.propose_decision(nothing).await.unwrap_err();
        assert_eq!(fields(&wrong), ["application_id", "decision", "idempotency_key", "operator_id"]);
        let empty = pb::proposed_decision::Verdict::Approval(pb::Approval::default());
        let decision = Some(pb::ProposedDecision { verdict: Some(empty) });
        let request = pb::ProposeDecisionRequest { decision, ..Default::default() };
        let wrong = client.propose_decision(request).await.unwrap_err();
        assert!(fields(&wrong).contains(&"decision.approval.temporary_fen".to_owned()), "{wrong:?}");
        let request = pb::ConfirmDecisionRequest { send_back: true, ..Default::default() };
        let wrong = client.confirm_decision(request).await.unwrap_err();
        assert_eq!(fields(&wrong), ["application_id", "idempotency_key", "operator_id", "proposal", "remark"]);
        let request = pb::PayApplicationRequest { paid_date: "2022-10-11".to_owned(), ..Default::default() };
        let wrong = client.pay_application(request).await.unwrap_err();
        let expected =
            ["amount_fen", "application_id", "idempotency_key", "operator_id", "paid_date", "payment_reference"];
        assert_eq!(fields(&wrong), expected, "the clock stands at 2022-10-10");
        let wrong = client.appeal(pb::AppealRequest::default()).await.unwrap_err();
        assert_eq!(fields(&wrong), ["application_id", "idempotency_key", "operator_id", "reason"]);
        let wrong = client.withdraw_application(pb::WithdrawApplicationRequest::default()).await.unwrap_err();
        assert_eq!(fields(&wrong), ["application_id", "idempotency_key", "operator_id", "reason"]);
        let wrong = client.get_application(pb::GetApplicationRequest::default()).await.unwrap_err();
        assert_eq!(fields(&wrong), ["application_id"]);
        let unknown = pb::GetApplicationRequest { application_id: "nobody's".to_owned() };
        assert_eq!(client.get_application(unknown).await.unwrap_err().code(), Code::NotFound);
        assert_eq!(refused(world.try_appeal(&key(), "nobody's").await).0, "NOT_FOUND");
    });
}

#[test]
fn a_decision_is_of_what_is_applied_for_and_evidence_has_an_end() {
    on_both(|url| async move {
        let world = World::new(&url).await;
        let poor = world.apply("P1", category(Category::IllnessPoor)).await.application_id;
        let wrong = world.try_propose(&key(), &poor, ("first", grants_aid(5))).await.unwrap_err();
        assert_eq!(fields(&wrong), ["decision.approval.temporary_fen"]);
        let wrong = world.try_propose(&key(), &poor, ("first", grants(Category::IllnessPoor, "2021-12-31"))).await;
        assert_eq!(fields(&wrong.unwrap_err()), ["decision.approval.category.from_date"]);
        let temporary = world.apply("P1", aid(5)).await.application_id;
        let wrong = world.try_propose(&key(), &temporary, ("first", grants(Category::LowIncome, "2022-01-01"))).await;
        assert_eq!(fields(&wrong.unwrap_err()), ["decision.approval.category"]);
        let wrong = world.try_propose(&key(), &temporary, ("first", grants_aid(6))).await.unwrap_err();
        assert_eq!(fields(&wrong), ["decision.approval.temporary_fen"], "no more than is applied for");
        for _ in 0..3 {
            world.try_attach(&key(), &poor, 50).await.unwrap();
        }
        assert_eq!(fields(&world.try_attach(&key(), &poor, 50).await.unwrap_err()), ["evidence"]);
        assert_eq!(world.try_attach(&key(), &poor, 49).await.unwrap().evidence.len(), 200);
        let elsewhere = pb::ApplicationTerms { division: "990000".to_owned(), ..crate::applying::wanting(aid(5)) };
        let (idempotency_key, person_id, operator_id) = (key(), "P2".to_owned(), "window".to_owned());
        let request =
            pb::ApplyRequest { idempotency_key, person_id, terms: Some(elsewhere), operator_id, ..Default::default() };
        assert_eq!(fields(&world.applications.clone().apply(request).await.unwrap_err()), ["terms.division"]);
    });
}

#[test]
fn who_saw_another_proposal_confirms_nothing() {
    on_both(|url| async move {
        let world = World::new(&url).await;
        let id = world.apply("P1", aid(500)).await.application_id;
        let seen = world.propose(&id, "first", grants_aid(100)).await;
        world.try_confirm(&key(), &id, ("second", seen, true)).await.unwrap();
        let now = world.propose(&id, "first", grants_aid(500)).await;
        assert_eq!(refused(world.try_confirm(&key(), &id, ("second", seen, false)).await), wrong_state("changed"));
        let confirmed = world.try_confirm(&key(), &id, ("second", now, false)).await.unwrap();
        assert_eq!(confirmed.application.unwrap().awarded_fen, 500);
    });
}

/// Makes the database refuse the step that confirms.
async fn refuses_steps(world: &World) {
    let is_postgres = world.database.reader().get_database_backend() == DbBackend::Postgres;
    let statements: &[&str] = if is_postgres {
        &[
            "CREATE FUNCTION no_step() RETURNS trigger LANGUAGE plpgsql AS \
             $$ BEGIN RAISE EXCEPTION 'not now'; END $$",
            "CREATE TRIGGER no_step BEFORE INSERT ON application_step FOR EACH ROW WHEN (NEW.act = 'confirmed') \
             EXECUTE FUNCTION no_step()",
        ]
    } else {
        &["CREATE TRIGGER no_step BEFORE INSERT ON application_step WHEN NEW.act = 'confirmed' \
           BEGIN SELECT RAISE(ABORT, 'not now'); END"]
    };
    for sql in statements {
        world.run(sql).await.unwrap();
    }
}

#[test]
fn a_confirmation_that_is_cut_off_leaves_neither_grant_nor_entry_nor_question() {
    on_both(|url| async move {
        let world = World::new(&url).await;
        world.keep(&[crate::applying::billed("P1", 1, 900, false)]).await;
        let poor = world.apply("P1", category(Category::IllnessPoor)).await.application_id;
        let temporary = world.apply("P1", aid(500)).await.application_id;
        let first = world.propose(&poor, "first", grants(Category::IllnessPoor, "2022-01-01")).await;
        let second = world.propose(&temporary, "first", grants_aid(500)).await;
        refuses_steps(&world).await;
        for (id, proposal) in [(&poor, first), (&temporary, second)] {
            let cut = world.try_confirm("K", id, ("second", proposal, false)).await.unwrap_err();
            assert_eq!(fault(&cut).0, "INTERNAL");
            assert_eq!(world.application(id).await.state(), State::Proposed);
        }
        assert_eq!(world.on("P1", "2022-03-01").await, []);
        assert!(world.books().await.is_empty() && world.reassessments("P1").await.is_empty());
        let drop_it = if world.database.reader().get_database_backend() == DbBackend::Postgres {
            "DROP TRIGGER no_step ON application_step"
        } else {
            "DROP TRIGGER no_step"
        };
        world.run(drop_it).await.unwrap();
        // the same key is free: nothing was kept of it
        world.try_confirm("K", &poor, ("second", first, false)).await.unwrap();
        assert_eq!(world.answered("P1").await.len(), 1);
    });
}

#[test]
fn what_is_kept_of_an_application_is_never_changed_or_removed() {
    on_both(|url| async move {
        let world = World::new(&url).await;
        let id = world.apply("P1", aid(500)).await.application_id;
        world.decide(&id, ("first", "second"), grants_aid(500)).await;
        world.try_pay(&key(), &id, ("B-1", 500)).await.unwrap();
        for sql in [
            "UPDATE application_step SET operator_id = 'x'",
            "UPDATE application_evidence SET reference = 'x'",
            "UPDATE application_payment SET amount_fen = 1",
            "UPDATE application SET steps = steps + 1, person_id = 'P2'",
            "UPDATE application SET steps = steps + 1, paid_fen = 0",
            "UPDATE application SET steps = steps + 1, paid_fen = 501",
            "UPDATE application SET steps = steps + 1, approved_fen = 501",
            "UPDATE application SET state = 'approved'",
            "DELETE FROM application_step",
            "DELETE FROM application_evidence",
            "DELETE FROM application_payment",
            "DELETE FROM application",
        ] {
            world.run(sql).await.expect_err(sql);
        }
        assert_eq!(world.application(&id).await.state(), State::Paid);
    });
}

#[test]
fn people_are_told_what_became_of_their_applications_and_nothing_an_officer_wrote() {
    on_both(|url| async move {
        let redis = Redis::start();
        let world = World::new(&url).await.with_streams(&redis.url()).await;
        let id = world.apply("P1", aid(500)).await.application_id;
        world.decide(&id, ("first", "second"), grants_aid(500)).await;
        world.try_pay(&key(), &id, ("B-1", 500)).await.unwrap();
        let other = world.apply("P2", category(Category::LowIncome)).await.application_id;
        world.decide(&other, ("first", "second"), rejects()).await;
        world.try_appeal(&key(), &other).await.unwrap();
        world.decide(&other, ("third", "fourth"), grants(Category::LowIncome, "2022-01-01")).await;
        let expected: BTreeSet<(String, String)> = [
            ("P1", "application_received"),
            ("P1", "application_approved"),
            ("P1", "application_paid"),
            ("P2", "application_received"),
            ("P2", "application_rejected"),
            ("P2", "category_granted"),
        ]
        .map(|(person, template)| (person.to_owned(), template.to_owned()))
        .into();
        let look = || async {
            let found = entries(&redis, "yibao:sms").await;
            let json = |one: &redis::streams::StreamId| -> Json {
                serde_json::from_str(&one.get::<String>("json").unwrap()).unwrap()
            };
            let told: Vec<Json> = found.iter().map(json).collect();
            assert!(told.iter().all(|one| !one.to_string().contains("家庭收入高于标准")), "{told:?}");
            let text = |one: &Json, field: &str| one[field].as_str().unwrap().to_owned();
            let told: BTreeSet<(String, String)> =
                told.iter().map(|one| (text(one, "person_id"), text(one, "template"))).collect();
            (told == expected).then_some(())
        };
        eventually(look).await;
    });
}
