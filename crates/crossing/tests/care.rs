//! The table of the place of care: every state with every event, what is listed and what is not.

use chrono::{DateTime, Utc};
use crossing::{
    Asks, Booked, CareBill, CareEvent, CareState, Effect, End, Lapse, Offer, Receipt, Says, Step, Told, Undone, Why,
};
use money::Fen;

use crate::support::{CONTENT, ID, OTHER, at, day, dearer, offer, receipt, shifted, terms};

const STEP: Step = 5;

fn took_out(receipt: Receipt) -> Says {
    Says::Reversed(Undone::TookOut { receipt, day: day(2) })
}

fn said(says: Says, left: Option<i64>) -> CareEvent {
    CareEvent::Said { step: STEP, says, left: left.map(Fen::new) }
}

/// A bill in a state, its fifth decision, waiting for a Tick where something is under way.
fn bill(state: CareState) -> CareBill {
    let mut bill = CareBill { content: CONTENT, step: STEP, state, ..CareBill::new(ID) };
    bill.next_at = bill.due(at(0), &terms()).map(|_| at(1));
    if state == CareState::New {
        bill.step = 0;
    }
    bill
}

fn states() -> Vec<(&'static str, CareState)> {
    vec![
        ("new", CareState::New),
        ("asking", CareState::Asking { deadline: at(30) }),
        ("confirming", CareState::Confirming { offer: offer(2), since: at(-1) }),
        ("settled", CareState::Settled { receipt: receipt(), finished: false }),
        ("finished", CareState::Settled { receipt: receipt(), finished: true }),
        ("cancelling", CareState::Cancelling { offer: Some(offer(2)) }),
        ("cancelling early", CareState::Cancelling { offer: None }),
        ("reversing", CareState::Reversing { receipt: receipt() }),
        ("refused", CareState::Refused(Why::Policy)),
        ("lapsed", CareState::Lapsed(Lapse::Expired)),
        ("reversed", CareState::Reversed),
    ]
}

/// Every event, with the time at which it comes.
fn events() -> Vec<(&'static str, i64, CareEvent)> {
    let fits = Offer { round: 3, ..offer(3) };
    vec![
        ("settle", 2, CareEvent::Settle { content: CONTENT, deadline: at(30) }),
        ("settle other", 2, CareEvent::Settle { content: OTHER, deadline: at(30) }),
        ("reverse", 2, CareEvent::ReverseWanted),
        ("offered", 2, said(Says::Offered(offer(1)), None)),
        ("offered, just room", 2, said(Says::Offered(offer(1)), Some(60_000))),
        ("offered, no room", 2, said(Says::Offered(offer(1)), Some(59_999))),
        ("changed", 2, said(Says::Changed(fits), Some(60_000))),
        ("changed, no room", 2, said(Says::Changed(fits), Some(59_999))),
        ("changed too often", 2, said(Says::Changed(offer(4)), None)),
        ("refused", 2, said(Says::Refused(Why::Late), None)),
        ("confirmed", 2, said(Says::Confirmed(receipt()), None)),
        ("confirmed otherwise", 2, said(Says::Confirmed(dearer()), None)),
        ("confirmed with other cash", 2, said(Says::Confirmed(shifted()), None)),
        ("ended", 2, said(Says::Ended(End::Expired), None)),
        ("took out", 2, said(took_out(receipt()), None)),
        ("took another out", 2, said(took_out(dearer()), None)),
        ("took out other cash", 2, said(took_out(shifted()), None)),
        ("never came", 2, said(Says::Reversed(Undone::NeverCame), None)),
        ("had ended", 2, said(Says::Reversed(Undone::Ended), None)),
        ("finished", 2, said(Says::Finished, None)),
        ("in progress", 2, said(Says::InProgress, None)),
        ("never seen", 2, said(Says::NeverSeen, None)),
        ("stale", 2, said(Says::Stale { step: 9 }, None)),
        ("tick too early", 0, CareEvent::Tick),
        ("tick at its time", 1, CareEvent::Tick),
        ("tick", 30, CareEvent::Tick),
        ("tick after the deadline", 31, CareEvent::Tick),
        ("tick at the end of asking", 129, CareEvent::Tick),
        ("tick after that", 130, CareEvent::Tick),
    ]
}

/// A row of the table: the state after it, whether that is a further step, and the effects.
type Row = (CareState, bool, Vec<Effect>);

const FINISH: Asks = Asks::Finish { receipt: [9; 32] };
const REVERSE: Asks = Asks::Reverse { receipt: [9; 32] };

