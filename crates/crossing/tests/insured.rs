//! The table of the place of insurance: every state with every event, what is listed and what is not.

use crossing::{
    Asks, Booked, Effect, End, InsuredBill, InsuredEvent, InsuredState, Offer, Receipt, Says, Sha, Shares, Step,
    Undone, Unsettled, Why,
};
use money::Fen;

use crate::support::{CONTENT, ID, OTHER, at, day, offer, receipt, terms};

const STEP: Step = 5;
const SHARES: Shares = Shares { owed: Fen::new(60_000), cash: Fen::new(40_000) };

fn states() -> Vec<(&'static str, InsuredState)> {
    vec![
        ("unseen", InsuredState::Unseen),
        ("offered", InsuredState::Offered(offer(2))),
        ("settling", InsuredState::Settling(offer(2))),
        ("renewing", InsuredState::Renewing(offer(2))),
        ("settled", InsuredState::Settled(receipt())),
        ("finished", InsuredState::Finished(receipt())),
        ("cancelling", InsuredState::Reversing { receipt: None }),
        ("reversing", InsuredState::Reversing { receipt: Some(receipt()) }),
        ("reversed", InsuredState::Reversed { receipt: receipt(), day: day(2) }),
        ("refused", InsuredState::Refused(Why::Policy)),
        ("ended", InsuredState::Ended(End::Expired)),
        ("tombstone", InsuredState::Tombstone),
    ]
}

fn find(name: &str) -> InsuredState {
    states().into_iter().find(|state| state.0 == name).unwrap().1
}

fn bill(state: InsuredState) -> InsuredBill {
    if state == InsuredState::Unseen {
        return InsuredBill::new(ID);
    }
    let mut bill = InsuredBill { state, step: STEP, round: 2, content: CONTENT, ..InsuredBill::new(ID) };
    bill.next_at = bill.due().map(|_| at(1));
    bill
}

fn prepare(content: Sha) -> Asks {
    Asks::Prepare { content }
}

const FINISH: Asks = Asks::Finish { receipt: [9; 32] };
const REVERSE: Asks = Asks::Reverse { receipt: [9; 32] };

fn asks() -> Vec<(&'static str, Asks)> {
    vec![
        ("prepare", prepare(CONTENT)),
        ("prepare other", prepare(OTHER)),
        ("confirm", Asks::Confirm { round: 2 }),
        ("confirm old", Asks::Confirm { round: 1 }),
        ("finish", FINISH),
        ("finish other", Asks::Finish { receipt: OTHER }),
        ("cancel", Asks::Cancel),
        ("reverse", REVERSE),
        ("reverse other", Asks::Reverse { receipt: OTHER }),
        ("ask", Asks::Ask),
    ]
}

/// What a state answers to what it has done already or does not do.
fn answer(state: &str, asks: &str) -> Says {
    let undoes = asks.starts_with("cancel") || asks.starts_with("reverse");
    match state {
        "unseen" => Says::NeverSeen,
        "offered" => Says::Changed(offer(2)),
        "settled" => Says::Confirmed(receipt()),
        "finished" if asks.starts_with("finish") => Says::Finished,
        "finished" if asks.starts_with("reverse") => Says::Refused(Why::Late),
        "finished" => Says::Confirmed(receipt()),
        "reversed" => Says::Reversed(Undone::TookOut { receipt: receipt(), day: day(2) }),
        "refused" => Says::Refused(Why::Policy),
        "ended" if undoes => Says::Reversed(Undone::Ended),
        "ended" => Says::Ended(End::Expired),
        "tombstone" => Says::Reversed(Undone::NeverCame),
        _ => Says::InProgress,
    }
}

