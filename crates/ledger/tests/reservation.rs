use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use ledger::{Account, Answer, Command, Limit, Reservation, Reservations, ReserveError, Standing};
use money::Fen;
use proptest::prelude::*;
use terms::Name;

use crate::support::{name, yuan};

fn limit() -> Account {
    Account::Limit { name: name("assistance 2023 P1") }
}

fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(seconds, 0).unwrap()
}

fn capped(cap: &str) -> Reservations {
    let mut reservations = Reservations::new();
    reservations.set_limit(limit(), yuan(cap)).unwrap();
    reservations
}

fn reserve(id: &str, amount: &str) -> Command {
    Command::Reserve { id: name(id), limit: limit(), amount: yuan(amount), expires: at(100) }
}

fn post(id: &str, amount: &str) -> Command {
    Command::Post { id: name(id), amount: yuan(amount) }
}

fn void(id: &str) -> Command {
    Command::Void { id: name(id) }
}

fn standing(answer: Result<Answer, ReserveError>) -> Standing {
    match answer {
        Ok(Answer::Stands(Reservation { standing, .. })) => standing,
        other => panic!("{other:?}"),
    }
}

fn used(reservations: &Reservations) -> (Fen, Fen) {
    let Limit { pending, posted, .. } = *reservations.limit(&limit()).unwrap();
    (pending, posted)
}

#[test]
fn mojaloop_ten_transfers_of_100_in_one_batch_against_a_cap_of_100_one_passes() {
    let mut reservations = capped("100.00");
    let batch: Vec<Command> = (0..10).map(|number| reserve(&format!("T{number}"), "100.00")).collect();
    let results = reservations.apply(&batch);
    assert_eq!(results.len(), 10);
    assert_eq!(standing(results[0].clone()), Standing::Pending);
    let beyond = ReserveError::BeyondLimit { limit: limit(), left: Fen::ZERO, asked: yuan("100.00") };
    assert!(results[1..].iter().all(|result| *result == Err(beyond.clone())), "{results:?}");
    assert_eq!(used(&reservations), (yuan("100.00"), Fen::ZERO));
}

#[test]
fn pending_and_posted_together_hold_the_limit() {
    let mut reservations = capped("100.00");
    let batch = [reserve("A", "60.00"), post("A", "60.00"), reserve("B", "40.00"), reserve("C", "0.01")];
    let results = reservations.apply(&batch);
    let beyond = ReserveError::BeyondLimit { limit: limit(), left: Fen::ZERO, asked: Fen::new(1) };
    assert_eq!(results[3], Err(beyond));
    assert_eq!(used(&reservations), (yuan("40.00"), yuan("60.00")));
}

#[test]
fn posting_less_frees_the_rest_and_posting_more_is_refused() {
    let mut reservations = capped("100.00");
    reservations.obey(&reserve("A", "100.00")).unwrap();
    let beyond = ReserveError::BeyondPending { held: yuan("100.00"), asked: yuan("100.01") };
    assert_eq!(reservations.obey(&post("A", "100.01")), Err(beyond));
    assert_eq!(standing(reservations.obey(&post("A", "30.00"))), Standing::Posted(yuan("30.00")));
    assert_eq!(standing(reservations.obey(&reserve("B", "70.00"))), Standing::Pending);
}

#[test]
fn posting_or_voiding_twice_gives_the_same_answer_and_other_content_a_stable_error() {
    let mut reservations = capped("100.00");
    reservations.apply(&[reserve("A", "50.00"), reserve("B", "50.00")]);
    let (posted, voided) = (reservations.obey(&post("A", "40.00")), reservations.obey(&void("B")));
    let before = reservations.clone();
    assert_eq!(reservations.obey(&post("A", "40.00")), posted);
    assert_eq!(reservations.obey(&void("B")), voided);
    let already = Err(ReserveError::AlreadyPosted { amount: yuan("40.00") });
    for _ in 0..2 {
        assert_eq!(reservations.obey(&post("A", "41.00")), already);
        assert_eq!(reservations.obey(&void("A")), already);
        assert_eq!(reservations.obey(&post("B", "50.00")), Err(ReserveError::AlreadyVoided));
        let other = reservations.obey(&reserve("A", "51.00"));
        assert_eq!(other, Err(ReserveError::OtherContent { field: "amount" }));
        assert_eq!(reservations.obey(&reserve("A", "50.00")), posted, "as it stands, not held again");
    }
    assert_eq!(reservations, before);
}

