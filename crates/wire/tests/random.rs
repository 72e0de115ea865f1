//! No message makes a reader panic, and none is refused without a word why.

use std::sync::LazyLock;

use pb::policy::v1 as policy_pb;
use proptest::prelude::*;
use prost::Message;
use wire::{read, write};

use crate::support::{SHIPPED, bill_cases, facts_of, held, reading};

/// Golden facts, encoded.
static GOLDEN: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
    let plain = bill_cases().flat_map(|(_, bills)| facts_of(bills));
    let all = plain.flat_map(|facts| [held(&facts), facts]);
    all.map(|facts| write::facts(&facts).encode_to_vec()).collect()
});

/// Texts near the edge of what is read.
fn text() -> impl Strategy<Value = String> {
    let near =
        ["", "1", "0", "-1", "0.1.2", "0.000001", "+5", "9999999999999999", "2024-02-29", "2024-02-30", "990100"];
    prop_oneof![
        proptest::sample::select(near.map(str::to_owned).to_vec()),
        "[0-9.+-]{0,20}",
        proptest::collection::vec(any::<char>(), 0..60).prop_map(|letters| letters.into_iter().collect::<String>()),
    ]
}

fn number() -> impl Strategy<Value = i32> {
    prop_oneof![0..14_i32, any::<i32>()]
}

fn amount() -> impl Strategy<Value = i64> {
    prop_oneof![0..1_000_000_i64, any::<i64>(), Just(i64::MIN), Just(i64::MAX)]
}

prop_compose! {
    fn line()(item in text(), kind in number(), amount_fen in amount(), quantity in text(), epidemic in number(),
              unit_price_fen in proptest::option::of(amount()), service_date in text(),
              terms in proptest::option::of((proptest::option::of(number()), proptest::option::of(amount()),
                                             proptest::option::of(text())))) -> policy_pb::FeeLine {
        let terms = terms.map(|(class, price_limit_fen, first_self_paid_rate)| {
            policy_pb::CatalogueTerms { class, price_limit_fen, first_self_paid_rate }
        });
        policy_pb::FeeLine { item, kind, amount_fen, quantity, unit_price_fen, epidemic, service_date, terms }
    }
}

fn read_everything(facts: &policy_pb::Facts) {
    if let Ok(read) = reading(|v| read::facts(v, facts)) {
        let sent = write::facts(&read);
        assert_eq!(reading(|v| read::facts(v, &sent)), Ok(read.clone()), "what was read goes out and in again");
        let decision = SHIPPED.adjudicate(&read);
        let sent = write::decision(&SHIPPED, &decision, true);
        assert!(sent.outcome.is_some());
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn golden_facts_with_random_bytes_changed_are_read_or_refused(
        which in any::<proptest::sample::Index>(),
        edits in proptest::collection::vec((any::<proptest::sample::Index>(), any::<u8>()), 0..6),
    ) {
        let mut bytes = which.get(&GOLDEN).clone();
        for (at, byte) in edits {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        if let Ok(facts) = policy_pb::Facts::decode(bytes.as_slice()) {
            read_everything(&facts);
        }
    }

    #[test]
    fn golden_facts_with_random_lines_are_read_or_refused(
        which in any::<proptest::sample::Index>(),
        lines in proptest::collection::vec(line(), 0..5),
        days in proptest::collection::vec(text(), 3),
        total_fen in amount(),
    ) {
        let mut facts = policy_pb::Facts::decode(which.get(&GOLDEN).as_slice()).expect("golden facts are decoded");
        let bill = facts.bill.as_mut().expect("golden facts have a bill");
        bill.costs = Some(policy_pb::bill::Costs::Lines(policy_pb::FeeLines { lines }));
        bill.total_fen = total_fen;
        read_everything(&facts);
        let bill = facts.bill.as_mut().expect("golden facts have a bill");
        (bill.from_date, bill.to_date, bill.settled_date) = (days[0].clone(), days[1].clone(), days[2].clone());
        read_everything(&facts);
    }

    #[test]
    fn golden_facts_with_random_parts_are_read_or_refused(
        which in any::<proptest::sample::Index>(),
        all in (amount(), amount(), amount(), amount(), amount(), amount()),
        total_fen in proptest::option::of(amount()),
    ) {
        let (outside_catalogue_fen, over_limit_fen, first_self_paid_fen, within_scope_fen, hospital_fen, apart_fen) = all;
        let parts = policy_pb::Parts {
            outside_catalogue_fen, over_limit_fen, first_self_paid_fen, within_scope_fen, hospital_fen, apart_fen,
        };
        let four = [outside_catalogue_fen, over_limit_fen, first_self_paid_fen, within_scope_fen];
        let sum = four.into_iter().fold(0, i64::saturating_add);
        let mut facts = policy_pb::Facts::decode(which.get(&GOLDEN).as_slice()).expect("golden facts are decoded");
        let bill = facts.bill.as_mut().expect("golden facts have a bill");
        bill.costs = Some(policy_pb::bill::Costs::Parts(parts));
        bill.total_fen = total_fen.unwrap_or(sum);
        read_everything(&facts);
    }

    #[test]
    fn random_questions_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
        let read = bytes.as_slice();
        if let Ok(facts) = policy_pb::ContributionFacts::decode(read) {
            let _ = reading(|v| read::contribution_facts(v, &facts));
        }
        if let Ok(facts) = policy_pb::CoverageFacts::decode(read) {
            let _ = reading(|v| read::coverage_facts(v, &facts));
        }
        if let Ok(facts) = policy_pb::WatchFacts::decode(read) {
            let _ = reading(|v| read::watch_facts(v, &facts));
        }
        if let Ok(facts) = policy_pb::IndicatorFacts::decode(read) {
            let _ = reading(|v| read::indicator_facts(v, &facts));
        }
        if let Ok(facts) = policy_pb::Facts::decode(read) {
            read_everything(&facts);
        }
    }
}