/// What the table lists for a higher step: the state after it, whether the step is the bill's now, and the effect.
fn listed(state: &str, asks: &str) -> (InsuredState, bool, Effect) {
    let step = STEP + 1;
    let reply = |says| Effect::Reply(step, says);
    let stale = (find(state), false, reply(Says::Stale { step: STEP }));
    let reversing =
        |receipt: Option<Receipt>| (InsuredState::Reversing { receipt }, true, Effect::Reverse { round: 2 });
    let undoes = asks == "cancel" || asks.starts_with("reverse");
    match (state, asks) {
        ("unseen", "prepare" | "prepare other") => (InsuredState::Unseen, false, Effect::Decide { round: 1 }),
        ("unseen", _) if undoes => (InsuredState::Tombstone, true, reply(Says::Reversed(Undone::NeverCame))),
        ("offered", "confirm") => (InsuredState::Settling(offer(2)), true, Effect::Settle { round: 2 }),
        ("offered" | "refused" | "ended", _) if undoes => {
            (InsuredState::Ended(End::Cancelled), true, reply(Says::Reversed(Undone::Ended)))
        }
        ("settling" | "renewing", "cancel") => reversing(None),
        ("settled", "cancel") => reversing(Some(receipt())),
        ("settled", "finish") => (InsuredState::Finished(receipt()), true, reply(Says::Finished)),
        ("finished", "cancel") => stale,
        ("settled" | "finished", "finish other" | "reverse other") => stale,
        ("settled" | "finished", "reverse") => reversing(Some(receipt())),
        ("tombstone" | "reversed", _) if undoes => (find(state), true, reply(answer(state, asks))),
        _ => (find(state), false, reply(answer(state, asks))),
    }
}

fn ask(bill: InsuredBill, step: Step, asks: Asks, seconds: i64) -> (InsuredBill, Vec<Effect>) {
    let moved = bill.step(InsuredEvent::Asked { step, asks, closed: false }, at(seconds), &terms());
    (moved.state, moved.effects)
}

#[test]
fn every_state_and_higher_step_is_as_listed() {
    for (name, state) in states() {
        for (asked, asks) in asks().into_iter().filter(|asked| asked.0 != "ask") {
            let (place, before) = (format!("{name}, {asked}"), bill(state));
            let (after, effects) = ask(before, STEP + 1, asks, 120);
            let (expected, is_taken, effect) = listed(name, asked);
            assert_eq!((after.state, effects), (expected, vec![effect]), "{place}");
            assert_eq!(after.step, if is_taken { STEP + 1 } else { before.step }, "{place}: its step");
            assert_eq!(after.next_at.is_some(), after.due().is_some(), "{place}: woken while the bureau is asked");
        }
    }
}

#[test]
fn a_lower_step_is_stale_and_the_same_step_gets_the_same_answer_and_neither_changes_anything() {
    for (name, state) in states().into_iter().skip(1) {
        for (asked, asks) in asks() {
            let (place, before) = (format!("{name}, {asked}"), bill(state));
            let stale = vec![Effect::Reply(STEP - 1, Says::Stale { step: STEP })];
            assert_eq!(ask(before, STEP - 1, asks, 60), (before, stale), "{place}");
            let says = if asked == "prepare other" { Says::Refused(Why::OtherContent) } else { answer(name, asked) };
            assert_eq!(ask(before, STEP, asks, 60), (before, vec![Effect::Reply(STEP, says)]), "{place}");
        }
    }
}

#[test]
fn an_ask_changes_nothing_whatever_its_step() {
    for (name, state) in states() {
        for step in [STEP, STEP + 1] {
            let reply = vec![Effect::Reply(step, answer(name, "ask"))];
            assert_eq!(ask(bill(state), step, Asks::Ask, 60), (bill(state), reply), "{name}");
        }
    }
}

#[test]
fn an_offer_ends_by_this_clock_alone_and_whatever_comes_then_finds_it_ended() {
    let offered = bill(find("offered"));
    for (asked, asks) in asks() {
        let (after, effects) = ask(offered, STEP + 1, asks, 121);
        let undoes = matches!(asks, Asks::Cancel | Asks::Reverse { .. });
        let end = if undoes { End::Cancelled } else { End::Expired };
        let says = if undoes { Says::Reversed(Undone::Ended) } else { Says::Ended(End::Expired) };
        assert_eq!(after.state, InsuredState::Ended(end), "{asked}");
        assert_eq!(effects, [Effect::Reply(STEP + 1, says)], "{asked}");
    }
    let tick = |seconds| offered.step(InsuredEvent::Tick, at(seconds), &terms());
    assert_eq!((tick(120).state, tick(120).effects), (offered, vec![]), "at its end it may still be confirmed");
    assert_eq!((tick(121).state.state, tick(121).effects), (InsuredState::Ended(End::Expired), vec![]));
}

