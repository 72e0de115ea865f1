//! Comparing two sides' days: every difference is found, and what is sent grows with the differences, not with the bills.

use std::collections::BTreeSet;

use chrono::Days;
use crossing::compare::{Asks, Class, Comparison, Day, Difference, Next, Says, Totals, Unfit};
use crossing::ranges::{Prefix, Tree, depth};
use crossing::{BillId, Item, ItemId, ItemKind};
use money::Fen;
use proptest::prelude::*;
use sha2::{Digest as _, Sha256};

use crate::support::day;

fn item(number: u32) -> Item {
    let mut id = [0; 16];
    id.copy_from_slice(&Sha256::digest(number.to_be_bytes())[..16]);
    let bill = BillId(id);
    let owed = i64::from(number % 100_000);
    Item {
        id: Item::id_of(bill, ItemKind::Settled, 0),
        bill,
        kind: ItemKind::Settled,
        day: day(1),
        owed: Fen::new(owed),
        cash: Fen::new(100),
        total: Fen::new(owed + 100),
        receipt: [7; 32],
    }
}

fn items(count: u32) -> Vec<Item> {
    (0..count).map(item).collect()
}

/// What a comparison sent both ways, and found.
#[derive(Debug, Default)]
struct Ran {
    found: Vec<Difference>,
    messages: usize,
    hashes: usize,
    items: usize,
}

impl Ran {
    /// Roughly what went over the wire: a hash, a prefix, an item as a message of named fields.
    fn bytes(&self) -> usize {
        self.messages * 400 + self.hashes * 34 + self.items * 150
    }
}

fn run(here: &Day, there: &Day) -> Ran {
    let (ours, theirs) = (here.totals(), there.totals());
    let tree = there.tree(depth(ours.count.max(theirs.count)));
    let (mut comparison, mut next) = Comparison::begin(here, &theirs);
    let mut ran = Ran { messages: 2, ..Ran::default() };
    loop {
        match next {
            Next::Done(found) => return Ran { found, ..ran },
            Next::Ask(asks) => {
                let says = there.answer(&tree, &asks).unwrap();
                ran.messages += 2;
                match &says {
                    Says::Ranges(hashes) => ran.hashes += 16 * hashes.len(),
                    Says::Items(items) => ran.items += items.len(),
                }
                next = comparison.next(&says).unwrap();
            }
        }
    }
}

