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
    by_service_date: bool,
    ids: Cell<u32>,
}

impl World {
    fn new(plans: Vec<Plan>) -> Self {
        let members = plans.iter().filter(|plan| plan.version == 1).map(|plan| member(plan.id.as_str())).collect();
        let mut by_id: BTreeMap<Name, Vec<Plan>> = BTreeMap::new();
        plans.into_iter().for_each(|plan| by_id.entry(plan.id).or_default().push(plan));
        Self { plans: by_id, members, offers: Vec::new(), by_service_date: false, ids: Cell::new(0) }
    }

    /// Renews, and keeps what becomes of it.
    fn renew(&mut self, bills: &[OfferBill]) -> Renewed {
        let id = || {
            self.ids.set(self.ids.get() + 1);
            name(&format!("O{}", self.ids.get()))
        };
        let found = renewed(Renewing {
            person: name(PERSON),
            year: 2022,
            plans: &self.plans,
            members: &self.members,
            bills,
            offers: &self.offers,
            by_service_date: self.by_service_date,
            now: at(1),
            id: &id,
        });
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
fn where_less_cash_is_left_than_was_confirmed_it_is_confirmed_anew() {
    let both = vec![plan("A", 1, "2022-01-01", OfferPeriod::Bill), plan("B", 1, "2022-01-01", OfferPeriod::Bill)];
    let mut world = World::new(both);
    let whole = bill("C1", 1, 1_000_000);
    world.renew(std::slice::from_ref(&whole));
    world.confirm("O1", 420_000, true);
    world.confirm("O2", 420_000, false);
    assert_eq!(room(Fen::new(1_000_000), world.offers.iter()), Fen::new(160_000));
    assert_eq!(world.renew(&[OfferBill { cash: Fen::new(840_000), ..whole.clone() }]), Renewed::default());
    let found = world.renew(&[OfferBill { cash: Fen::new(839_999), ..whole }]);
    assert_eq!(found.superseded.len(), 1, "what is paid is paid");
    assert_eq!(world.promised(), [one("A", "C1", 420_000), one("B", "C1", 420_000)]);
    assert_eq!(room(Fen::new(839_999), world.offers.iter()), Fen::new(419_999));
}

/// What happens to a year: a bill comes to stand otherwise, or an offer is confirmed and perhaps paid.
#[derive(Clone, Debug)]
enum Step {
    Stands { claim: u8, left: i64, cash: i64, is_reversed: bool },
    Confirms { offer: usize, amount: i64, is_paid: bool },
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let stands = (0..3_u8, 0..1_500_000_i64, 0..1_500_000_i64, prop::bool::weighted(0.2));
    let stands = stands.prop_map(|(claim, left, cash, is_reversed)| Step::Stands { claim, left, cash, is_reversed });
    let confirms = (0..8_usize, 1..1_000_000_i64, any::<bool>());
    let confirms = confirms.prop_map(|(offer, amount, is_paid)| Step::Confirms { offer, amount, is_paid });
    prop::collection::vec(prop_oneof![stands, confirms], 1..24)
}

proptest! {
    /// However a year came to stand as it does, what is promised and was paid of each bill is what plans promise of it from scratch,
    /// nobody's confirmation takes more than the cash, and nothing more is offered when it is looked at again.
    #[test]
    fn what_stands_is_what_would_be_offered_from_scratch_less_what_was_paid(steps in steps()) {
        let plans = || vec![plan("A", 1, "2022-01-01", OfferPeriod::Bill), plan("B", 1, "2022-01-01", OfferPeriod::Year)];
        let mut world = World::new(plans());
        let mut bills: BTreeMap<u8, OfferBill> = BTreeMap::new();
        for step in steps {
            match step {
                Step::Stands { claim, left, cash, is_reversed } => {
                    let stand = bill(&format!("C{claim}"), i64::from(claim), left);
                    let stand = OfferBill { cash: Fen::new(cash), ..stand };
                    bills.insert(claim, if is_reversed { reversed(stand) } else { stand });
                }
                Step::Confirms { offer, amount, is_paid } => {
                    let open: Vec<&Offer> =
                        world.offers.iter().filter(|offer| offer.state == OfferState::Offered).collect();
                    let Some(found) = open.get(offer % open.len().max(1)).copied() else { continue };
                    let cash = bills.values().find(|bill| bill.claim == found.claim).map_or(Fen::ZERO, |bill| bill.cash);
                    let of_claim = world.offers.iter().filter(|offer| offer.claim == found.claim);
                    let amount = amount.min(room(cash, of_claim).get());
                    let id = found.id;
                    if amount > 0 {
                        world.confirm(id.as_str(), amount, is_paid);
                    }
                }
            }
            let now: Vec<OfferBill> = bills.values().cloned().collect();
            world.renew(&now);
            prop_assert_eq!(world.renew(&now), Renewed::default());
            let mut scratch = World::new(plans());
            scratch.renew(&now);
            for bill in &now {
                for plan in ["A", "B"] {
                    let of = |offer: &&Offer| (offer.plan.as_str(), offer.claim) == (plan, bill.claim);
                    let stands = |offer: &&Offer| offer.state != OfferState::Superseded;
                    let sum = |world: &World| -> Fen {
                        world.offers.iter().filter(of).filter(stands).map(|offer| offer.promised).sum()
                    };
                    let paid: Fen =
                        world.offers.iter().filter(of).filter(|offer| !stands(offer)).map(|offer| offer.paid).sum();
                    prop_assert_eq!(sum(&world), sum(&scratch).above(paid));
                }
                let of_claim = || world.offers.iter().filter(|offer| offer.claim == bill.claim);
                let paid: Fen = of_claim().map(|offer| offer.paid).sum();
                let taken: Fen = of_claim().map(Offer::takes).sum();
                prop_assert!(taken <= bill.cash.max(paid), "{taken} of {}", bill.cash);
            }
        }
    }
}