#[test]
fn what_is_decided_makes_an_offer_of_what_was_not_on_record_and_of_the_next_round_and_of_nothing_else() {
    let decided = |bill: InsuredBill, step, round, result| {
        let moved = bill.step(InsuredEvent::Decided { step, content: CONTENT, round, result }, at(10), &terms());
        (moved.state, moved.effects)
    };
    let new = |round| Offer { round, until: at(130), ..offer(round) };
    for (name, state) in states() {
        let before = bill(state);
        for round in 1..=4 {
            for result in [Ok(SHARES), Err(Why::Policy)] {
                let (after, effects) = decided(before, 1, round, result);
                let place = format!("{name}, round {round}, {result:?}");
                let (expected, reply) = match (name, round, result) {
                    ("unseen", 1, Ok(_)) => (InsuredState::Offered(new(1)), Some((1, Says::Offered(new(1))))),
                    ("renewing", 3, Ok(_)) => (InsuredState::Offered(new(3)), Some((STEP, Says::Changed(new(3))))),
                    ("unseen", 1, Err(why)) => (InsuredState::Refused(why), Some((1, Says::Refused(why)))),
                    ("renewing", 3, Err(why)) => (InsuredState::Refused(why), Some((STEP, Says::Refused(why)))),
                    ("unseen", ..) => (state, None),
                    (_, 1, _) => (state, Some((1, Says::Stale { step: STEP }))),
                    _ => (state, None),
                };
                assert_eq!(after.state, expected, "{place}");
                let replies: Vec<Effect> = reply.map(|(step, says)| Effect::Reply(step, says)).into_iter().collect();
                assert_eq!(effects, replies, "{place}");
                if let InsuredState::Offered(offer) = after.state
                    && name != "offered"
                {
                    assert!(after.next_at.is_some_and(|at| at > offer.until), "{place}: it is seen to end");
                    assert_eq!((after.round, after.content), (round, CONTENT), "{place}");
                }
            }
        }
    }
    // two of the same Prepare were decided side by side: the second gets the first one's offer
    let (offered, _) = decided(bill(InsuredState::Unseen), 1, 1, Ok(SHARES));
    let other = Shares { owed: Fen::new(1), cash: Fen::new(2) };
    assert_eq!(decided(offered, 1, 1, Ok(other)), (offered, vec![Effect::Reply(1, Says::Offered(new(1)))]));
}

#[test]
fn what_the_bureau_commits_counts_for_the_round_that_is_being_settled_only() {
    let results = [Ok(receipt()), Err(Unsettled::Changed), Err(Unsettled::Refused(Why::Policy)), Err(Unsettled::Away)];
    for (name, state) in states() {
        for round in [1, 2, 3] {
            for result in results {
                let before = bill(state);
                let moved = before.step(InsuredEvent::Committed { round, result }, at(10), &terms());
                let place = format!("{name}, round {round}, {result:?}");
                if name != "settling" || round != 2 {
                    assert_eq!((moved.state, moved.effects), (before, vec![]), "{place}");
                    continue;
                }
                let (expected, effects) = match result {
                    Ok(receipt) => {
                        let booked = Effect::Book(Booked::Settled(receipt));
                        (InsuredState::Settled(receipt), vec![booked, Effect::Reply(STEP, Says::Confirmed(receipt))])
                    }
                    Err(Unsettled::Changed) => (InsuredState::Renewing(offer(2)), vec![Effect::Renew { round }]),
                    Err(Unsettled::Refused(why)) => {
                        (InsuredState::Refused(why), vec![Effect::Reply(STEP, Says::Refused(why))])
                    }
                    Err(Unsettled::Away) => (state, vec![]),
                };
                assert_eq!((moved.state.state, moved.effects), (expected, effects), "{place}");
                assert_eq!(moved.state.next_at.is_some(), moved.state.due().is_some(), "{place}");
            }
        }
    }
}

