//! The desk is held to the ledger's model of reservations: random commands, and both stand alike after each.

use ledger::{Account, Command, Reservations, Standing as Stand};
use policy::Version;
use proptest::prelude::*;
use terms::{Care, Category, Scheme};
use wire::change::{Cause, ThirdSystem};

use super::super::hold::{Ask, Under};
use super::*;

const CAP: i64 = 1_000;

#[derive(Clone, Copy, Debug)]
enum Step {
    Reserve(u8, i64),
    Post(u8, i64),
    Void(u8),
    Change(i64),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        3 => (0..6_u8, 1..700_i64).prop_map(|(id, amount)| Step::Reserve(id, amount)),
        2 => (0..6_u8, 0..700_i64).prop_map(|(id, amount)| Step::Post(id, amount)),
        1 => (0..6_u8).prop_map(Step::Void),
        2 => (-300..300_i64).prop_map(Step::Change),
    ];
    prop::collection::vec(step, 1..60)
}

fn name(text: &str) -> Name {
    Name::new(text).unwrap()
}

fn hold(id: u8) -> Name {
    name(&format!("H{id}"))
}

fn version() -> Version {
    "0".repeat(64).parse().unwrap()
}

fn day() -> NaiveDate {
    "2022-10-10".parse().unwrap()
}

fn moment() -> DateTime<Utc> {
    "2022-10-10T04:00:00Z".parse().unwrap()
}

fn claim(id: &str, revision: u32, share: i64) -> ClaimStand {
    let held = PayerAmount { payer: name("assistance"), amount: Fen::new(share) };
    ClaimStand {
        claim: name(id),
        division: "990100".parse().unwrap(),
        revision,
        cause: Cause::Settled,
        reversed: false,
        institution: name("I"),
        bill: String::new(),
        stay: String::new(),
        rules_date: day(),
        settled_date: day(),
        care: Care::Inpatient,
        scheme: Scheme::Resident,
        category: Category::Destitute,
        categories: Vec::new(),
        categories_handed_in: false,
        third_system: ThirdSystem::Whole,
        total: Fen::new(share),
        within_scope: Fen::new(share),
        fund: Fen::new(share),
        cash: Fen::ZERO,
        payers: Vec::new(),
        held: if share > 0 { vec![held] } else { Vec::new() },
        short: Vec::new(),
    }
}

/// The desk and the model side by side.
struct Both {
    desk: Desk,
    model: Reservations,
    limit: Account,
    /// What the claim stands at that is changed without a hold, and how often it was.
    changed: (i64, u32),
    made: u32,
}

impl Both {
    fn new() -> Self {
        let limit = Account::Limit { name: name("P:2022") };
        let mut model = Reservations::new();
        model.set_limit(limit, Fen::new(CAP)).unwrap();
        Self { desk: Desk::new(name("P"), 0), model, limit, changed: (0, 0), made: 0 }
    }

    fn keep(&mut self, used: Option<Name>, released: Vec<Name>, claims: Vec<ClaimStand>) -> bool {
        self.made += 1;
        let year = YearStand {
            year: 2022,
            division: "990100".parse().unwrap(),
            version: version(),
            scheme: Scheme::Resident,
            rules_date: day(),
            categories: Vec::new(),
            burden: None,
            claims,
            opening: Vec::new(),
        };
        let change = Change {
            id: name(&format!("C{}", self.made)),
            person: name("P"),
            sequence: self.desk.sequence + 1,
            hold: used,
            released,
            years: vec![year],
            committed_at: moment(),
        };
        let id = || name("E");
        let kept = self.desk.keep(&change, "hash", Circumstances { day: day(), now: moment(), id: &id });
        assert!(matches!(kept, Kept::Now | Kept::Refused(_)), "{kept:?}");
        kept == Kept::Now
    }

    fn step(&mut self, step: Step) {
        let standing = |model: &Reservations, id| model.reservation(&hold(id)).map(|one| (one.standing, one.amount));
        match step {
            Step::Reserve(id, net) => {
                let (own, is_over) = match standing(&self.model, id) {
                    Some((Stand::Pending, own)) => (own, false),
                    Some(_) => (Fen::ZERO, true),
                    None => (Fen::ZERO, self.desk.holds.contains_key(&hold(id))),
                };
                let left = self.model.limit(&self.limit).unwrap().left();
                let wanted = own.max(Fen::new(net).min(left + own));
                let under = Under { division: "990100".parse().unwrap(), version: version(), scheme: Scheme::Resident };
                let ask = Ask { year: 2022, payer: name("assistance"), net: Fen::new(net), cap: Some(Fen::new(CAP)) };
                let (now, owner) = (moment(), "test".to_owned());
                let asked = Reserving { id: hold(id), under, owner, asks: vec![ask], now, expires_at: now };
                match self.desk.reserve(&asked).unwrap() {
                    Reserved::Held(granted, _) => {
                        assert!(!is_over);
                        assert_eq!(granted[0].granted, wanted);
                    }
                    _ => return assert!(is_over),
                }
                let (id, limit, amount, expires) = (hold(id), self.limit, wanted, moment());
                let known = self.model.reservation(&id).is_some();
                let command = if known {
                    Command::Raise { id, amount, expires }
                } else {
                    Command::Reserve { id, limit, amount, expires }
                };
                self.model.obey(&command).unwrap();
            }
            Step::Post(id, amount) => {
                let may = matches!(standing(&self.model, id), Some((Stand::Pending, held)) if Fen::new(amount) <= held);
                let claims = vec![claim(&format!("K{}", self.made), 0, amount)];
                assert_eq!(self.keep(Some(hold(id)), Vec::new(), claims), may);
                if may {
                    self.model.obey(&Command::Post { id: hold(id), amount: Fen::new(amount) }).unwrap();
                }
            }
            Step::Void(id) => {
                let may = !matches!(standing(&self.model, id), Some((Stand::Posted(_), _)));
                assert_eq!(self.keep(None, vec![hold(id)], Vec::new()), may);
                if may {
                    self.model.obey(&Command::Void { id: hold(id) }).unwrap();
                }
            }
            Step::Change(amount) => {
                let (share, revision) = self.changed;
                if amount == 0 || share + amount < 0 || !self.desk.limits.values().any(|limit| limit.is_set) {
                    return;
                }
                let may = amount <= self.model.limit(&self.limit).unwrap().left().get();
                assert_eq!(self.keep(None, Vec::new(), vec![claim("X", revision, share + amount)]), may);
                if may {
                    self.changed = (share + amount, revision + 1);
                    let (id, limit, amount) = (name(&format!("X{}", self.made)), self.limit, Fen::new(amount));
                    self.model.obey(&Command::Change { id, limit, amount }).unwrap();
                }
            }
        }
    }
}

proptest! {
    #[test]
    fn a_limit_on_a_desk_stands_as_in_the_ledgers_model(steps in steps()) {
        let mut both = Both::new();
        for step in steps {
            both.step(step);
            let model = both.model.limit(&both.limit).unwrap();
            let desk = both.desk.limits.get(&(2022, name("assistance"))).copied().unwrap_or_default();
            prop_assert_eq!((desk.pending, desk.posted), (model.pending, model.posted), "{:?}", step);
            prop_assert!(both.model.broken().is_none());
        }
    }
}