fn send(step: Step, asks: Asks) -> Effect {
    Effect::Send(step, asks)
}

fn lapsed(lapse: Lapse, mut effects: Vec<Effect>) -> Option<Row> {
    effects.push(Effect::Answer(Told::Lapsed(lapse)));
    Some((CareState::Lapsed(lapse), false, effects))
}

fn refused(mut effects: Vec<Effect>) -> Option<Row> {
    effects.push(Effect::Answer(Told::Refused(Why::Late)));
    Some((CareState::Refused(Why::Late), false, effects))
}

fn cancel(offer: Option<Offer>) -> Option<Row> {
    Some((CareState::Cancelling { offer }, true, vec![send(STEP + 1, Asks::Cancel)]))
}

fn confirming(round: u32) -> CareState {
    CareState::Confirming { offer: offer(round), since: at(2) }
}

/// What the table lists of the hospital's wishes.
fn of_the_hospital(state: &str, event: &str) -> Option<Row> {
    let stays = |told| Some((find(state), false, vec![Effect::Answer(told)]));
    let asks = |content| {
        let asking = CareState::Asking { deadline: at(30) };
        Some((asking, true, vec![send(1, Asks::Prepare { content })]))
    };
    match (state, event) {
        ("new", "settle") => asks(CONTENT),
        ("new", "settle other") => asks(OTHER),
        (_, "settle other") => stays(Told::KeyReused),
        ("refused", "settle" | "reverse") => stays(Told::Refused(Why::Policy)),
        ("lapsed", "settle" | "reverse") => stays(Told::Lapsed(Lapse::Expired)),
        ("reversed", "settle" | "reverse") => stays(Told::Reversed),
        ("settled" | "finished", "settle") => stays(Told::Settled(receipt())),
        ("settled" | "finished", "reverse") => {
            Some((CareState::Reversing { receipt: receipt() }, true, vec![send(STEP + 1, REVERSE)]))
        }
        ("asking", "reverse") => cancel(None),
        ("confirming", "reverse") => cancel(Some(offer(2))),
        _ => None,
    }
}

/// What the table lists of the time that passes.
fn of_time(state: &str, event: &str) -> Option<Row> {
    let again = |asks| Some((find(state), false, vec![send(STEP, asks)]));
    match (state, event) {
        (_, "tick too early") => None,
        ("asking", "tick" | "tick at its time") => again(Asks::Prepare { content: CONTENT }),
        ("asking", _) => lapsed(Lapse::NoAnswer, vec![]),
        ("confirming", "tick after that") => again(Asks::Ask),
        ("confirming", _) => again(Asks::Confirm { round: 2 }),
        ("settled", _) => again(FINISH),
        ("cancelling" | "cancelling early", _) => again(Asks::Cancel),
        ("reversing", _) => again(REVERSE),
        _ => None,
    }
}

/// What the table lists of the other side's words.
fn of_the_other_side(state: &str, event: &str) -> Option<Row> {
    let (held, free) = (Effect::Hold(Fen::new(60_000)), Effect::Free);
    let finished = CareState::Settled { receipt: receipt(), finished: true };
    let booked = Effect::Book(Booked::Settled(receipt()));
    let undone = Effect::Book(Booked::Reversed(receipt(), day(2)));
    let reversed = Effect::Answer(Told::Reversed);
    let stands = |why| Some((finished, false, vec![Effect::Answer(Told::Stands(why))]));
    match (state, event) {
        ("asking", "offered" | "offered, just room") => {
            Some((confirming(1), true, vec![held, send(STEP + 1, Asks::Confirm { round: 1 })]))
        }
        ("asking", "offered, no room") => lapsed(Lapse::Limit, vec![]),
        ("asking", "refused") => refused(vec![]),
        ("asking", "ended") => lapsed(Lapse::Expired, vec![]),
        ("confirming", "confirmed") => {
            let settled = CareState::Settled { receipt: receipt(), finished: false };
            let told = Effect::Answer(Told::Settled(receipt()));
            Some((settled, true, vec![Effect::Use, booked, send(STEP + 1, FINISH), told]))
        }
        ("confirming", "changed") => {
            Some((confirming(3), true, vec![free, held, send(STEP + 1, Asks::Confirm { round: 3 })]))
        }
        ("confirming", "changed, no room") => lapsed(Lapse::Limit, vec![free]),
        ("confirming", "changed too often") => lapsed(Lapse::Changed, vec![free]),
        ("confirming", "ended") => lapsed(Lapse::Expired, vec![free]),
        ("confirming", "refused") => refused(vec![free]),
        ("confirming", "never seen") => cancel(Some(offer(2))),
        ("settled" | "finished", "finished") => Some((finished, false, vec![])),
        ("cancelling", "took out") => Some((CareState::Reversed, false, vec![free, booked, undone, reversed])),
        ("cancelling", "never came" | "had ended") => lapsed(Lapse::Cancelled, vec![free]),
        ("cancelling early", "never came" | "had ended") => lapsed(Lapse::Cancelled, vec![]),
        ("reversing", "took out") => Some((CareState::Reversed, false, vec![Effect::GiveBack, undone, reversed])),
        ("reversing", "refused") => stands(Why::Late),
        ("reversing", "stale") => stands(Why::OtherContent),
        _ => None,
    }
}

