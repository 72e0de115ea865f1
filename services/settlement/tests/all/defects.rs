//! A defect in one command is that command's alone.

use std::sync::Arc;

use money::Fen;

use settlement::app::{Command, Credit, Work};
use settlement::domain::{MovementKind, Third};
use store::idempotency::Call;
use testkit::on_both;
use tokio::task::JoinSet;

use crate::support::{House, name};
use crate::world::{Held, balance, town};

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
