use chrono::{DateTime, Utc};
use money::Fen;
use terms::Category;

use super::*;
use crate::domain::{Authority, Grant, Office};

const STATES: [ApplicationState; 7] = [
    ApplicationState::Applied,
    ApplicationState::Proposed,
    ApplicationState::Approved,
    ApplicationState::Rejected,
    ApplicationState::Paid,
    ApplicationState::Appealed,
    ApplicationState::Withdrawn,
];
const VERBS: [Verb; 8] =
    [Verb::Attach, Verb::Propose, Verb::Approve, Verb::Reject, Verb::SendBack, Verb::Pay, Verb::Appeal, Verb::Withdraw];

/// In order of `VERBS`: the first letter of the state a verb leads to where nothing was decided before, `B` for back to that; a dot
/// where it is refused. (`P` paid, `O` proposed, `V` approved, `X` rejected, `A` applied, `L` appealed, `W` withdrawn)
const TABLE: [(&str, ApplicationState); 7] = [
    ("A O . . . . . W", ApplicationState::Applied),
    ("O . V X A . . W", ApplicationState::Proposed),
    ("V . . . . P L .", ApplicationState::Approved),
    (". . . . . . L .", ApplicationState::Rejected),
    (". . . . . . L .", ApplicationState::Paid),
    ("L O . . . . . W", ApplicationState::Appealed),
    (". . . . . . . .", ApplicationState::Withdrawn),
];

fn letter(state: ApplicationState) -> &'static str {
    match state {
        ApplicationState::Applied => "A",
        ApplicationState::Proposed => "O",
        ApplicationState::Approved => "V",
        ApplicationState::Rejected => "X",
        ApplicationState::Paid => "P",
        ApplicationState::Appealed => "L",
        ApplicationState::Withdrawn => "W",
    }
}

#[test]
fn every_verb_in_every_state_leads_where_the_table_says_or_nowhere() {
    for (row, state) in TABLE {
        let found: Vec<&str> = VERBS.iter().map(|verb| leads_to(state, None, *verb).map_or(".", letter)).collect();
        assert_eq!(found.join(" "), row, "{state:?}");
    }
    assert_eq!(TABLE.map(|(_, state)| state), STATES);
}

#[test]
fn a_withdrawn_appeal_leaves_what_was_decided_before() {
    use ApplicationState::{Appealed, Applied, Approved, Paid, Proposed, Rejected};
    for decided in [Approved, Rejected, Paid] {
        for state in [Applied, Proposed, Appealed] {
            assert_eq!(leads_to(state, Some(decided), Verb::Withdraw), Some(decided), "{state:?} after {decided:?}");
        }
    }
    for state in STATES {
        let others = VERBS.iter().filter(|verb| **verb != Verb::Withdraw);
        for verb in others {
            assert_eq!(leads_to(state, Some(Approved), *verb), leads_to(state, None, *verb), "{state:?} {verb:?}");
        }
    }
}

#[test]
fn what_a_state_allows_is_said_by_its_calls() {
    assert_eq!(allowed(ApplicationState::Proposed), "AttachEvidence, ConfirmDecision, WithdrawApplication");
    assert_eq!(allowed(ApplicationState::Paid), "Appeal");
    assert_eq!(allowed(ApplicationState::Withdrawn), "nothing");
}

fn name(text: &str) -> Name {
    Name::new(text).unwrap()
}

fn moment() -> DateTime<Utc> {
    "2022-10-10T04:00:00Z".parse().unwrap()
}

fn step(number: u32, act: Act, operator: &str) -> ApplicationStep {
    let (operator, remark, state) = (operator.to_owned(), String::new(), ApplicationState::Applied);
    ApplicationStep { number, act, operator, remark, state, done_at: moment() }
}

#[test]
fn who_proposed_and_who_confirmed_has_decided_and_who_was_sent_back_has_not() {
    let steps = [
        step(1, Act::Applied, "window"),
        step(2, Act::Proposed, "a"),
        step(3, Act::SentBack, "b"),
        step(4, Act::Proposed, "c"),
        step(5, Act::Attached, "window"),
        step(6, Act::Confirmed, "d"),
        step(7, Act::Appealed, "window"),
        step(8, Act::Proposed, "e"),
    ];
    let decided = ["a", "b", "c", "d", "e", "window"].map(|officer| has_decided(&steps, officer));
    assert_eq!(decided, [false, false, true, true, false, false]);
    assert!(has_proposed(&steps, "e") && !has_proposed(&steps, "c") && !has_proposed(&steps[..1], "window"));
    assert!(has_decided(&steps, " C") && has_proposed(&steps, "E "), "however the account is written");
}

