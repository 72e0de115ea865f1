use std::cell::Cell;
use std::collections::BTreeMap;

use policy::{OfferBand, OfferBase, OfferPeriod};
use proptest::prelude::*;

use super::*;

const PERSON: &str = "P1";

fn name(text: &str) -> Name {
    Name::new(text).unwrap()
}

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn at(second: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(second, 0).unwrap()
}

/// 60 % of what is left within scope above 3,000.00.
fn plan(id: &str, version: u32, from: &str, period: OfferPeriod) -> Plan {
    Plan {
        id: name(id),
        version,
        payer: name("charity_b"),
        zh: "乙慈善会".to_owned(),
        en: String::new(),
        kind: OtherPayerKind::Charity,
        division: "990000".parse().unwrap(),
        from: day(from),
        until: None,
        cares: Vec::new(),
        pays: OfferTerms {
            base: OfferBase::LeftWithinScope,
            period,
            deductible: Fen::new(300_000),
            bands: vec![OfferBand { from: Fen::ZERO, ratio: "0.6".parse().unwrap() }],
            ceiling: None,
            tilts: Vec::new(),
        },
        source: "agreement".to_owned(),
        operator: "officer".to_owned(),
        reason: String::new(),
        recorded_at: at(0),
    }
}

fn bill(claim: &str, number: i64, left: i64) -> OfferBill {
    OfferBill {
        claim: name(claim),
        year: 2022,
        revision: 0,
        is_reversed: false,
        division: "990100".parse().unwrap(),
        scheme: Scheme::Resident,
        rules_date: day("2022-06-01"),
        settled_date: day("2022-06-02"),
        number,
        care: Care::Inpatient,
        categories: Vec::new(),
        left: Fen::new(left),
        cash: Fen::new(left),
        payers: Vec::new(),
        is_waiting: false,
    }
}

fn reversed(bill: OfferBill) -> OfferBill {
    OfferBill { is_reversed: true, left: Fen::ZERO, cash: Fen::ZERO, ..bill }
}

fn member(plan: &str) -> Member {
    Member { plan: name(plan), person: name(PERSON), from: day("2022-01-01"), to: day("2022-12-31") }
}

/// Plans, members, and every offer that was made.
struct World {
    plans: BTreeMap<Name, Vec<Plan>>,
    members: Vec<Member>,
    offers: Vec<Offer>,
    same: Same,
    by_service_date: bool,
    ids: Cell<u32>,
}

impl World {
    fn new(plans: Vec<Plan>) -> Self {
        let members = plans.iter().filter(|plan| plan.version == 1).map(|plan| member(plan.id.as_str())).collect();
        let mut by_id: BTreeMap<Name, Vec<Plan>> = BTreeMap::new();
        plans.into_iter().for_each(|plan| by_id.entry(plan.id).or_default().push(plan));
        let (offers, same) = (Vec::new(), Same::default());
        Self { plans: by_id, members, offers, same, by_service_date: false, ids: Cell::new(0) }
    }

