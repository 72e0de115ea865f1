use proptest::prelude::*;

use super::*;

const SCHEMES: [Scheme; 2] = [Scheme::Resident, Scheme::Employee];
const CARES: [Care; 2] = [Care::Inpatient, Care::Outpatient];

fn amounts(total: i64, fund: i64) -> Amounts {
    Amounts { total: Fen::new(total), fund: Fen::new(fund), account: Fen::ZERO, cash: Fen::new(total - fund) }
}

fn ours(bill: &str, is_reversed: bool, total: i64) -> OurClaim {
    OurClaim {
        claim_id: format!("c-{bill}"),
        bill_id: bill.to_owned(),
        scheme: Scheme::Resident,
        care: Care::Inpatient,
        is_reversed,
        amounts: amounts(total, total / 2),
    }
}

fn theirs(bill: &str, is_reversed: bool, total: i64) -> TheirClaim {
    let OurClaim { claim_id, bill_id, scheme, care, is_reversed, amounts } = ours(bill, is_reversed, total);
    TheirClaim { claim_id, bill_id, scheme, care, is_reversed, amounts }
}

fn totals_of(scheme: Scheme, claims: u64, total: i64) -> Totals {
    Totals { scheme, care: Care::Inpatient, claims, claims_reversed: 0, amounts: amounts(total, 0) }
}

#[test]
fn a_group_that_is_left_out_is_zero() {
    let groups = totals(
        &[totals_of(Scheme::Employee, 2, 300), totals_of(Scheme::Resident, 0, 0)],
        &[totals_of(Scheme::Employee, 2, 301)],
    );
    let said: Vec<(Scheme, bool)> = groups.iter().map(|group| (group.scheme, group.is_equal())).collect();
    assert_eq!(said, [(Scheme::Resident, true), (Scheme::Employee, false)]);
    assert!(groups[0].ours.is_none() && groups[1].ours.is_some());
}

#[test]
fn a_group_with_the_same_amounts_and_another_number_of_reversals_differs() {
    let one = totals_of(Scheme::Employee, 2, 300);
    let [group] = totals(&[one], &[Totals { claims_reversed: 1, ..one }])[..] else {
        panic!("there is one group");
    };
    assert!(!group.is_equal());
}

#[test]
fn each_difference_is_of_its_kind_in_order_of_bill() {
    let moved = OurClaim { care: Care::Outpatient, ..ours("g", false, 1) };
    let here = [
        ours("a", false, 100),
        ours("b", false, 100),
        ours("c", false, 100),
        ours("d", true, 100),
        ours("e", false, 100),
        moved,
        ours("h", true, 100),
        ours("i", true, 100),
    ];
    let there = [
        theirs("i", true, 70), // in no total on either side
        theirs("g", false, 2),
        theirs("f", false, 100),
        theirs("d", false, 90),
        theirs("c", true, 90),
        theirs("b", false, 90),
        theirs("a", false, 100),
    ];
    let found = details(&there, &here);
    let said: Vec<(&str, Kind)> = found.iter().map(|difference| (difference.bill_id(), difference.kind)).collect();
    let expected = [
        ("b", Kind::Amount),
        ("c", Kind::ReversedThere),
        ("d", Kind::ReversedHere),
        ("e", Kind::MissingThere),
        ("f", Kind::MissingHere),
        ("g", Kind::Group),
        ("h", Kind::MissingThere),
    ];
    assert_eq!(said, expected);
    let advice: BTreeSet<&str> = found.iter().map(Difference::advice_zh).collect();
    assert_eq!(advice.len(), expected.len(), "a claim that is missing reversed needs other words");
}

#[test]
fn a_bill_the_institution_renamed_is_found_by_our_id() {
    let here = [ours("a", false, 100)];
    let there = [TheirClaim { bill_id: "a2".to_owned(), ..theirs("a", false, 100) }];
    assert_eq!(details(&there, &here), []);
    let nameless = [TheirClaim { claim_id: String::new(), ..there[0].clone() }];
    assert_eq!(details(&nameless, &here).len(), 2);
}

#[test]
fn of_two_claims_of_a_bill_the_one_in_the_same_state_is_the_pair() {
    let first = OurClaim { claim_id: "first".to_owned(), ..ours("a", true, 100) };
    let here = [first, ours("a", false, 100)];
    let there = [TheirClaim { claim_id: String::new(), ..theirs("a", false, 100) }];
    let found = details(&there, &here);
    assert_eq!(found.len(), 1);
    assert_eq!((found[0].kind, found[0].ours), (Kind::MissingThere, Some(&here[0])));
}

