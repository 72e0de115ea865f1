use pb::settlement::v1::{
    DebitAccountRequest, FamilyBinding, ListFamilyBindingsRequest, MovementKind, UnbindFamilyAccountRequest,
};
use pb::r#type::v1::Scheme;
use testkit::on_both;
use tokio::task::JoinSet;

use super::{Accounts, accounts, bind, credit, held, take_along};
use crate::counter::{Paper, fields, reason, said};
use crate::support::{House, institution, shares};

fn unbind(key: &str, binding: &str, to: &str) -> UnbindFamilyAccountRequest {
    UnbindFamilyAccountRequest {
        idempotency_key: key.to_owned(),
        binding_id: binding.to_owned(),
        to_date: to.to_owned(),
    }
}

fn premium(key: &str, owner: &str, relative: &str) -> DebitAccountRequest {
    DebitAccountRequest {
        kind: MovementKind::RelativePremium.into(),
        relative_person_id: relative.to_owned(),
        ..take_along(key, owner, 10)
    }
}

async fn bound(client: &mut Accounts, key: &str, owner: &str, relative: &str, from: &str) -> FamilyBinding {
    let reply = client.bind_family_account(bind(key, owner, relative, from)).await.expect("bound").into_inner();
    reply.binding.expect("a binding")
}

#[test]
fn a_binding_pays_to_its_last_day_and_not_on_the_next() {
    on_both(|url| async move {
        let house = House::open(&url).await;
        house.clock.set("2022-06-15T02:00:00Z");
        let mut client = accounts(&house);
        client.credit_account(credit("c", "mother", "credit-1", 15_000)).await.expect("credited");
        let binding = bound(&mut client, "b", "mother", "child", "").await;
        assert_eq!((binding.from_date.as_str(), binding.to_date.as_str()), ("2022-06-15", ""));
        let late = client.unbind_family_account(unbind("u", &binding.binding_id, "2022-06-14")).await;
        assert_eq!(fields(&late.expect_err("yesterday")), ["to_date"]);
        let ended =
            client.unbind_family_account(unbind("u", &binding.binding_id, "")).await.expect("ended").into_inner();
        assert_eq!(ended.binding, Some(FamilyBinding { to_date: "2022-06-15".to_owned(), ..binding.clone() }));
        let twice = client.unbind_family_account(unbind("u2", &binding.binding_id, "")).await.expect_err("ended");
        assert_eq!(said(&twice, "state"), ("WRONG_STATE".into(), "ended".into()));
        client.debit_account(premium("d1", "mother", "child")).await.expect("the last day");
        let hospital = institution(1);
        let paper = Paper { person: "child", institution: &hospital, bill: "B", scheme: Scheme::Employee, fen: 10_000 };
        let claim = paper.settle(&mut house.client()).await;
        assert_eq!(shares(claim.decision.as_ref().unwrap()).family_account_fen, 10_000);
        // midnight in China
        house.clock.set("2022-06-15T16:00:00Z");
        assert_eq!(held(&mut client, "child").await.family_account_fen, 0);
        let claim = Paper { bill: "B2", ..paper }.settle(&mut house.client()).await;
        let paid = shares(claim.decision.as_ref().unwrap());
        assert_eq!((paid.family_account_fen, paid.cash_fen), (0, 10_000));
        let refused = client.debit_account(premium("d2", "mother", "child")).await.expect_err("unbound");
        assert_eq!(said(&refused, "state"), ("WRONG_STATE".into(), "unbound".into()));
        // a replay the day after is answered as it was
        let again =
            client.unbind_family_account(unbind("u", &binding.binding_id, "")).await.expect("known").into_inner();
        assert_eq!(again, ended);
        bound(&mut client, "b2", "mother", "child", "").await;
        assert_eq!(held(&mut client, "child").await.family_account_fen, 4_990);
        house.close().await;
    });
}