fn grant(id: &str, version: u32, from: &str, to: Option<&str>) -> Grant {
    let division = "990100".parse().unwrap();
    let terms = Terms {
        category: Category::IllnessPoor,
        treated_as: None,
        from: from.parse().unwrap(),
        to: to.map(|day| day.parse().unwrap()),
        authority: Authority { office: Office::MedicalSecurity, division, name: String::new() },
        evidence: Vec::new(),
    };
    Grant {
        id: id.to_owned(),
        version,
        person: "P".to_owned(),
        terms,
        taken_back: false,
        claw_back: false,
        operator: "officer".to_owned(),
        reason: String::new(),
        recorded_at: moment(),
        import: String::new(),
        application: None,
        list_division: None,
    }
}

/// Claim, place of the Change, whether late, day, whether with the category, cash in fen.
fn revision(claim: &str, sequence: u64, is_late: bool, day: &str, has: bool, cash: i64) -> Revision {
    let categories = if has { vec![Category::IllnessPoor] } else { Vec::new() };
    let day = day.parse().unwrap();
    Revision { claim: name(claim), is_reversed: false, is_late, day, categories, cash: Fen::new(cash), sequence }
}

fn found(revisions: &[Revision], awarding: &[Awarding<'_>]) -> Vec<(String, i64)> {
    awards(revisions, awarding).into_iter().map(|(id, amount)| (id.to_string(), amount.get())).collect()
}

#[test]
fn what_a_category_brought_is_what_the_change_that_gave_it_made_cheaper() {
    let given = grant("G1", 1, "2022-01-01", None);
    let awarding = [Awarding { application: name("A1"), since: 2, grants: vec![&given] }];
    let settled =
        [revision("C1", 1, false, "2022-03-01", false, 1_000), revision("C2", 2, false, "2022-05-01", false, 2_000)];
    assert_eq!(found(&settled, &awarding), []);
    // both bills gain it: 300 and 500; a third one of the same Change has to pay 50 more
    let third = revision("C3", 2, false, "2022-06-01", true, 700);
    let given_all = [
        revision("C1", 3, true, "2022-03-01", true, 700),
        revision("C2", 3, true, "2022-05-01", true, 1_500),
        revision("C3", 3, true, "2022-06-01", true, 750),
    ];
    let all = [&settled[..], std::slice::from_ref(&third), &given_all[..]].concat();
    assert_eq!(found(&all, &awarding), [("A1".to_owned(), 750)]);
    // what the limit freed later for one of them counts, what a reversal of another bill changed does not
    let more = [
        &all[..],
        &[revision("C1", 4, true, "2022-03-01", true, 600), revision("C2", 5, false, "2022-05-01", true, 1_400)],
    ]
    .concat();
    assert_eq!(found(&more, &awarding), [("A1".to_owned(), 850)]);
    // and a bill that is reversed brings nothing
    let gone = Revision { is_reversed: true, ..revision("C2", 6, false, "2022-05-01", true, 0) };
    assert_eq!(found(&[&more[..], &[gone]].concat(), &awarding), [("A1".to_owned(), 350)]);
}

#[test]
fn what_another_grant_gave_or_what_was_there_before_is_not_the_applications() {
    let given = grant("G1", 1, "2022-06-01", None);
    let awarding = [Awarding { application: name("A1"), since: 2, grants: vec![&given] }];
    // an officer granted the same category for earlier days; a bill was settled with it at once; one had it before the approval
    let revisions = [
        revision("C1", 1, false, "2022-03-01", false, 1_000),
        revision("C2", 1, false, "2022-07-01", false, 1_000),
        revision("C2", 2, true, "2022-07-01", true, 600),
        revision("C1", 3, true, "2022-03-01", true, 600),
        revision("C3", 4, false, "2022-08-01", true, 900),
    ];
    assert_eq!(found(&revisions, &awarding), []);
}

#[test]
fn of_two_applications_the_first_has_what_both_would_give() {
    let (one, two) = (grant("G1", 1, "2022-01-01", Some("2022-06-30")), grant("G2", 1, "2022-01-01", None));
    let awarding = [
        Awarding { application: name("A1"), since: 1, grants: vec![&one] },
        Awarding { application: name("A2"), since: 1, grants: vec![&two] },
    ];
    let revisions = [
        revision("C1", 1, false, "2022-03-01", false, 1_000),
        revision("C1", 2, true, "2022-03-01", true, 400),
        revision("C2", 2, false, "2022-08-01", false, 500),
        revision("C2", 3, true, "2022-08-01", true, 100),
    ];
    assert_eq!(found(&revisions, &awarding), [("A1".to_owned(), 600), ("A2".to_owned(), 400)]);
}