/// One bill: a group, whether it is reversed, and an amount, on either side or on both.
fn side() -> impl Strategy<Value = (usize, usize, bool, i64)> {
    (0..2_usize, 0..2_usize, any::<bool>(), 0..3_i64)
}

type Books = (Vec<TheirClaim>, Vec<OurClaim>);

fn books() -> impl Strategy<Value = Books> {
    let pair = (proptest::option::of(side()), proptest::option::of(side()), any::<bool>());
    proptest::collection::vec(pair, 0..12).prop_map(|pairs| {
        let mut books = Books::default();
        for (at, (there, here, knows_id)) in pairs.into_iter().enumerate() {
            let bill_id = format!("b{:02}", (at * 7) % 12);
            let claim_id = format!("c{at}");
            if let Some((scheme, care, is_reversed, total)) = there {
                let claim_id = if knows_id { claim_id.clone() } else { String::new() };
                let (scheme, care, amounts) = (SCHEMES[scheme], CARES[care], amounts(total, 0));
                books.0.push(TheirClaim { claim_id, bill_id: bill_id.clone(), scheme, care, is_reversed, amounts });
            }
            if let Some((scheme, care, is_reversed, total)) = here {
                let (scheme, care, amounts) = (SCHEMES[scheme], CARES[care], amounts(total, 0));
                books.1.push(OurClaim { claim_id, bill_id, scheme, care, is_reversed, amounts });
            }
        }
        books
    })
}

fn summed(claims: impl Iterator<Item = (Scheme, Care, bool, Amounts)>) -> Vec<Totals> {
    let mut groups: BTreeMap<(Scheme, Care), Totals> = BTreeMap::new();
    for (scheme, care, is_reversed, paid) in claims {
        let none = Totals { scheme, care, claims: 0, claims_reversed: 0, amounts: Amounts::default() };
        let group = groups.entry((scheme, care)).or_insert(none);
        if is_reversed {
            group.claims_reversed += 1;
        } else {
            group.claims += 1;
            group.amounts.total += paid.total;
            group.amounts.cash += paid.cash;
        }
    }
    groups.into_values().collect()
}

fn agree(theirs: &TheirClaim, ours: &OurClaim) -> bool {
    (theirs.scheme, theirs.care, theirs.is_reversed) == (ours.scheme, ours.care, ours.is_reversed)
        && (ours.is_reversed || theirs.amounts == ours.amounts)
}

proptest! {
    /// Every claim is in exactly one difference, or agrees with its pair; which kind it is follows from the pair alone.
    #[test]
    fn the_kinds_are_complete_and_disjoint((there, here) in books()) {
        let found = details(&there, &here);
        for claim in &there {
            let mine: Vec<_> = found.iter().filter(|difference| difference.theirs == Some(claim)).collect();
            let pair = here.iter().find(|ours| ours.bill_id == claim.bill_id);
            let agrees = pair.is_some_and(|ours| agree(claim, ours));
            prop_assert_eq!(mine.len(), usize::from(!agrees));
            prop_assert!(mine.iter().all(|difference| difference.ours == pair));
        }
        for claim in &here {
            let mine: Vec<_> = found.iter().filter(|difference| difference.ours == Some(claim)).collect();
            let pair = there.iter().find(|theirs| theirs.bill_id == claim.bill_id);
            let agrees = pair.is_some_and(|theirs| agree(theirs, claim));
            prop_assert_eq!(mine.len(), usize::from(!agrees));
        }
        prop_assert!(found.is_sorted_by_key(Difference::bill_id));
        for difference in &found {
            let expected = match (difference.theirs, difference.ours) {
                (None, _) => Kind::MissingThere,
                (_, None) => Kind::MissingHere,
                (Some(theirs), Some(ours)) if theirs.is_reversed && !ours.is_reversed => Kind::ReversedThere,
                (Some(theirs), Some(ours)) if ours.is_reversed && !theirs.is_reversed => Kind::ReversedHere,
                (Some(theirs), Some(ours)) if (theirs.scheme, theirs.care) != (ours.scheme, ours.care) => Kind::Group,
                _ => Kind::Amount,
            };
            prop_assert_eq!(difference.kind, expected);
        }
    }

    /// Whatever makes totals differ shows among the claims.
    #[test]
    fn totals_differ_only_where_claims_do((there, here) in books()) {
        let theirs = summed(there.iter().map(|claim| (claim.scheme, claim.care, claim.is_reversed, claim.amounts)));
        let ours = summed(here.iter().map(|claim| (claim.scheme, claim.care, claim.is_reversed, claim.amounts)));
        let are_equal = totals(&theirs, &ours).iter().all(Comparison::is_equal);
        prop_assert!(are_equal || !details(&there, &here).is_empty());
    }
}
