//! What a commit of settlement did to a person, there and back.

use chrono::{DateTime, NaiveDate, Utc};
use money::Fen;
use pb::settlement::v1 as settlement_pb;
use policy::PayerKind;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use prost::Message;
use terms::{Care, Category, Division, Name, Scheme, Word};
use wire::change::{Cause, Change, ClaimStand, PayerAmount, PayerShare, StandingYear, ThirdSystem, YearStand};
use wire::{read, write};

use crate::support::reading;

const CAUSES: [Cause; 10] = [
    Cause::Settled,
    Cause::EarlierReversed,
    Cause::EarlierRefunded,
    Cause::EarlierAdded,
    Cause::Refunded,
    Cause::StayEnded,
    Cause::PersonChanged,
    Cause::ThirdFollowed,
    Cause::LimitFreed,
    Cause::StartCorrected,
];

const THIRDS: [ThirdSystem; 4] =
    [ThirdSystem::NotConcerned, ThirdSystem::Whole, ThirdSystem::Follows, ThirdSystem::Short];

const KINDS: [PayerKind; 6] = [
    PayerKind::Fund,
    PayerKind::Hospital,
    PayerKind::Other,
    PayerKind::Account,
    PayerKind::FamilyAccount,
    PayerKind::Nobody,
];

fn name(text: &str) -> Name {
    Name::new(text).unwrap()
}

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn amount(payer: &str, fen: i64) -> PayerAmount {
    PayerAmount { payer: name(payer), amount: Fen::new(fen) }
}

/// A stay of a destitute person, settled by all three systems, whose assistance was cut by 300 fen.
fn stand() -> ClaimStand {
    let share = |payer: &str, fen: i64| PayerShare {
        payer: name(payer),
        kind: PayerKind::Fund,
        amount: Fen::new(fen),
        within_scope: Fen::new(fen),
    };
    ClaimStand {
        claim: name("c1"),
        division: "990100".parse().unwrap(),
        revision: 2,
        cause: Cause::PersonChanged,
        reversed: false,
        institution: name("H37000000001"),
        bill: "B-2022/7".to_owned(),
        stay: "S7".to_owned(),
        rules_date: day("2022-10-10"),
        settled_date: day("2022-10-12"),
        care: Care::Inpatient,
        scheme: Scheme::Resident,
        category: Category::Destitute,
        categories: vec![Category::Destitute, Category::Monitored],
        categories_handed_in: true,
        third_system: ThirdSystem::Short,
        total: Fen::new(10_000),
        within_scope: Fen::new(9_000),
        fund: Fen::new(8_500),
        cash: Fen::new(1_500),
        payers: vec![share("assistance", 700), share("pooled_fund", 7_800)],
        held: vec![amount("assistance", 700)],
        short: vec![amount("assistance", 300)],
    }
}

fn year(claims: Vec<ClaimStand>) -> YearStand {
    YearStand {
        year: 2022,
        division: "990100".parse().unwrap(),
        version: "5a".repeat(32).parse().unwrap(),
        scheme: Scheme::Resident,
        rules_date: day("2022-10-10"),
        categories: vec![Category::Destitute],
        burden: Some(Fen::new(1_200)),
        claims,
        opening: vec![amount("assistance", 5), amount("tilt", 7)],
    }
}

fn change() -> Change {
    Change {
        id: name("change-1"),
        person: name("p1"),
        sequence: 7,
        hold: Some(name("abc-0")),
        released: vec![name("abc-1"), name("abd-0")],
        years: vec![year(vec![stand()])],
        committed_at: DateTime::<Utc>::from_timestamp(1_665_500_000, 123_456_000).unwrap(),
    }
}

fn paths(change: &settlement_pb::Change) -> Vec<String> {
    reading(|v| read::change(v, change)).expect_err("the change holds a mistake")
}

/// The paths after the one claim of the one year was changed.
fn claim_paths(edit: impl FnOnce(&mut settlement_pb::ClaimStand)) -> Vec<String> {
    let mut sent = write::change(&change());
    edit(&mut sent.years[0].claims[0]);
    paths(&sent)
}

#[test]
fn a_change_says_what_stands_and_in_which_fields() {
    let sent = write::change(&change());
    assert_eq!((sent.change_id.as_str(), sent.person_id.as_str(), sent.sequence), ("change-1", "p1", 7));
    assert_eq!(
        (sent.hold_id.as_str(), sent.released_holds.as_slice()),
        ("abc-0", ["abc-1", "abd-0"].map(str::to_owned).as_slice())
    );
    let year = &sent.years[0];
    assert_eq!((year.year, year.division.as_str(), year.burden_fen), (2022, "990100", Some(1_200)));
    let claim = &year.claims[0];
    assert_eq!(claim.cause, i32::from(settlement_pb::RevisionCause::PersonChanged));
    assert_eq!(claim.third_system, i32::from(settlement_pb::ThirdSystem::Short));
    assert_eq!(
        (claim.total_fen, claim.within_scope_fen, claim.fund_fen, claim.cash_fen),
        (10_000, 9_000, 8_500, 1_500)
    );
    let amount = |payer: &str, amount_fen| settlement_pb::PayerAmount { payer: payer.to_owned(), amount_fen };
    assert_eq!((&claim.held, &claim.short), (&vec![amount("assistance", 700)], &vec![amount("assistance", 300)]));
    assert_eq!(year.opening, [amount("assistance", 5), amount("tilt", 7)]);
    assert_eq!(reading(|v| read::change(v, &sent)), Ok(change()));
}

