//! Each golden case goes over the wire and comes back as it was.

use policy::case::{Answer, Question};
use policy::{Contribution, Period};
use wire::{read, write};

use crate::support::{CASES, SHIPPED, bill_cases, facts_of, reading};

#[test]
fn the_facts_of_every_golden_bill_come_back_as_they_were() {
    let mut bills_seen = 0;
    for (case, bills) in bill_cases() {
        for facts in facts_of(bills) {
            let sent = write::facts(&facts);
            let back = reading(|v| read::facts(v, &sent));
            assert_eq!(back.as_ref(), Ok(&facts), "{}", case.file);
            bills_seen += 1;
        }
    }
    assert!(bills_seen > 100, "only {bills_seen} bills");
}

#[test]
fn a_bill_alone_keeps_its_flag_and_leaves_no_line_to_look_up() {
    for (case, bills) in bill_cases() {
        for bill in &bills.bills {
            let sent = write::bill(bill, bills.person.use_account);
            let back =
                reading(|v| read::bill(v, &sent, None)).unwrap_or_else(|wrong| panic!("{}: {wrong:?}", case.file));
            assert_eq!((&back.bill, back.use_account, back.lookups.len()), (bill, bills.person.use_account, 0));
        }
    }
}

#[test]
fn the_facts_of_every_other_golden_question_come_back_as_they_were() {
    let mut seen = [0; 4];
    for case in CASES.iter() {
        match &case.question {
            Question::Bills(_) => {}
            Question::Contribution(facts) => {
                let sent = write::contribution_facts(facts);
                assert_eq!(reading(|v| read::contribution_facts(v, &sent)).as_ref(), Ok(facts), "{}", case.file);
                seen[0] += 1;
            }
            Question::Coverage(facts) => {
                let sent = write::coverage_facts(facts);
                assert_eq!(reading(|v| read::coverage_facts(v, &sent)).as_ref(), Ok(facts), "{}", case.file);
                seen[1] += 1;
            }
            Question::Watch(facts) => {
                let sent = write::watch_facts(facts);
                assert_eq!(reading(|v| read::watch_facts(v, &sent)).as_ref(), Ok(facts), "{}", case.file);
                seen[2] += 1;
            }
            Question::Indicator(facts) => {
                let sent = write::indicator_facts(facts);
                assert_eq!(reading(|v| read::indicator_facts(v, &sent)).as_ref(), Ok(facts), "{}", case.file);
                seen[3] += 1;
            }
        }
    }
    assert!(seen.iter().all(|seen| *seen > 0), "{seen:?}");
}

#[test]
fn the_answers_of_golden_questions_are_written_with_the_citations_of_their_values() {
    let policy = &*SHIPPED;
    for case in CASES.iter() {
        let values = match case.answer(policy) {
            Answer::Contribution(Ok(found)) => {
                let sent = write::contribution(policy, &found);
                let Contribution { premium, own, total, .. } = &found;
                assert_eq!((sent.premium_fen, sent.own_fen), (premium.get(), own.map(money::Fen::get)));
                assert_eq!(sent.total_fen, total.map(money::Fen::get));
                (found.values, sent.values)
            }
            Answer::Coverage(Ok(found)) => {
                let sent = write::coverage(policy, &found);
                let covered = reading(|v| read::period(v, "covered", &sent.covered));
                assert_eq!(covered, Ok(Some(Period { from: found.from, to: found.to })));
                assert_eq!(reading(|v| read::word(v, "counts_as", sent.counts_as)), Ok(found.counts_as));
                assert_eq!(sent.waiting_months, found.waiting_months);
                (found.values, sent.values)
            }
            Answer::Watch(Ok(found)) => {
                let sent = write::watch(policy, &found);
                assert_eq!((sent.listed, sent.line_fen), (found.listed, found.line.get()));
                assert_eq!(sent.meter, found.meter.map(|meter| meter.to_string()).unwrap_or_default());
                (found.values, sent.values)
            }
            Answer::Indicator(Ok(found)) => {
                let sent = write::indicator(policy, &found);
                assert_eq!(sent.share_rate.parse(), Ok(found.share));
                assert_eq!((sent.target_rate.parse(), sent.below), (Ok(found.target), found.below));
                (found.values, sent.values)
            }
            _ => continue,
        };
        assert_eq!(values.0.len(), values.1.len());
        for (found, sent) in values.0.iter().zip(&values.1) {
            let cited = policy.citation(found.source).expect("a value used stands somewhere");
            let citation = sent.citation.as_ref().expect("it is cited");
            assert_eq!((&found.name, &cited.address, &cited.cite), (&sent.name, &citation.address, &citation.cite));
        }
    }
}