#[test]
fn expiry_is_what_the_caller_says_and_an_overdue_reservation_can_still_be_posted() {
    let mut reservations = capped("100.00");
    reservations.apply(&[reserve("A", "50.00"), reserve("B", "50.00")]);
    let expire = |id: &str, now| Command::Expire { id: name(id), now: at(now) };
    assert_eq!(reservations.obey(&expire("A", 99)), Err(ReserveError::NotYet { expires: at(100) }));
    assert_eq!(reservations.overdue(at(99)).count(), 0);
    assert_eq!(reservations.overdue(at(100)).count(), 2);
    assert_eq!(standing(reservations.obey(&expire("A", 100))), Standing::Expired);
    assert_eq!(standing(reservations.obey(&post("B", "50.00"))), Standing::Posted(yuan("50.00")));
    assert_eq!(reservations.overdue(at(100)).count(), 0);
    assert_eq!(reservations.obey(&post("A", "50.00")), Err(ReserveError::AlreadyExpired));
    assert_eq!(standing(reservations.obey(&void("A"))), Standing::Expired, "an undo is done once");
    let posted = reservations.obey(&expire("B", 200));
    assert_eq!(posted, Err(ReserveError::AlreadyPosted { amount: yuan("50.00") }));
}

#[test]
fn a_reservation_that_arrives_after_its_undo_holds_nothing() {
    let mut reservations = capped("100.00");
    assert_eq!(reservations.obey(&void("A")), Ok(Answer::NeverHeld));
    assert_eq!(reservations.obey(&void("A")), Ok(Answer::NeverHeld));
    assert_eq!(reservations.obey(&reserve("A", "50.00")), Err(ReserveError::VoidedBefore));
    assert_eq!(used(&reservations), (Fen::ZERO, Fen::ZERO));
    assert_eq!(reservations.obey(&post("A", "50.00")), Err(ReserveError::UnknownReservation));
}

fn raise(id: &str, amount: &str, until: i64) -> Command {
    Command::Raise { id: name(id), amount: yuan(amount), expires: at(until) }
}

fn change(id: &str, amount: &str) -> Command {
    Command::Change { id: name(id), limit: limit(), amount: yuan(amount) }
}

#[test]
fn posting_nothing_frees_all_of_it_and_is_final() {
    let mut reservations = capped("100.00");
    reservations.obey(&reserve("A", "100.00")).unwrap();
    assert_eq!(standing(reservations.obey(&post("A", "0.00"))), Standing::Posted(Fen::ZERO));
    assert_eq!(used(&reservations), (Fen::ZERO, Fen::ZERO));
    assert_eq!(standing(reservations.obey(&post("A", "0.00"))), Standing::Posted(Fen::ZERO), "done once");
    let already = Err(ReserveError::AlreadyPosted { amount: Fen::ZERO });
    assert_eq!(reservations.obey(&post("A", "0.01")), already);
    assert_eq!(reservations.obey(&raise("A", "100.00", 200)), already);
    assert_eq!(standing(reservations.obey(&reserve("B", "100.00"))), Standing::Pending);
}