#[test]
fn a_change_without_a_hold_a_year_or_a_burden_comes_back_so() {
    let mut bare = Change { hold: None, years: vec![], released: vec![name("abc-1")], ..change() };
    assert_eq!(reading(|v| read::change(v, &write::change(&bare))), Ok(bare.clone()));
    bare.years = vec![YearStand { burden: None, opening: vec![], ..year(vec![]) }];
    assert_eq!(reading(|v| read::change(v, &write::change(&bare))), Ok(bare));
}

#[test]
fn every_cause_state_and_kind_goes_there_and_back() {
    for (at, cause) in CAUSES.into_iter().enumerate() {
        let third_system = THIRDS[at % THIRDS.len()];
        let kind = KINDS[at % KINDS.len()];
        let mut one = ClaimStand { cause, third_system, ..stand() };
        one.payers[0].kind = kind;
        assert_eq!(reading(|v| read::claim_stand(v, &write::claim_stand(&one))), Ok(one));
    }
}

#[test]
fn an_empty_change_names_all_that_is_missing() {
    assert_eq!(paths(&settlement_pb::Change::default()), ["change_id", "person_id", "sequence", "committed_at"]);
    let claims = vec![settlement_pb::ClaimStand::default()];
    let year = settlement_pb::YearStand { year: 1, claims, ..Default::default() };
    let expected =
        ["year", "division", "policy_version", "scheme", "rules_date"].map(|field| format!("years[0].{field}"));
    let of_claim = [
        "claim_id",
        "division",
        "cause",
        "institution_id",
        "rules_date",
        "settled_date",
        "care",
        "scheme",
        "category",
        "third_system",
    ];
    let of_claim = of_claim.map(|field| format!("years[0].claims[0].{field}"));
    let sent = settlement_pb::Change { years: vec![year], ..write::change(&change()) };
    assert_eq!(paths(&sent), [expected.as_slice(), of_claim.as_slice()].concat());
    let standing = settlement_pb::StandingYear::default();
    assert_eq!(reading(|v| read::standing_year(v, &standing)), Err(vec!["person_id".to_owned(), "year".to_owned()]));
}

#[test]
fn payers_come_in_order_of_name_each_once_with_something_to_pay() {
    let at = |field: &str| vec![format!("years[0].claims[0].{field}")];
    assert_eq!(claim_paths(|claim| claim.payers.reverse()), at("payers[1].payer"));
    assert_eq!(claim_paths(|claim| claim.held.push(claim.held[0].clone())), at("held[1].payer"));
    assert_eq!(claim_paths(|claim| claim.held[0].amount_fen = 0), at("held[0].amount_fen"));
    assert_eq!(claim_paths(|claim| claim.short[0].amount_fen = -1), at("short[0].amount_fen"));
    assert_eq!(claim_paths(|claim| claim.payers[0].kind = 0), at("payers[0].kind"));
    assert_eq!(claim_paths(|claim| claim.payers[0].within_scope_fen = -1), at("payers[0].within_scope_fen"));
}

#[test]
fn nothing_is_paid_of_a_claim_that_is_reversed() {
    assert_eq!(claim_paths(|claim| claim.reversed = true), ["years[0].claims[0].reversed"]);
    let nothing = |claim: &mut settlement_pb::ClaimStand| {
        (claim.reversed, claim.fund_fen, claim.cash_fen) = (true, 0, 0);
        (claim.payers, claim.held, claim.short) = (vec![], vec![], vec![]);
    };
    let mut sent = write::claim_stand(&stand());
    nothing(&mut sent);
    assert!(reading(|v| read::claim_stand(v, &sent)).is_ok_and(|read| read.reversed && read.held.is_empty()));
    sent.cash_fen = 1;
    assert_eq!(reading(|v| read::claim_stand(v, &sent)), Err(vec!["reversed".to_owned()]));
}

#[test]
fn a_claim_a_year_and_a_hold_stand_once_in_a_change() {
    let mut sent = write::change(&change());
    let again = sent.years[0].claims[0].clone();
    sent.years[0].claims.push(again);
    assert_eq!(paths(&sent), ["years[0].claims[1].claim_id"]);
    sent = write::change(&change());
    sent.years.push(write::year_stand(&year(vec![])));
    assert_eq!(paths(&sent), ["years[1].year"]);
    sent = write::change(&change());
    sent.released_holds[1] = "abc-0".to_owned();
    assert_eq!(paths(&sent), ["released_holds[1]"]);
}

fn id() -> impl Strategy<Value = Name> {
    "[!-~]{1,47}".prop_map(|text| name(&text))
}