#[test]
fn what_the_bureau_takes_out_ends_a_reversal_and_nothing_else() {
    for (name, state) in states() {
        for round in [1, 2] {
            for taken_out in [Some(day(2)), None] {
                let before = bill(state);
                let moved = before.step(InsuredEvent::TakenOut { round, day: taken_out }, at(10), &terms());
                let place = format!("{name}, round {round}, {taken_out:?}");
                let is_open = matches!(state, InsuredState::Reversing { .. }) && round == 2;
                let reply = |says| Effect::Reply(STEP, says);
                let (expected, effects) = match (name, taken_out) {
                    (_, Some(_)) if !is_open => (state, vec![]),
                    ("cancelling", Some(_)) => {
                        (InsuredState::Ended(End::Cancelled), vec![reply(Says::Reversed(Undone::Ended))])
                    }
                    (_, Some(day)) => {
                        let booked = Effect::Book(Booked::Reversed(receipt(), day));
                        let says = Says::Reversed(Undone::TookOut { receipt: receipt(), day });
                        (InsuredState::Reversed { receipt: receipt(), day }, vec![booked, reply(says)])
                    }
                    _ => (state, vec![]),
                };
                assert_eq!((moved.state.state, moved.effects), (expected, effects), "{place}");
                assert_eq!(moved.state.next_at.is_some(), moved.state.due().is_some(), "{place}");
                let waits_longer = is_open && moved.state.state == state;
                assert_eq!(moved.state.attempts, u32::from(waits_longer), "{place}");
            }
        }
    }
}

#[test]
fn a_reversal_of_a_closed_year_is_late_for_good_and_a_cancel_never_is() {
    for name in ["settled", "finished"] {
        let ask = |bill: InsuredBill, step, asks, closed| {
            let moved = bill.step(InsuredEvent::Asked { step, asks, closed }, at(10), &terms());
            (moved.state, moved.effects)
        };
        let late = vec![Effect::Reply(STEP + 1, Says::Refused(Why::Late))];
        let (after, effects) = ask(bill(find(name)), STEP + 1, REVERSE, true);
        assert_eq!((after.state, after.step), (InsuredState::Finished(receipt()), STEP + 1), "{name}");
        assert_eq!(effects, late, "{name}");
        assert_eq!(ask(after, STEP + 1, REVERSE, false), (after, late), "{name}: the same step, the same answer");
        let (again, _) = ask(after, STEP + 2, REVERSE, false);
        assert!(matches!(again.state, InsuredState::Reversing { .. }), "{name}: a further one is looked at anew");
        let cancelled = ask(bill(find("settled")), STEP + 1, Asks::Cancel, true).0;
        assert!(matches!(cancelled.state, InsuredState::Reversing { .. }));
    }
}

#[test]
fn a_round_that_is_being_renewed_is_settled_no_more() {
    // the call that refuses its key may come late: had the round been settled meanwhile, it would be taken out behind both backs
    let renewing = bill(find("renewing"));
    let settled = InsuredEvent::Committed { round: 2, result: Ok(receipt()) };
    let moved = renewing.step(settled, at(10), &terms());
    assert_eq!((moved.state, moved.effects), (renewing, vec![]));
    assert_eq!(renewing.due(), Some(Effect::Renew { round: 2 }));
}

#[test]
fn a_tick_asks_the_bureau_again_when_its_time_has_come_and_a_restart_asks_the_same() {
    for (name, state) in states().into_iter().filter(|state| state.0 != "offered") {
        let before = bill(state);
        let early = before.step(InsuredEvent::Tick, at(0), &terms());
        assert_eq!((early.state, early.effects), (before, vec![]), "{name}");
        let moved = before.step(InsuredEvent::Tick, at(1), &terms());
        let due: Vec<Effect> = before.due().into_iter().collect();
        let expected = match name {
            "settling" => vec![Effect::Settle { round: 2 }],
            "renewing" => vec![Effect::Renew { round: 2 }],
            "cancelling" | "reversing" => vec![Effect::Reverse { round: 2 }],
            _ => vec![],
        };
        assert_eq!((&moved.effects, &due), (&expected, &expected), "{name}");
        assert_eq!(moved.state.attempts, u32::try_from(expected.len()).unwrap(), "{name}");
        assert!(moved.state.next_at.is_none_or(|next| next > at(1)), "{name}");
    }
}
