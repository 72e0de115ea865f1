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
        followed_by: None,
    }
}

fn theirs(bill: &str, is_reversed: bool, total: i64) -> TheirClaim {
    let OurClaim { claim_id, bill_id, scheme, care, is_reversed, amounts, .. } = ours(bill, is_reversed, total);
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
    let advice: BTreeSet<String> = found.iter().map(Difference::advice_zh).collect();
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

/// A bill settled, reversed and settled again: the claims of either side as `id` and whether it is reversed, the differences found.
struct Again {
    what: &'static str,
    theirs: &'static [(&'static str, bool)],
    ours: &'static [(&'static str, bool)],
    found: &'static [(Kind, Option<&'static str>)],
}

const UNDONE: bool = true;
const STANDS: bool = false;

const AGAIN: &[Again] = &[
    Again { what: "settled", theirs: &[("c1", STANDS)], ours: &[("c1", STANDS)], found: &[] },
    Again { what: "settled, its id never got", theirs: &[("", STANDS)], ours: &[("c1", STANDS)], found: &[] },
    Again { what: "reversed", theirs: &[("c1", UNDONE)], ours: &[("c1", UNDONE)], found: &[] },
    Again {
        what: "settled again, known as it last stands",
        theirs: &[("c2", STANDS)],
        ours: &[("c1", UNDONE), ("c2", STANDS)],
        found: &[],
    },
    Again {
        what: "settled again, known without an id",
        theirs: &[("", STANDS)],
        ours: &[("c1", UNDONE), ("c2", STANDS)],
        found: &[],
    },
    Again {
        what: "settled again, the whole history",
        theirs: &[("c1", UNDONE), ("c2", STANDS)],
        ours: &[("c1", UNDONE), ("c2", STANDS)],
        found: &[],
    },
    Again {
        what: "settled again, known by the claim that was reversed",
        theirs: &[("c1", STANDS)],
        ours: &[("c1", UNDONE), ("c2", STANDS)],
        found: &[(Kind::Claim, Some("c2"))],
    },
    Again {
        what: "settled again, the reversal alone is known",
        theirs: &[("c1", UNDONE)],
        ours: &[("c1", UNDONE), ("c2", STANDS)],
        found: &[(Kind::MissingThere, Some("c2"))],
    },
    Again {
        what: "settled again, and reversed again there alone",
        theirs: &[("c2", UNDONE)],
        ours: &[("c1", UNDONE), ("c2", STANDS)],
        found: &[(Kind::ReversedThere, Some("c2"))],
    },
    Again {
        what: "settled again, both stand there",
        theirs: &[("c1", STANDS), ("c2", STANDS)],
        ours: &[("c1", UNDONE), ("c2", STANDS)],
        found: &[(Kind::ReversedHere, Some("c1"))],
    },
    Again {
        what: "reversed twice, known once",
        theirs: &[("c2", UNDONE)],
        ours: &[("c1", UNDONE), ("c2", UNDONE)],
        found: &[],
    },
    Again {
        what: "reversed here alone",
        theirs: &[("c1", STANDS)],
        ours: &[("c1", UNDONE)],
        found: &[(Kind::ReversedHere, Some("c1"))],
    },
    Again {
        what: "settled under an id that is none of ours",
        theirs: &[("x9", STANDS)],
        ours: &[("c1", STANDS)],
        found: &[(Kind::Claim, Some("c1"))],
    },
    Again {
        what: "unknown there, reversed here",
        theirs: &[],
        ours: &[("c1", UNDONE)],
        found: &[(Kind::MissingThere, Some("c1"))],
    },
    Again {
        what: "unknown there, settled again here",
        theirs: &[],
        ours: &[("c1", UNDONE), ("c2", STANDS)],
        found: &[(Kind::MissingThere, Some("c2"))],
    },
];

#[test]
fn a_bill_settled_reversed_and_settled_again_differs_only_in_what_a_clerk_has_to_mend() {
    for Again { what, theirs: there, ours: here, found } in AGAIN {
        let last = here.last().map(|(id, _)| (*id).to_owned());
        let claim = |(id, is_reversed): &(&str, bool)| OurClaim {
            claim_id: (*id).to_owned(),
            followed_by: last.clone().filter(|last| last != id && here.last().is_some_and(|(_, undone)| !undone)),
            ..ours("a", *is_reversed, 100)
        };
        let here: Vec<OurClaim> = here.iter().map(claim).collect();
        let there: Vec<TheirClaim> = there
            .iter()
            .map(|(id, is_reversed)| TheirClaim { claim_id: (*id).to_owned(), ..theirs("a", *is_reversed, 100) })
            .collect();
        let differences = details(&there, &here);
        let said: Vec<(Kind, Option<&str>)> =
            differences.iter().map(|one| (one.kind, one.ours.map(|claim| claim.claim_id.as_str()))).collect();
        assert_eq!(said, *found, "{what}");
        // the other order of either side says the same
        let (mut here, mut there) = (here.clone(), there.clone());
        there.reverse();
        assert_eq!(details(&there, &here).len(), found.len(), "{what}, theirs turned round");
        here.reverse();
        assert_eq!(details(&there, &here).len(), found.len(), "{what}, both turned round");
    }
}

#[test]
fn advice_names_the_claim_to_go_on_with() {
    let older = [OurClaim { claim_id: "c2".to_owned(), ..ours("a", false, 100) }];
    let there = [TheirClaim { claim_id: "c1".to_owned(), ..theirs("a", false, 90) }];
    let found = details(&there, &older);
    assert_eq!(found[0].kind, Kind::Amount);
    assert!(
        found[0].advice_zh().contains("c1") && found[0].advice_zh().contains("改记为c2"),
        "{}",
        found[0].advice_zh()
    );
    // an interim claim that the stay's settlement took in
    let taken_in = [OurClaim { followed_by: Some("c-end".to_owned()), ..ours("a", true, 100) }];
    let there = [theirs("a", false, 100)];
    let found = details(&there, &taken_in);
    assert!(found[0].kind == Kind::ReversedHere && found[0].advice_zh().contains("c-end"));
    let standing = [ours("a", false, 100)];
    let reversed = [theirs("a", true, 100)];
    assert!(details(&reversed, &standing)[0].advice_zh().contains("c-a"));
    assert!(details(&[], &standing)[0].advice_zh().contains("c-a"));
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
                let followed_by = None;
                books.1.push(OurClaim { claim_id, bill_id, scheme, care, is_reversed, amounts, followed_by });
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