fn fen() -> impl Strategy<Value = Fen> {
    prop_oneof![0..100_000_i64, Just(Fen::LIMIT.get())].prop_map(Fen::new)
}

fn date() -> impl Strategy<Value = NaiveDate> {
    (1900..2200_i32, 1..366_u32).prop_map(|(year, ordinal)| NaiveDate::from_yo_opt(year, ordinal).unwrap())
}

fn word<W: Word + std::fmt::Debug + 'static>() -> impl Strategy<Value = W> {
    proptest::sample::select(W::ALL)
}

fn amounts() -> impl Strategy<Value = Vec<PayerAmount>> {
    proptest::collection::btree_map("[a-z_]{1,47}", 1..=Fen::LIMIT.get(), 0..4)
        .prop_map(|all| all.iter().map(|(payer, fen)| amount(payer, *fen)).collect())
}

prop_compose! {
    fn shares()(amounts in amounts(), kinds in vec(proptest::sample::select(&KINDS[..]), 4), within_scope in fen()) -> Vec<PayerShare> {
        let share = |(one, kind): (&PayerAmount, &PayerKind)| {
            PayerShare { payer: one.payer, kind: *kind, amount: one.amount, within_scope }
        };
        amounts.iter().zip(&kinds).map(share).collect()
    }
}

prop_compose! {
    fn random_claim()(
        (revision, categories_handed_in) in any::<(u32, bool)>(),
        (claim, institution) in (id(), id()),
        (bill, stay) in ("[A-Z0-9-]{0,12}", "[A-Z0-9-]{0,12}"),
        division in proptest::sample::select(vec!["990100".parse::<Division>().unwrap(), "990200".parse().unwrap()]),
        (rules_date, settled_date) in (date(), date()),
        (care, scheme, category) in (word::<Care>(), word::<Scheme>(), word::<Category>()),
        categories in vec(word::<Category>(), 0..4),
        (cause, third_system) in (proptest::sample::select(&CAUSES[..]), proptest::sample::select(&THIRDS[..])),
        (total, within_scope, fund, cash) in (fen(), fen(), fen(), fen()),
        (payers, held, short) in (shares(), amounts(), amounts()),
    ) -> ClaimStand {
        ClaimStand {
            claim, division, revision, cause, reversed: false, institution, bill, stay, rules_date, settled_date, care, scheme, category,
            categories,
            categories_handed_in, third_system, total, within_scope, fund, cash, payers, held, short,
        }
    }
}

prop_compose! {
    fn random_year()(
        version in proptest::array::uniform32(any::<u8>()),
        (scheme, rules_date) in (word::<Scheme>(), date()),
        categories in vec(word::<Category>(), 0..4),
        burden in option::of(fen()),
        mut claims in vec(random_claim(), 0..4),
        opening in amounts(),
    ) -> YearStand {
        claims.sort_by_key(|claim| claim.claim);
        claims.dedup_by_key(|claim| claim.claim);
        let version: String = version.iter().map(|byte| format!("{byte:02x}")).collect();
        YearStand { scheme, rules_date, categories, burden, opening, version: version.parse().unwrap(), ..year(claims) }
    }
}

prop_compose! {
    fn random_change()(
        (change, person) in (id(), id()),
        sequence in 1..=u64::MAX,
        hold in option::of(id()),
        mut released in vec(id(), 0..3),
        mut years in vec(random_year(), 0..3),
        micros in 0..4_000_000_000_000_000_i64,
    ) -> Change {
        released.retain(|other| Some(*other) != hold);
        for (stand, year) in years.iter_mut().zip(2_020..) {
            stand.year = year;
        }
        Change { id: change, person, sequence, hold, released, years, committed_at: DateTime::from_timestamp_micros(micros).unwrap() }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn a_change_that_was_written_reads_back_the_same(change in random_change()) {
        let bytes = write::change(&change).encode_to_vec();
        let sent = settlement_pb::Change::decode(bytes.as_slice()).expect("it was encoded");
        prop_assert_eq!(reading(|v| read::change(v, &sent)), Ok(change));
    }

    #[test]
    fn a_standing_year_that_was_written_reads_back_the_same(person in id(), sequence in any::<u64>(), year in random_year()) {
        let standing = StandingYear { person, sequence, year };
        let bytes = write::standing_year(&standing).encode_to_vec();
        let sent = settlement_pb::StandingYear::decode(bytes.as_slice()).expect("it was encoded");
        prop_assert_eq!(reading(|v| read::standing_year(v, &sent)), Ok(standing));
    }

    #[test]
    fn a_change_with_random_bytes_changed_is_read_or_refused(
        edits in vec((any::<proptest::sample::Index>(), any::<u8>()), 1..6),
    ) {
        let mut bytes = write::change(&change()).encode_to_vec();
        for (at, byte) in edits {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        if let Ok(sent) = settlement_pb::Change::decode(bytes.as_slice())
            && let Ok(read) = reading(|v| read::change(v, &sent))
        {
            prop_assert_eq!(reading(|v| read::change(v, &write::change(&read))), Ok(read));
        }
    }
}