#[test]
fn equal_days_take_two_messages() {
    for count in [0, 1, 33, 5_000] {
        let day = Day::of(items(count));
        let ran = run(&day, &day.clone());
        assert_eq!((ran.found, ran.messages, ran.hashes + ran.items), (vec![], 2, 0), "{count} items");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn every_difference_is_found_and_what_is_sent_grows_with_them_alone(
        count in 0_u32..6_000,
        only_here in prop::collection::btree_set(0_u32..6_000, 0..6),
        only_there in prop::collection::btree_set(6_000_u32..12_000, 0..6),
        other in prop::collection::btree_set(0_u32..6_000, 0..6),
    ) {
        let here = items(count);
        let kept = here.iter().enumerate().filter(|(number, _)| !only_here.contains(&u32::try_from(*number).unwrap()));
        let mut there: Vec<Item> = kept.map(|(_, item)| *item).collect();
        let others: BTreeSet<ItemId> = other.iter().map(|number| item(*number).id).collect();
        for item in there.iter_mut().filter(|item| others.contains(&item.id)) {
            item.cash += Fen::new(1);
        }
        there.extend(only_there.iter().map(|number| item(*number)));
        let (here, there) = (Day::of(here), Day::of(there));
        let mut expected: BTreeSet<ItemId> = only_there.iter().map(|number| item(*number).id).collect();
        expected.extend((0..count).filter(|n| only_here.contains(n) || other.contains(n)).map(|n| item(n).id));
        let ran = run(&here, &there);
        let id = |found: &Difference| found.here.or(found.there).unwrap().id;
        prop_assert_eq!(ran.found.iter().map(id).collect::<BTreeSet<_>>(), expected.clone());
        prop_assert_eq!(ran.found.len(), expected.len());
        let deep = usize::from(depth(u64::from(count) + 6));
        prop_assert!(ran.messages <= 2 + 2 * (deep + 1), "{:?}", ran.messages);
        prop_assert!(ran.hashes <= 16 * deep * expected.len(), "{} hashes", ran.hashes);
        prop_assert!(ran.items <= 80 * expected.len(), "{} items", ran.items);
    }
}

#[test]
fn ten_differences_of_a_hundred_thousand_bills_are_found_with_little_sent() {
    let here = items(100_000);
    let mut there = here.clone();
    for number in 0..5 {
        there[number * 20_000].owed += Fen::new(1);
        there.remove(number * 19_000 + 77);
    }
    let (here, there) = (Day::of(here), Day::of(there));
    let ran = run(&here, &there);
    println!("{} messages, {} hashes, {} items: about {} bytes", ran.messages, ran.hashes, ran.items, ran.bytes());
    assert_eq!(ran.found.len(), 10);
    assert!(ran.bytes() < 200_000, "{} bytes", ran.bytes());
    assert_eq!(ran.messages, 10, "totals, three levels, items: there and back");
}

#[test]
fn a_tree_is_as_deep_as_its_ranges_need_and_its_root_says_all() {
    let depths = [(0, 0), (32, 0), (33, 0), (48, 1), (528, 1), (544, 2), (8_447, 2), (8_448, 3), (100_000, 3)];
    for (count, levels) in depths {
        assert!(depth(count).abs_diff(levels) <= 1, "{count}: {}", depth(count));
    }
    assert_eq!([depth(32), depth(100_000), depth(u64::MAX)], [0, 3, 6]);
    for depth in 0..4 {
        let mut sorted: Vec<(ItemId, [u8; 32])> = items(500).iter().map(|item| (item.id, item.digest())).collect();
        sorted.sort_unstable();
        let tree = Tree::of(sorted.iter().copied(), depth);
        assert_eq!((tree.depth(), tree.node(Prefix::ALL).unwrap().0), (depth, 500));
        let mut below = vec![Prefix::ALL];
        for _ in 0..depth {
            below = below.into_iter().flat_map(Prefix::children).collect();
        }
        let counts: Vec<usize> =
            below.iter().map(|prefix| usize::try_from(tree.node(*prefix).unwrap().0).unwrap()).collect();
        let counted = |prefix: &Prefix| sorted.iter().filter(|item| Prefix::of_item(&item.0, depth) == *prefix).count();
        assert_eq!(counts, below.iter().map(counted).collect::<Vec<_>>(), "depth {depth}");
        for changed in [0, 250, 499] {
            let mut other = sorted.clone();
            other[changed].1[31] ^= 1;
            assert_ne!(Tree::of(other.into_iter(), depth).root(), tree.root(), "depth {depth}");
        }
    }
    assert_eq!(Prefix::of(&[1, 2]), Prefix::of(&[1]).and_then(|one| one.children().nth(2)));
    assert_eq!([Prefix::of(&[16]), Prefix::of(&[0; 7])], [None, None]);
}

#[test]
fn every_field_of_an_item_is_in_its_digest_and_ids_of_a_bill_differ() {
    let one = item(1);
    let others = [
        Item { id: [1; 16], ..one },
        Item { bill: BillId([1; 16]), ..one },
        Item { kind: ItemKind::Reversed, ..one },
        Item { day: one.day + Days::new(1), ..one },
        Item { owed: one.owed + Fen::new(1), ..one },
        Item { cash: one.cash + Fen::new(1), ..one },
        Item { total: one.total + Fen::new(1), ..one },
        Item { receipt: [1; 32], ..one },
    ];
    let digests: BTreeSet<[u8; 32]> = others.iter().chain([&one]).map(Item::digest).collect();
    assert_eq!(digests.len(), 9);
    let kinds = [
        ItemKind::Settled,
        ItemKind::Reversed,
        ItemKind::Deducted,
        ItemKind::DeductionReturned,
        ItemKind::AccountTransfer,
    ];
    let ids = kinds.iter().flat_map(|kind| (0..3).map(|number| Item::id_of(one.bill, *kind, number)));
    assert_eq!(ids.collect::<BTreeSet<_>>().len(), 15);
}

#[test]
fn an_answer_to_something_else_or_against_its_own_totals_is_refused() {
    let here = Day::of(items(600));
    let there = Day::of(items(601));
    let tree = there.tree(depth(601));
    let (mut comparison, next) = Comparison::begin(&here, &there.totals());
    let Next::Ask(asks @ Asks::Ranges { .. }) = next else { panic!("{next:?}") };
    assert_eq!(comparison.clone().next(&Says::Items(vec![])), Err(Unfit::NotAsked));
    assert_eq!(comparison.clone().next(&Says::Ranges(vec![])), Err(Unfit::NotAsked));
    // it said that something differs, and now that nothing does
    let same = here.answer(&here.tree(depth(601)), &asks).unwrap();
    assert_eq!(comparison.clone().next(&same), Err(Unfit::Contradiction));
    let mut says = there.answer(&tree, &asks).unwrap();
    loop {
        match comparison.next(&says).unwrap() {
            Next::Ask(asks @ Asks::Ranges { .. }) => says = there.answer(&tree, &asks).unwrap(),
            Next::Ask(Asks::Items { depth, of }) => {
                let strange = (0..).map(item).find(|item| !of.contains(&Prefix::of_item(&item.id, depth))).unwrap();
                assert_eq!(comparison.clone().next(&Says::Items(vec![strange])), Err(Unfit::NotAsked));
                let own = here.answer(&here.tree(depth), &Asks::Items { depth, of }).unwrap();
                assert_eq!(comparison.next(&own), Err(Unfit::Contradiction));
                break;
            }
            Next::Done(found) => panic!("{found:?} before items were asked for"),
        }
    }
    assert_eq!(there.answer(&there.tree(0), &asks), None, "a tree of another depth");
}

#[test]
fn totals_alone_are_not_enough_to_be_equal() {
    let (one, two) = (item(1), item(2));
    let swapped = [Item { owed: two.owed, ..one }, Item { owed: one.owed, ..two }];
    let (here, there) = (Day::of([one, two]), Day::of(swapped));
    let sums = |totals: Totals| (totals.count, totals.owed, totals.cash);
    assert_eq!(sums(here.totals()), sums(there.totals()));
    assert_eq!(run(&here, &there).found.len(), 2);
}

#[test]
fn a_difference_is_put_right_by_itself_only_where_something_signed_explains_it() {
    let one = item(1);
    let class = |here, there, open: bool, receipt: bool| Difference { here, there }.class(|_| open, |_| receipt);
    let some = Some(one);
    let amount = Some(Item { owed: Fen::new(-1), ..one });
    let other = Some(Item { receipt: [1; 32], ..one });
    for (here, there, open, receipt, expected, automatic) in [
        (some, None, true, false, Class::OnlyHereOpen, true),
        (some, None, true, true, Class::OnlyHereOpen, true),
        (some, None, false, true, Class::OnlyHere, true),
        (some, None, false, false, Class::Unexplained, false),
        (None, some, true, false, Class::OnlyThereOpen, true),
        (None, some, false, true, Class::OnlyThere, true),
        (None, some, false, false, Class::Unexplained, false),
        (some, amount, true, true, Class::Amount, false),
        (some, other, true, true, Class::OtherReceipt, false),
    ] {
        let found = class(here, there, open, receipt);
        assert_eq!((found, found.is_automatic()), (expected, automatic));
    }
}