fn listed(state: &str, event: &str) -> Option<Row> {
    match event {
        "settle" | "settle other" | "reverse" => of_the_hospital(state, event),
        _ if event.starts_with("tick") => of_time(state, event),
        _ => of_the_other_side(state, event),
    }
}

fn find(name: &str) -> CareState {
    states().into_iter().find(|state| state.0 == name).unwrap().1
}

#[test]
fn every_state_and_event_of_the_place_of_care_is_as_listed_and_nothing_else_happens() {
    let mut seen = 0;
    for (name, state) in states() {
        for (event_name, seconds, event) in events() {
            let (before, now) = (bill(state), at(seconds));
            let moved = before.step(event, now, &terms());
            let place = format!("{name}, {event_name}");
            let Some((after, is_next, effects)) = listed(name, event_name) else {
                assert_eq!((moved.state, moved.effects), (before, vec![]), "{place}: changes nothing");
                continue;
            };
            seen += 1;
            assert_eq!((moved.state.state, &moved.effects), (after, &effects), "{place}");
            assert_eq!(moved.state.step, before.step + u32::from(is_next), "{place}: its step");
            let waits = moved.state.due(now, &terms()).is_some();
            assert_eq!(
                moved.state.next_at.is_some(),
                waits,
                "{place}: woken while something is under way, and only then"
            );
            assert!(moved.state.next_at.is_none_or(|next| next > now || next == before.next_at.unwrap()), "{place}");
            let settles = matches!(event, CareEvent::Settle { .. });
            assert_eq!(moved.state.content == OTHER, settles && name == "new" && event_name != "settle", "{place}");
        }
    }
    assert_eq!(seen, 76, "rows of the table that were walked");
}

#[test]
fn what_is_said_of_another_step_than_the_bills_does_nothing() {
    for (name, state) in states().into_iter().skip(1) {
        for (event_name, seconds, event) in events() {
            let CareEvent::Said { says, left, .. } = event else { continue };
            for step in [STEP - 1, STEP + 1] {
                let moved = bill(state).step(CareEvent::Said { step, says, left }, at(seconds), &terms());
                assert_eq!((moved.state, moved.effects), (bill(state), vec![]), "{name}, {event_name} of step {step}");
            }
        }
    }
}

#[test]
fn a_restart_sends_what_a_tick_would() {
    for (name, state) in states() {
        let bill = bill(state);
        let now: DateTime<Utc> = at(3);
        let ticked = bill.step(CareEvent::Tick, now, &terms());
        assert_eq!(bill.due(now, &terms()).into_iter().collect::<Vec<_>>(), ticked.effects, "{name}");
        assert_eq!(ticked.state.attempts, u32::from(!ticked.effects.is_empty()), "{name}");
    }
}

#[test]
fn what_was_confirmed_never_ends_by_itself() {
    let mut bill = bill(CareState::Confirming { offer: offer(2), since: at(-1) });
    for days in 0..2_000_i64 {
        let moved = bill.step(CareEvent::Tick, at(days * 86_400 + 5), &terms());
        assert!(matches!(moved.state.state, CareState::Confirming { .. }) && !moved.effects.is_empty());
        bill = moved.state;
    }
}

#[test]
fn an_offer_is_confirmed_also_where_the_other_clock_is_far_behind() {
    let asking = bill(CareState::Asking { deadline: at(90_000) });
    let moved = asking.step(said(Says::Offered(offer(1)), None), at(86_400), &terms());
    assert!(moved.effects.contains(&Effect::Send(STEP + 1, Asks::Confirm { round: 1 })), "{:?}", moved.effects);
}

#[test]
fn only_what_is_confirmed_and_not_over_holds_of_the_prepayment() {
    for (name, state) in states() {
        let holds = matches!(name, "confirming" | "cancelling");
        assert_eq!(bill(state).held(), Fen::new(if holds { 60_000 } else { 0 }), "{name}");
    }
}