#[test]
fn an_account_is_never_offered_twice_to_one_relative() {
    on_both(|url| async move {
        let house = House::open(&url).await;
        house.clock.set("2022-06-15T02:00:00Z");
        let mut client = accounts(&house);
        // at once, under many keys
        for round in 0..8 {
            let mut calls = JoinSet::new();
            for number in 0..8 {
                let (mut client, key) = (client.clone(), format!("{round}-{number}"));
                let asked = bind(&key, "father", &format!("child-{round}"), "");
                calls.spawn(async move { client.bind_family_account(asked).await });
            }
            let answers = calls.join_all().await;
            let refused: Vec<String> = answers.iter().filter_map(|answer| answer.as_ref().err()).map(reason).collect();
            assert_eq!(refused, ["DUPLICATE"; 7], "round {round}");
        }
        // from tomorrow, and then from today or from tomorrow again
        let later = bound(&mut client, "later", "mother", "child", "2022-06-16").await;
        for from in ["2022-06-16", "", "2022-07-01"] {
            let again = client.bind_family_account(bind("again", "mother", "child", from)).await.expect_err("bound");
            assert_eq!(said(&again, "id"), ("DUPLICATE".into(), later.binding_id.clone()), "{from}");
        }
        assert_eq!(held(&mut client, "child").await.family_account_fen, 0);
        // one that ends before it begins never held
        client.unbind_family_account(unbind("cancel", &later.binding_id, "")).await.expect("cancelled");
        bound(&mut client, "again", "mother", "child", "").await;
        house.close().await;
    });
}

#[test]
fn a_binding_that_is_over_pays_nothing_beside_a_call_that_names_it() {
    on_both(|url| async move {
        let house = House::open(&url).await;
        house.clock.set("2022-06-15T02:00:00Z");
        let mut client = accounts(&house);
        client.credit_account(credit("c", "mother", "credit-1", 1_000)).await.expect("credited");
        let binding = bound(&mut client, "b", "mother", "child", "").await;
        client.unbind_family_account(unbind("u", &binding.binding_id, "")).await.expect("ended");
        house.clock.set("2022-06-16T02:00:00Z");
        let mut calls = JoinSet::new();
        for number in 0..40 {
            let (mut client, binding) = (client.clone(), binding.binding_id.clone());
            calls.spawn(async move {
                let key = format!("call-{number}");
                if number % 2 == 0 {
                    client.unbind_family_account(unbind(&key, &binding, "")).await.map(drop)
                } else {
                    client.debit_account(premium(&key, "mother", "child")).await.map(drop)
                }
            });
        }
        for answer in calls.join_all().await {
            assert_eq!(reason(&answer.expect_err("the binding is over")), "WRONG_STATE");
        }
        assert_eq!(held(&mut client, "mother").await.balance_fen, 1_000);
        house.close().await;
    });
}

#[test]
fn bindings_are_listed_to_both_in_order_of_their_first_day() {
    on_both(|url| async move {
        let house = House::open(&url).await;
        house.clock.set("2022-06-15T02:00:00Z");
        let mut client = accounts(&house);
        let third = bound(&mut client, "1", "P", "a", "2022-08-01").await;
        let first = bound(&mut client, "2", "b", "P", "2022-06-01").await;
        let second = bound(&mut client, "3", "P", "c", "2022-07-01").await;
        bound(&mut client, "4", "x", "y", "").await;
        let mut asked = ListFamilyBindingsRequest { person_id: "P".to_owned(), page_size: 1, ..Default::default() };
        let mut all = Vec::new();
        loop {
            let page = client.list_family_bindings(asked.clone()).await.expect("a page").into_inner();
            assert_eq!(page.bindings.len(), 1);
            all.extend(page.bindings);
            asked.page_token = page.next_page_token;
            if asked.page_token.is_empty() {
                break;
            }
        }
        assert_eq!(all, [first, second, third]);
        let unknown = client.unbind_family_account(unbind("u", "nothing", "")).await.expect_err("unknown");
        assert_eq!(said(&unknown, "kind"), ("NOT_FOUND".into(), "binding".into()));
        house.close().await;
    });
}