#[test]
fn a_pending_reservation_grows_within_what_is_left_and_never_shrinks() {
    let mut reservations = capped("100.00");
    reservations.apply(&[reserve("A", "30.00"), reserve("B", "50.00")]);
    let held = |answer: Result<Answer, ReserveError>| match answer {
        Ok(Answer::Stands(reservation)) => (reservation.amount, reservation.expires),
        other => panic!("{other:?}"),
    };
    let beyond = ReserveError::BeyondLimit { limit: limit(), left: yuan("20.00"), asked: yuan("20.01") };
    assert_eq!(reservations.obey(&raise("A", "50.01", 200)), Err(beyond));
    assert_eq!(held(reservations.obey(&raise("A", "50.00", 200))), (yuan("50.00"), at(200)));
    assert_eq!(held(reservations.obey(&raise("A", "50.00", 200))), (yuan("50.00"), at(200)), "done once");
    assert_eq!(
        held(reservations.obey(&raise("A", "10.00", 150))),
        (yuan("50.00"), at(200)),
        "neither less nor shorter"
    );
    assert_eq!(held(reservations.obey(&reserve("A", "30.00"))), (yuan("50.00"), at(200)), "as it stands");
    let other = Err(ReserveError::OtherContent { field: "amount" });
    assert_eq!(reservations.obey(&reserve("A", "50.00")), other);
    assert_eq!(used(&reservations), (yuan("100.00"), Fen::ZERO));
    assert_eq!(reservations.overdue(at(150)).count(), 1, "B alone");
    reservations.obey(&void("B")).unwrap();
    assert_eq!(reservations.obey(&raise("B", "1.00", 300)), Err(ReserveError::AlreadyVoided));
    assert_eq!(standing(reservations.obey(&post("A", "50.00"))), Standing::Posted(yuan("50.00")));
    assert_eq!(reservations.obey(&raise("C", "1.00", 300)), Err(ReserveError::UnknownReservation));
}

#[test]
fn a_reservation_of_nothing_is_one_and_may_grow_when_room_comes_back() {
    let mut reservations = capped("100.00");
    reservations.apply(&[reserve("A", "100.00"), reserve("B", "0.00")]);
    assert_eq!(standing(reservations.obey(&reserve("B", "0.00"))), Standing::Pending);
    assert!(reservations.obey(&raise("B", "40.00", 100)).is_err());
    reservations.obey(&post("A", "60.00")).unwrap();
    assert_eq!(standing(reservations.obey(&raise("B", "40.00", 100))), Standing::Pending);
    assert_eq!(used(&reservations), (yuan("40.00"), yuan("60.00")));
}

#[test]
fn what_is_posted_changes_both_ways_once_and_never_below_nothing_or_beyond_the_limit() {
    let mut reservations = capped("100.00");
    reservations.apply(&[reserve("A", "60.00"), reserve("B", "10.00"), post("A", "60.00")]);
    let first = reservations.obey(&change("C1", "-20.00"));
    assert_eq!(first, Ok(Answer::Uses(*reservations.limit(&limit()).unwrap())));
    assert_eq!(used(&reservations), (yuan("10.00"), yuan("40.00")));
    assert_eq!(reservations.obey(&change("C1", "-20.00")), first, "done once");
    assert_eq!(reservations.obey(&change("C1", "-21.00")), Err(ReserveError::OtherContent { field: "amount" }));
    let below = ReserveError::BeyondPosted { left: yuan("40.00"), change: yuan("-40.01") };
    assert_eq!(reservations.obey(&change("C2", "-40.01")), Err(below));
    let beyond = ReserveError::BeyondLimit { limit: limit(), left: yuan("50.00"), asked: yuan("50.01") };
    assert_eq!(reservations.obey(&change("C2", "50.01")), Err(beyond));
    assert_eq!(reservations.obey(&change("C2", "0.00")), Err(ReserveError::NoChange));
    reservations.obey(&change("C2", "50.00")).unwrap();
    assert_eq!(used(&reservations), (yuan("10.00"), yuan("90.00")));
    reservations.obey(&change("C3", "-90.00")).unwrap();
    assert_eq!(used(&reservations), (yuan("10.00"), Fen::ZERO), "more than one reservation posted, and more than A");
    let elsewhere = Account::Limit { name: name("elsewhere") };
    let stray = Command::Change { id: name("C1"), limit: elsewhere, amount: yuan("-20.00") };
    assert_eq!(reservations.obey(&stray), Err(ReserveError::OtherContent { field: "limit" }));
    let stray = Command::Change { id: name("C4"), limit: elsewhere, amount: yuan("-20.00") };
    assert_eq!(reservations.obey(&stray), Err(ReserveError::UnknownLimit { limit: elsewhere }));
    for huge in [i64::MIN, i64::MAX] {
        let huge = Command::Change { id: name("C5"), limit: limit(), amount: Fen::new(huge) };
        assert!(reservations.obey(&huge).is_err());
    }
    assert_eq!(reservations.broken(), None);
}

