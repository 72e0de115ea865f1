//! A defect in one command is that command's alone.

use std::collections::BTreeMap;
use std::sync::Arc;

use money::Fen;

use policy::Accumulators;
use settlement::app::{Command, Credit, OpenYear, Work};
use settlement::domain::{Grant, MovementKind, OpenedThird, Third};
use store::idempotency::Call;
use testkit::on_both;
use tokio::task::JoinSet;

use crate::support::{House, name};
use crate::world::{Held, balance, count, town};

fn credit(key: &str) -> Command {
    let (person, credit, amount) = (name("p"), name(key), Fen::new(100));
    let division = "100000".parse().unwrap();
    let (kind, payer) = (MovementKind::BroughtIn, None);
    Command::Credit(Credit { call: Call::new("test", key), person, credit, kind, amount, division, payer })
}

fn work(key: &str, panics: bool) -> Work {
    let encode = move |_: &settlement::domain::Policies, _: &settlement::app::Done| {
        assert!(!panics, "a defect of the test");
        Ok(Vec::new())
    };
    Work { command: credit(key), encode: Arc::new(encode), third: Third::Whole }
}

#[test]
fn a_command_that_panics_alone_answers_internal_and_those_it_waited_with_are_carried_out() {
    on_both(|url| async move {
        let house: House = town(&url).await;
        house.carry_out(credit("first")).await;
        // while the account is held, what comes waits together
        let held = Held::account(&url, "p").await;
        let mut calls = JoinSet::new();
        for number in 0..12 {
            let (committer, panics) = (house.committer.clone(), number == 6);
            let work = work(&format!("c{number:02}"), panics);
            calls.spawn(async move { (panics, committer.commit(work).await) });
        }
        held.let_go().await;
        for (panics, answer) in calls.join_all().await {
            match answer {
                Ok(_) => assert!(!panics, "what panicked is not kept"),
                Err(fault) => assert!(panics && fault.reason() == rpc::Reason::Internal, "{fault:?}"),
            }
        }
        assert_eq!(balance(&house.database, "p").await, 12 * 100);
        // the next one goes on as if nothing had been, under the same key too
        house.carry_out(credit("c06")).await;
        assert_eq!(balance(&house.database, "p").await, 13 * 100);
        house.close().await;
    });
}

/// A year of which nothing can be told: no day is in it.
fn untold(house: &House) -> Work {
    let version = house.registry.any_head().expect("a policy").version();
    let third = OpenedThird { version, scheme: terms::Scheme::Resident, burden: None, held: BTreeMap::new() };
    let command = Command::OpenYear(OpenYear {
        call: Call::new("test", "untold"),
        person: name("p"),
        year: 300_000,
        division: "990000".parse().unwrap(),
        start: Accumulators::default(),
        source: "a test".to_owned(),
        operator: "a test".to_owned(),
        replaces: None,
        third: Some(third),
    });
    Work { command, encode: Arc::new(|_, _| Ok(Vec::new())), third: Third::Granted(Grant::default()) }
}

#[test]
fn what_cannot_be_told_to_the_third_system_is_not_committed_and_what_it_waited_with_is() {
    on_both(|url| async move {
        let house: House = town(&url).await;
        house.carry_out(credit("first")).await;
        let held = Held::account(&url, "p").await;
        let mut calls = JoinSet::new();
        for number in 0..8 {
            let is_untold = number == 4;
            let work = if is_untold { untold(&house) } else { work(&format!("c{number:02}"), false) };
            let committer = house.committer.clone();
            calls.spawn(async move { (is_untold, committer.commit(work).await) });
        }
        held.let_go().await;
        for (is_untold, answer) in calls.join_all().await {
            match answer {
                Ok(_) => assert!(!is_untold, "what is untold is not kept"),
                Err(fault) => assert!(is_untold && fault.reason() == rpc::Reason::Internal, "{fault:?}"),
            }
        }
        assert_eq!(balance(&house.database, "p").await, 8 * 100);
        for table in ["person_year", "opening"] {
            assert_eq!(count(&house.database, &format!("SELECT COUNT(*) AS n FROM {table}")).await, 0, "{table}");
        }
        house.close().await;
    });
}