    fn renewing<T>(&self, bills: &[OfferBill], with: impl FnOnce(Renewing<'_>) -> T) -> T {
        let id = || {
            self.ids.set(self.ids.get() + 1);
            name(&format!("O{}", self.ids.get()))
        };
        let by_service_date = bills.iter().filter(|_| self.by_service_date).map(|bill| bill.year).collect();
        with(Renewing {
            person: name(PERSON),
            plans: &self.plans,
            members: &self.members,
            bills,
            offers: &self.offers,
            same: &self.same,
            by_service_date: &by_service_date,
            now: at(1),
            id: &id,
        })
    }

    /// What may be confirmed of an offer at most: of the cash, and of the ceiling.
    fn most(&self, bills: &[OfferBill], id: &str) -> (i64, Option<i64>) {
        let offer = self.offers.iter().find(|offer| offer.id.as_str() == id).unwrap();
        let most = self.renewing(bills, |of| room(of, offer));
        (most.cash.get(), most.ceiling.map(Fen::get))
    }

    /// What was paid beyond what is promised.
    fn overpaid(&self, bills: &[OfferBill]) -> Vec<(String, i64)> {
        self.renewing(bills, overpaid).into_iter().map(|(offer, amount)| (offer.to_string(), amount.get())).collect()
    }

    fn decline(&mut self, id: &str) {
        self.offers.iter_mut().find(|offer| offer.id.as_str() == id).unwrap().state = OfferState::Declined;
    }

    /// Renews, and keeps what becomes of it.
    fn renew(&mut self, bills: &[OfferBill]) -> Renewed {
        let found = self.renewing(bills, renewed);
        for (gone, _, _) in &found.superseded {
            let kept = self.offers.iter_mut().find(|offer| offer.id == gone.id).unwrap();
            *kept = gone.clone();
        }
        self.offers.extend(found.offered.iter().cloned());
        found
    }

    /// What stands promised, by plan and claim.
    fn promised(&self) -> Vec<(String, String, i64)> {
        let standing = self.offers.iter().filter(|offer| offer.state != OfferState::Superseded);
        let mut found: Vec<_> =
            standing.map(|offer| (offer.plan.to_string(), offer.claim.to_string(), offer.promised.get())).collect();
        found.sort();
        found
    }

    fn confirm(&mut self, id: &str, amount: i64, is_paid: bool) {
        let offer = self.offers.iter_mut().find(|offer| offer.id.as_str() == id).unwrap();
        (offer.state, offer.confirmed) = (OfferState::Confirmed, Fen::new(amount));
        if is_paid {
            (offer.state, offer.paid) = (OfferState::Paid, Fen::new(amount));
        }
    }
}

fn one(plan: &str, claim: &str, fen: i64) -> (String, String, i64) {
    (plan.to_owned(), claim.to_owned(), fen)
}

#[test]
fn a_bill_is_offered_once_and_stays_offered_while_nothing_changes() {
    let mut world = World::new(vec![plan("A", 1, "2022-01-01", OfferPeriod::Bill)]);
    world.renew(&[bill("C1", 1, 1_000_000)]);
    assert_eq!(world.promised(), [one("A", "C1", 420_000)]);
    let again = world.renew(&[OfferBill { revision: 1, ..bill("C1", 1, 1_000_000) }]);
    assert_eq!(again, Renewed::default(), "a revision that changes nothing asks nobody again");
    assert!(
        World::new(vec![plan("A", 1, "2022-01-01", OfferPeriod::Bill)])
            .renew(&[bill("C1", 1, 300_000)])
            .offered
            .is_empty()
    );
}

#[test]
fn a_reversal_supersedes_and_what_was_paid_stays() {
    let mut world = World::new(vec![plan("A", 1, "2022-01-01", OfferPeriod::Bill)]);
    world.renew(&[bill("C1", 1, 1_000_000)]);
    world.confirm("O1", 420_000, true);
    let found = world.renew(&[reversed(bill("C1", 1, 1_000_000))]);
    let (gone, was, place) = &found.superseded[0];
    assert_eq!((gone.paid.get(), *was, *place), (420_000, OfferState::Paid, None));
    assert!(world.promised().is_empty());
}

#[test]
fn what_was_paid_counts_towards_what_stands_in_its_place() {
    let mut world = World::new(vec![plan("A", 1, "2022-01-01", OfferPeriod::Bill)]);
    world.renew(&[bill("C1", 1, 1_000_000)]);
    world.confirm("O1", 420_000, true);
    // 60 % of 9,000.00 are 5,400.00, of which 4,200.00 are paid
    world.renew(&[OfferBill { revision: 1, ..bill("C1", 1, 1_200_000) }]);
    assert_eq!(world.promised(), [one("A", "C1", 120_000)]);
    assert_eq!(world.renew(&[OfferBill { revision: 2, ..bill("C1", 1, 1_200_000) }]), Renewed::default());
    // and nothing is due where it paid too much
    world.renew(&[OfferBill { revision: 3, ..bill("C1", 1, 500_000) }]);
    assert!(world.promised().is_empty());
}

#[test]
fn a_year_is_counted_in_the_policys_order_and_recomputed_when_an_earlier_bill_goes() {
    let mut world = World::new(vec![plan("A", 1, "2022-01-01", OfferPeriod::Year)]);
    let (first, second) = (bill("C1", 1, 200_000), bill("C2", 2, 500_000));
    world.renew(&[first.clone(), second.clone()]);
    assert_eq!(world.promised(), [one("A", "C2", 240_000)]);
    world.renew(&[reversed(first.clone()), second.clone()]);
    assert_eq!(world.promised(), [one("A", "C2", 120_000)]);
    // under order of service the bill that came later comes first
    let mut world = World { by_service_date: true, ..World::new(vec![plan("A", 1, "2022-01-01", OfferPeriod::Year)]) };
    world.renew(&[first, OfferBill { rules_date: day("2022-05-01"), ..second }]);
    assert_eq!(world.promised(), [one("A", "C1", 120_000), one("A", "C2", 120_000)]);
}

#[test]
fn a_plan_is_for_its_days_its_care_its_place_and_its_members() {
    let offered = |change: &dyn Fn(&mut Plan, &mut Member, &mut OfferBill)| {
        let mut world = World::new(vec![plan("A", 1, "2022-01-01", OfferPeriod::Bill)]);
        let mut bill = bill("C1", 1, 1_000_000);
        let plan = world.plans.get_mut(&name("A")).unwrap().first_mut().unwrap();
        change(plan, world.members.first_mut().unwrap(), &mut bill);
        world.renew(&[bill]).offered.len()
    };
    assert_eq!(offered(&|_, _, _| ()), 1);
    assert_eq!(offered(&|plan, _, _| plan.from = day("2022-06-01")), 1);
    assert_eq!(offered(&|plan, _, _| plan.from = day("2022-06-02")), 0);
    assert_eq!(offered(&|plan, _, _| plan.until = Some(day("2022-06-02"))), 1);
    assert_eq!(offered(&|plan, _, _| plan.until = Some(day("2022-06-01"))), 0);
    assert_eq!(offered(&|plan, _, _| plan.cares = vec![Care::Outpatient]), 0);
    assert_eq!(offered(&|plan, _, _| plan.division = "990200".parse().unwrap()), 0);
    assert_eq!(offered(&|plan, _, _| plan.division = "990100".parse().unwrap()), 1);
    assert_eq!(offered(&|_, member, _| member.from = day("2022-06-01")), 1);
    assert_eq!(offered(&|_, member, _| member.from = day("2022-06-02")), 0);
    assert_eq!(offered(&|_, member, _| member.to = day("2022-05-31")), 0);
    assert_eq!(offered(&|_, _, bill| bill.payers = vec![name("charity_b")]), 0);
}

#[test]
fn each_bill_falls_under_the_version_of_its_day() {
    let mut second = plan("A", 2, "2022-06-02", OfferPeriod::Bill);
    second.pays.deductible = Fen::ZERO;
    let mut world = World::new(vec![plan("A", 1, "2022-01-01", OfferPeriod::Bill), second]);
    world.renew(&[bill("C1", 1, 1_000_000), OfferBill { rules_date: day("2022-06-02"), ..bill("C2", 2, 1_000_000) }]);
    assert_eq!(world.promised(), [one("A", "C1", 420_000), one("A", "C2", 600_000)]);
    assert_eq!(world.offers.iter().map(|offer| offer.version).collect::<Vec<_>>(), [1, 2]);
}

#[test]
fn what_was_paid_of_an_interim_claim_counts_for_the_stay_and_is_said_where_it_was_too_much() {
    let mut half = plan("A", 1, "2022-01-01", OfferPeriod::Bill);
    (half.pays.base, half.pays.deductible) = (OfferBase::Cash, Fen::ZERO);
    half.pays.bands = vec![OfferBand { from: Fen::ZERO, ratio: "0.5".parse().unwrap() }];
    let mut world = World::new(vec![half]);
    let of = |(number, claim): (i64, &str)| BillOf {
        claim: name(claim),
        year: 2022,
        number,
        institution: name("H"),
        bill: claim.to_owned(),
        stay: "S".to_owned(),
    };
    world.same = Same::of([(1, "C1"), (2, "C2")].map(of).to_vec());
    world.renew(&[bill("C1", 1, 848_000)]);
    world.confirm("O1", 424_000, true);
    // 50 % of 12,480.00 are 6,240.00, of which 4,240.00 were paid
    let gone = reversed(bill("C1", 1, 848_000));
    let found = world.renew(&[gone.clone(), bill("C2", 2, 1_248_000)]);
    assert_eq!(world.promised(), [one("A", "C2", 200_000)]);
    assert_eq!(found.superseded[0].2, Some(name("O2")), "it stands in the place of the interim claim's");
    assert_eq!(world.overpaid(&[gone.clone(), bill("C2", 2, 1_248_000)]), []);
    // of 7,000.00 it is 740.00 too much
    let less = [gone, bill("C2", 2, 700_000)];
    world.renew(&less);
    assert_eq!(world.promised(), []);
    assert_eq!(world.overpaid(&less), [("O1".to_owned(), 74_000)]);
}

#[test]
fn what_two_payers_paid_too_much_is_together_what_the_cash_does_not_take() {
    let of_cash = |id: &str, ratio: &str| {
        let mut plan = plan(id, 1, "2022-01-01", OfferPeriod::Bill);
        (plan.pays.base, plan.pays.deductible) = (OfferBase::Cash, Fen::ZERO);
        plan.pays.bands = vec![OfferBand { from: Fen::ZERO, ratio: ratio.parse().unwrap() }];
        plan
    };
    let mut world = World::new(vec![of_cash("A", "0.5"), of_cash("B", "0.9")]);
    let of = |(number, claim): (i64, &str)| BillOf {
        claim: name(claim),
        year: 2022,
        number,
        institution: name("H"),
        bill: claim.to_owned(),
        stay: "S".to_owned(),
    };
    world.same = Same::of([(1, "C1"), (2, "C2")].map(of).to_vec());
    world.renew(&[bill("C1", 1, 848_000)]);
    world.confirm("O1", 424_000, true);
    world.confirm("O2", 300_000, true);
    // of 1,680.00 A would pay 840.00, and B, who would pay 1,512.00, the 840.00 that leaves: 7,240.00 - 1,680.00 = 5,560.00 too much
    let less = [reversed(bill("C1", 1, 848_000)), bill("C2", 2, 168_000)];
    world.renew(&less);
    assert_eq!(world.overpaid(&less), [("O1".to_owned(), 340_000), ("O2".to_owned(), 216_000)]);
}

#[test]
fn a_bill_that_is_billed_again_in_another_year_frees_nothing_of_the_ceiling_it_was_paid_under() {
    let mut capped = plan("A", 1, "2022-01-01", OfferPeriod::Year);
    (capped.pays.base, capped.pays.deductible, capped.pays.ceiling) =
        (OfferBase::Cash, Fen::ZERO, Some(Fen::new(500_000)));
    capped.pays.bands = vec![OfferBand { from: Fen::ZERO, ratio: "0.5".parse().unwrap() }];
    let mut world = World::new(vec![capped]);
    world.members.push(Member { from: day("2023-01-01"), to: day("2023-12-31"), ..member("A") });
    let of = |(number, claim, year): (i64, &str, i32)| BillOf {
        claim: name(claim),
        year,
        number,
        institution: name("H"),
        bill: claim.to_owned(),
        stay: "S".to_owned(),
    };
    world.same = Same::of([(1, "C1", 2022), (2, "C2", 2023)].map(of).to_vec());
    let later = |bill: OfferBill| OfferBill { year: 2023, rules_date: day("2023-06-01"), ..bill };
    world.renew(&[bill("C1", 1, 848_000)]);
    world.confirm("O1", 424_000, true);
    // billed again in 2023 it is due nothing more, and of 2022 there are 760.00 left for another bill, not 4,240.00
    let bills = [reversed(bill("C1", 1, 848_000)), later(bill("C2", 2, 848_000)), bill("C3", 3, 848_000)];
    world.renew(&bills);
    assert_eq!(world.promised(), [one("A", "C3", 76_000)]);
    assert_eq!(world.overpaid(&bills), []);
}

#[test]
fn the_ceiling_of_a_year_counts_what_was_paid_of_bills_that_are_gone() {
    let mut capped = plan("A", 1, "2022-01-01", OfferPeriod::Year);
    (capped.pays.base, capped.pays.deductible, capped.pays.ceiling) =
        (OfferBase::Cash, Fen::ZERO, Some(Fen::new(500_000)));
    capped.pays.bands = vec![OfferBand { from: Fen::ZERO, ratio: "0.5".parse().unwrap() }];
    let mut world = World::new(vec![capped]);
    let (first, second) = (bill("C1", 1, 848_000), bill("C2", 2, 848_000));
    world.renew(&[first.clone(), second.clone()]);
    assert_eq!(world.promised(), [one("A", "C1", 424_000), one("A", "C2", 76_000)]);
    world.confirm("O1", 424_000, true);
    world.confirm("O2", 76_000, true);
    // 4,240.00 are paid of a bill that is gone: nothing more is left
    world.renew(&[reversed(first), second.clone()]);
    assert_eq!(world.promised(), [one("A", "C2", 76_000)]);
    // nor for a third one
    world.renew(&[second, bill("C3", 3, 900_000)]);
    assert_eq!(world.promised(), [one("A", "C2", 76_000)]);
}

#[test]
fn a_declined_promise_leaves_the_ceiling_to_others_and_a_confirmed_one_what_was_not_confirmed() {
    let mut capped = plan("A", 1, "2022-01-01", OfferPeriod::Year);
    (capped.pays.base, capped.pays.deductible, capped.pays.ceiling) =
        (OfferBase::Cash, Fen::ZERO, Some(Fen::new(500_000)));
    capped.pays.bands = vec![OfferBand { from: Fen::ZERO, ratio: "0.5".parse().unwrap() }];
    let bills = [bill("C1", 1, 848_000), bill("C2", 2, 848_000)];
    let mut world = World::new(vec![capped.clone()]);
    world.renew(&bills);
    assert_eq!(
        (world.most(&bills, "O1"), world.most(&bills, "O2")),
        ((848_000, Some(424_000)), (848_000, Some(76_000)))
    );
    world.decline("O1");
    world.renew(&bills);
    assert_eq!(world.promised(), [one("A", "C1", 424_000), one("A", "C2", 424_000)], "the first is declined");
    // confirmed with 100.00 of 4,240.00: 4,900.00 are left, and 4,240.00 promised
    let mut world = World::new(vec![capped]);
    world.renew(&bills);
    world.confirm("O1", 10_000, false);
    world.renew(&bills);
    assert_eq!(world.promised(), [one("A", "C1", 424_000), one("A", "C2", 424_000)]);
    assert_eq!(world.most(&bills, "O3"), (848_000, Some(490_000)));
    // once these are confirmed the first is not asked again, although 760.00 would be promised of it now
    world.confirm("O3", 424_000, false);
    assert_eq!(world.renew(&bills), Renewed::default());
}

#[test]
fn where_less_cash_is_left_than_was_confirmed_it_is_confirmed_anew() {
    let both = vec![plan("A", 1, "2022-01-01", OfferPeriod::Bill), plan("B", 1, "2022-01-01", OfferPeriod::Bill)];
    let mut world = World::new(both);
    let whole = bill("C1", 1, 1_000_000);
    world.renew(std::slice::from_ref(&whole));
    world.confirm("O1", 420_000, true);
    world.confirm("O2", 420_000, false);
    assert_eq!(world.most(std::slice::from_ref(&whole), "O2").0, 580_000, "what O1 leaves");
    assert_eq!(world.renew(&[OfferBill { cash: Fen::new(840_000), ..whole.clone() }]), Renewed::default());
    let less = [OfferBill { cash: Fen::new(839_999), ..whole }];
    let found = world.renew(&less);
    assert_eq!(found.superseded.len(), 1, "what is paid is paid");
    assert_eq!(world.promised(), [one("A", "C1", 420_000), one("B", "C1", 419_999)]);
    assert_eq!(world.most(&less, "O3"), (419_999, None));
}

/// What happens to a year: a bill comes to stand otherwise, or an offer is confirmed and perhaps paid.
#[derive(Clone, Debug)]
enum Step {
    Stands { claim: u8, left: i64, cash: i64, is_reversed: bool },
    Confirms { offer: usize, amount: i64, is_paid: bool },
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let stands = (0..4_u8, 0..1_500_000_i64, 0..1_500_000_i64, prop::bool::weighted(0.2));
    let stands = stands.prop_map(|(claim, left, cash, is_reversed)| Step::Stands { claim, left, cash, is_reversed });
    let confirms = (0..8_usize, 1..1_000_000_i64, any::<bool>());
    let confirms = confirms.prop_map(|(offer, amount, is_paid)| Step::Confirms { offer, amount, is_paid });
    prop::collection::vec(prop_oneof![stands, confirms], 1..24)
}

proptest! {
    /// However a year came to stand as it does: what is open is what its plan promises from scratch less what it paid and what others
    /// took of the cash, an answer takes no more than that, nobody's confirmation takes more than the cash, a year's ceiling is never
    /// passed by what is promised, and nothing more is offered when it is looked at again.
    #[test]
    fn what_stands_is_what_would_be_offered_from_scratch_less_what_was_paid_and_taken(steps in steps()) {
        let mut capped = plan("C", 1, "2022-01-01", OfferPeriod::Year);
        capped.pays.ceiling = Some(Fen::new(500_000));
        let plans = || vec![
            plan("A", 1, "2022-01-01", OfferPeriod::Bill), plan("B", 1, "2022-01-01", OfferPeriod::Year), capped.clone(),
        ];
        let mut world = World::new(plans());
        // the last two are of one stay
        let of = |(number, claim): (i64, &str)| BillOf {
            claim: name(claim), year: 2022, number, institution: name("H"), bill: claim.to_owned(),
            stay: if number > 1 { "S".to_owned() } else { String::new() },
        };
        world.same = Same::of([(0, "C0"), (1, "C1"), (2, "C2"), (3, "C3")].map(of).to_vec());
        let mut bills: BTreeMap<u8, OfferBill> = BTreeMap::new();
        for step in steps {
            let now: Vec<OfferBill> = bills.values().cloned().collect();
            match step {
                Step::Stands { claim, left, cash, is_reversed } => {
                    // only the last of a stay stands
                    let claim = if claim == 2 && bills.contains_key(&3) { 3 } else { claim };
                    let stand = bill(&format!("C{claim}"), i64::from(claim), left);
                    let stand = OfferBill { cash: Fen::new(cash), ..stand };
                    bills.insert(claim, if is_reversed { reversed(stand) } else { stand });
                    if claim == 3 && let Some(interim) = bills.get_mut(&2) {
                        *interim = reversed(interim.clone());
                    }
                }
                Step::Confirms { offer, amount, is_paid } => {
                    let open: Vec<&Offer> =
                        world.offers.iter().filter(|offer| offer.state == OfferState::Offered).collect();
                    let Some(found) = open.get(offer % open.len().max(1)).copied() else { continue };
                    let id = found.id;
                    let (cash, ceiling) = world.most(&now, id.as_str());
                    prop_assert!(found.promised.get() <= ceiling.unwrap_or(cash).min(cash), "what is promised can be confirmed");
                    let amount = amount.min(cash).min(ceiling.unwrap_or(cash));
                    if amount > 0 {
                        world.confirm(id.as_str(), amount, is_paid);
                    } else {
                        world.decline(id.as_str());
                    }
                }
            }
            let now: Vec<OfferBill> = bills.values().cloned().collect();
            world.renew(&now);
            prop_assert_eq!(world.renew(&now), Renewed::default());
            let mut scratch = World::new(plans());
            scratch.renew(&now);
            let dead = |offer: &&Offer| offer.state == OfferState::Superseded;
            for bill in now.iter().filter(|bill| !bill.is_reversed) {
                let same = |offer: &&Offer| world.same.first(offer.claim) == world.same.first(bill.claim);
                for plan in ["A", "B"] {
                    let of = |offer: &&Offer| (offer.plan.as_str(), offer.claim) == (plan, bill.claim);
                    let whole: Fen = scratch.offers.iter().filter(of).map(|offer| offer.promised).sum();
                    let its = |offer: &&Offer| offer.plan.as_str() == plan;
                    let paid: Fen = world.offers.iter().filter(same).filter(its).filter(dead).map(|offer| offer.paid).sum();
                    let others = world.offers.iter().filter(same).filter(|offer| !its(offer));
                    let others: Fen = others.map(Offer::takes).sum();
                    let due = whole.min(bill.cash.above(others)).above(paid);
                    let stands = world.offers.iter().filter(of).find(|offer| !dead(offer));
                    match stands.map(|offer| (offer.state, offer)) {
                        None => prop_assert_eq!(due, Fen::ZERO),
                        Some((OfferState::Offered, offer)) => prop_assert_eq!(offer.promised, due),
                        Some((OfferState::Paid, offer)) => prop_assert!(due <= offer.promised),
                        Some((_, offer)) => prop_assert!(
                            offer.promised == due || (offer.confirmed <= due && due < offer.promised)
                        ),
                    }
                }
                let taken: Fen = world.offers.iter().filter(same).map(Offer::takes).sum();
                let paid: Fen = world.offers.iter().filter(same).map(|offer| offer.paid).sum();
                prop_assert!(taken <= bill.cash.max(paid), "{taken} of {}", bill.cash);
            }
            let of_capped = || world.offers.iter().filter(|offer| offer.plan.as_str() == "C");
            let paid: Fen = of_capped().map(|offer| offer.paid).sum();
            let open = of_capped().filter(|offer| offer.state == OfferState::Offered);
            let promised: Fen = open.map(|offer| offer.promised).sum();
            let taken: Fen = of_capped().map(Offer::takes).sum();
            prop_assert!(taken + promised <= Fen::new(500_000).max(paid), "{taken} and {promised}");
        }
    }
}