#[test]
fn a_limit_is_known_above_its_use_and_nothing_below_zero_is_held() {
    let mut reservations = capped("100.00");
    let negative = Err(ReserveError::Negative { amount: yuan("-0.01") });
    assert_eq!(reservations.obey(&reserve("A", "-0.01")), negative);
    reservations.obey(&reserve("A", "80.00")).unwrap();
    assert_eq!(reservations.obey(&post("A", "-0.01")), negative);
    assert_eq!(reservations.obey(&raise("A", "-0.01", 100)), negative);
    let below = ReserveError::BelowUse { cap: yuan("79.99"), used: yuan("80.00") };
    assert_eq!(reservations.set_limit(limit(), yuan("79.99")), Err(below));
    assert_eq!(reservations.set_limit(limit(), yuan("80.00")).unwrap().left(), Fen::ZERO);
    let unknown = Account::Limit { name: name("elsewhere") };
    let stray = Command::Reserve { id: name("B"), limit: unknown, amount: Fen::new(1), expires: at(1) };
    assert_eq!(reservations.obey(&stray), Err(ReserveError::UnknownLimit { limit: unknown }));
}

fn any_command() -> impl Strategy<Value = Command> {
    let id = (0..6_u8).prop_map(|id| name(&format!("T{id}")));
    (id, 0..7_u8, 0..80_i64, 0..200_i64).prop_map(|(id, which, fen, now)| {
        let amount = Fen::new(fen);
        match which {
            0 | 1 => Command::Reserve { id, limit: limit(), amount, expires: at(100) },
            2 => Command::Post { id, amount },
            3 if now < 60 => Command::Void { id },
            3 => Command::Expire { id, now: at(now) },
            4 => Command::Raise { id, amount, expires: at(now) },
            _ => Command::Change { id: name(&format!("C{now}")), limit: limit(), amount: Fen::new(fen - 40) },
        }
    })
}

proptest! {
    /// Beside the reservations runs a count of its own: what each command that passed took from the limit or gave back.
    #[test]
    fn no_sequence_of_commands_passes_the_limit_or_does_a_thing_twice(
        batches in prop::collection::vec(prop::collection::vec(any_command(), 1..12), 1..6),
    ) {
        let cap = Fen::new(100);
        let mut reservations = Reservations::new();
        reservations.set_limit(limit(), cap).unwrap();
        let mut held: BTreeMap<Name, Fen> = BTreeMap::new();
        for batch in batches {
            let mut one_by_one = reservations.clone();
            let results = reservations.apply(&batch);
            prop_assert_eq!(results.len(), batch.len());
            for (command, result) in batch.iter().zip(&results) {
                let before = one_by_one.clone();
                prop_assert_eq!(&one_by_one.obey(command), result, "a batch is its commands in order");
                if result.is_err() {
                    prop_assert_eq!(&one_by_one, &before, "a refusal changes nothing");
                }
                let after = one_by_one.clone();
                prop_assert_eq!(&one_by_one.obey(command), result, "the same answer again");
                prop_assert_eq!(&one_by_one, &after);
                if let Ok(Answer::Stands(reservation)) = result {
                    let holds = match reservation.standing {
                        Standing::Pending => reservation.amount,
                        Standing::Posted(amount) => amount,
                        Standing::Voided | Standing::Expired => Fen::ZERO,
                    };
                    let before = held.insert(reservation.id, holds);
                    let grew = before.is_some_and(|before| holds > before);
                    prop_assert!(!grew || matches!(command, Command::Raise { .. }), "only raising makes it hold more");
                }
                if let (Command::Change { id, amount, .. }, Ok(_)) = (command, result) {
                    held.insert(*id, *amount);
                }
                let Limit { pending, posted, .. } = *after.limit(&limit()).unwrap();
                prop_assert!(pending + posted <= cap);
                prop_assert!(!pending.is_negative() && !posted.is_negative());
                prop_assert_eq!(pending + posted, held.values().copied().sum::<Fen>());
                prop_assert_eq!(after.broken(), None);
            }
            prop_assert_eq!(&one_by_one, &reservations);
        }
    }
}
