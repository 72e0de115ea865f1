//! The policies that properties run over, and how random facts about them are drawn.

use std::fs;
use std::sync::LazyLock;

use chrono::{Datelike, Days, NaiveDate};
use money::{Fen, Rate};
use policy::{Accumulators, Bill, Costs, Facts, Line, PackFile, Parts, Person, Policy};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use terms::{
    Care, Category, Division, Epidemic, Filing, Institution, LineClass, LineKind, Name, PersonGroup, Place, Referral,
    Scheme, Word,
};

use crate::support::{compile, root, toml_files};

/// A policy tree, and the combinations of facts under which a bill is settled there.
pub(crate) struct World {
    pub(crate) name: String,
    pub(crate) files: Vec<PackFile>,
    pub(crate) policy: Policy,
    pub(crate) openings: Vec<Opening>,
    /// Disease codes of the tree's groups.
    pub(crate) diseases: Vec<Name>,
    /// Plans that layers or conditions name.
    pub(crate) plans: Vec<Name>,
}

/// Facts under which a plain bill is settled.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Opening {
    pub(crate) division: Division,
    pub(crate) scheme: Scheme,
    pub(crate) care: Care,
    pub(crate) institution: Institution,
    pub(crate) date: NaiveDate,
    /// Whether it takes the four parts, and whether it takes fee lines.
    pub(crate) takes: (bool, bool),
}

/// The packs that ship first, then the tree of each variant.
pub(crate) static WORLDS: LazyLock<Vec<World>> = LazyLock::new(|| {
    let mut worlds = vec![World::new("shipped", Policy::shipped_files())];
    let mut folders: Vec<_> =
        fs::read_dir(root().join("tests/variants")).unwrap().map(|entry| entry.unwrap().path()).collect();
    folders.sort();
    for folder in folders.into_iter().filter(|folder| folder.is_dir()) {
        let name = folder.file_name().unwrap().to_string_lossy().into_owned();
        worlds.push(World::new(&name, toml_files(&folder.join("packs"))));
    }
    worlds
});

pub(crate) fn name(text: &str) -> Name {
    Name::new(text).unwrap()
}

pub(crate) fn date(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

impl World {
    fn new(name: &str, files: Vec<PackFile>) -> Self {
        let policy = compile(&files);
        let mut world = Self {
            name: name.to_owned(),
            diseases: codes(&files),
            plans: plans(&files),
            files,
            policy,
            openings: Vec::new(),
        };
        world.openings = world.find_openings();
        assert!(!world.openings.is_empty(), "no bill is settled in {name}");
        world
    }

    fn find_openings(&self) -> Vec<Opening> {
        let mut openings = Vec::new();
        for division in self.policy.divisions() {
            for &scheme in Scheme::ALL {
                for &care in Care::ALL {
                    for &institution in Institution::ALL {
                        for day in ["2021-06-15", "2022-03-15", "2022-10-10", "2023-05-05"] {
                            let (division, date) = (division.code, date(day));
                            let mut at = Opening { division, scheme, care, institution, date, takes: (false, false) };
                            at.takes = (self.settles(&at, false), self.settles(&at, true));
                            if at.takes.0 || at.takes.1 {
                                openings.push(at);
                            }
                        }
                    }
                }
            }
        }
        openings
    }

    fn settles(&self, at: &Opening, lines: bool) -> bool {
        self.policy.adjudicate_without_steps(&self.plain(at, lines)).settlement().is_some()
    }

    fn plain(&self, at: &Opening, lines: bool) -> Facts {
        let group = *PersonGroup::ALL.iter().find(|group| group.scheme() == at.scheme).unwrap();
        let line = LineDraw { amount: 10_000, class: Some(LineClass::A), ..LineDraw::PLAIN };
        let costs =
            CostsDraw { parts: [0, 0, 0, 10_000], aside: (false, false), lines: vec![line], prefer_lines: lines };
        let (total, costs) = costs.costs((!lines, lines));
        Facts {
            person: Person {
                division: at.division,
                schemes: vec![at.scheme],
                group,
                age: Some(40),
                categories: Vec::new(),
                plans: Vec::new(),
                diseases: self.diseases.clone(),
                use_account: true,
                covered: None,
            },
            bill: Bill {
                id: name("B1"),
                care: at.care,
                institution: at.institution,
                place: Place::Local,
                filing: Filing::AtHome,
                referral: Referral::Followed,
                from: at.date,
                to: at.date,
                settled: at.date,
                disease: self.diseases.first().copied().unwrap_or(Name::EMPTY),
                total,
                costs,
            },
            accumulated: Accumulators::default(),
            held: Vec::new(),
        }
    }
}

/// The texts between quotes that follow `before`.
fn quoted(files: &[PackFile], before: &str) -> Vec<Name> {
    let lines = files.iter().flat_map(|file| file.text.lines()).filter(|line| line.contains(before));
    let mut names: Vec<Name> =
        lines.flat_map(|line| line.split('"').skip(1).step_by(2)).filter_map(|text| Name::new(text).ok()).collect();
    names.sort_unstable();
    names.dedup();
    names
}

fn codes(files: &[PackFile]) -> Vec<Name> {
    let files: Vec<PackFile> = files.iter().filter(|file| file.path.ends_with("diseases.toml")).cloned().collect();
    quoted(&files, "codes = ")
}

fn plans(files: &[PackFile]) -> Vec<Name> {
    quoted(files, "plan = ")
}

/// One random person-year, before it is given a world.
#[derive(Clone, Debug)]
pub(crate) struct YearDraw {
    pub(crate) opening: Index,
    pub(crate) group: Index,
    pub(crate) age: u8,
    pub(crate) categories: Vec<Category>,
    pub(crate) plans: Vec<Index>,
    pub(crate) diseases: Vec<Index>,
    pub(crate) use_account: bool,
    pub(crate) account: i64,
    pub(crate) family_account: i64,
    pub(crate) bills: Vec<BillDraw>,
}

/// One random bill.
#[derive(Clone, Debug)]
pub(crate) struct BillDraw {
    pub(crate) opening: Index,
    pub(crate) astray: Option<(Care, Institution)>,
    pub(crate) place: Place,
    pub(crate) filing: Filing,
    pub(crate) referral: Referral,
    pub(crate) start: u64,
    pub(crate) stay: u64,
    pub(crate) wait: u64,
    pub(crate) disease: Index,
    pub(crate) costs: CostsDraw,
}

/// Parts and lines; which are used depends on what the benefit takes.
#[derive(Clone, Debug)]
pub(crate) struct CostsDraw {
    pub(crate) parts: [i64; 4],
    /// Whether the hospital bears a half of what is over limits, and whether a third of what is within scope is borne apart.
    pub(crate) aside: (bool, bool),
    pub(crate) lines: Vec<LineDraw>,
    pub(crate) prefer_lines: bool,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct LineDraw {
    pub(crate) kind: LineKind,
    pub(crate) class: Option<LineClass>,
    pub(crate) amount: i64,
    pub(crate) quantity: i64,
    pub(crate) unit_price: i64,
    pub(crate) price_limit: Option<i64>,
    pub(crate) first_self_paid: Option<i64>,
    pub(crate) epidemic: bool,
}

impl LineDraw {
    const PLAIN: Self = Self {
        kind: LineKind::Drug,
        class: None,
        amount: 0,
        quantity: Rate::SCALE,
        unit_price: 0,
        price_limit: None,
        first_self_paid: None,
        epidemic: false,
    };

    fn line(&self) -> Line {
        Line {
            item: "item".to_owned(),
            kind: self.kind,
            class: self.class,
            amount: Fen::new(self.amount),
            quantity: Rate::from_millionths(self.quantity),
            unit_price: Fen::new(self.unit_price),
            price_limit: self.price_limit.map(Fen::new),
            first_self_paid: self.first_self_paid.map(Rate::from_millionths),
            epidemic: if self.epidemic { Epidemic::Epidemic } else { Epidemic::Ordinary },
        }
    }
}

/// Amounts of every size up to a million yuan, in fen.
pub(crate) fn amount() -> impl Strategy<Value = i64> {
    prop_oneof![
        2 => Just(0),
        2 => 1..1_000i64,
        3 => 1_000..1_000_000i64,
        5 => 1_000_000..20_000_000i64,
        1 => 20_000_000..100_000_000i64,
    ]
}

fn line() -> impl Strategy<Value = LineDraw> {
    let quantity = prop_oneof![Just(Rate::SCALE), (1..40i64).prop_map(|n| n * Rate::SCALE), 1..5_000_000i64];
    let class = prop_oneof![1 => Just(None), 8 => select(LineClass::ALL).prop_map(Some)];
    let share = prop::option::weighted(0.3, 0..=Rate::SCALE);
    let epidemic = prop::bool::weighted(0.1);
    (select(LineKind::ALL), class, amount(), quantity, amount(), prop::option::weighted(0.3, amount()), share, epidemic)
        .prop_map(|(kind, class, amount, quantity, unit_price, price_limit, first_self_paid, epidemic)| LineDraw {
            kind,
            class,
            amount,
            quantity,
            unit_price,
            price_limit,
            first_self_paid,
            epidemic,
        })
}

fn costs() -> impl Strategy<Value = CostsDraw> {
    let small = || prop_oneof![2 => Just(0), 1 => 0..1_000_000i64];
    let parts = (small(), small(), small(), amount());
    let aside = (any::<bool>(), prop::bool::weighted(0.05));
    (parts, aside, vec(line(), 0..6), any::<bool>()).prop_map(|((a, b, c, d), aside, lines, prefer_lines)| CostsDraw {
        parts: [a, b, c, d],
        aside,
        lines,
        prefer_lines,
    })
}

fn bill() -> impl Strategy<Value = BillDraw> {
    let astray = prop::option::weighted(0.05, (select(Care::ALL), select(Institution::ALL)));
    let place = prop_oneof![6 => Just(Place::Local), 4 => select(Place::ALL)];
    let stays = (0..200u64, 0..12u64, 0..30u64);
    let words = (select(Filing::ALL), prop_oneof![4 => Just(Referral::Followed), 1 => Just(Referral::Skipped)]);
    (any::<Index>(), astray, place, words, stays, any::<Index>(), costs()).prop_map(
        |(opening, astray, place, (filing, referral), (start, stay, wait), disease, costs)| {
            let filing = match (place, filing) {
                (Place::Local, _) => Filing::AtHome,
                (_, Filing::AtHome) => Filing::Unfiled,
                (_, filing) => filing,
            };
            BillDraw { opening, astray, place, filing, referral, start, stay, wait, disease, costs }
        },
    )
}

/// A random person-year with up to `bills` bills.
pub(crate) fn year(bills: usize) -> impl Strategy<Value = YearDraw> {
    let categories = prop_oneof![2 => Just(Vec::new()), 3 => vec(select(Category::ALL), 0..4)];
    let lists = (vec(any::<Index>(), 0..3), vec(any::<Index>(), 0..4));
    let accounts = (prop::bool::weighted(0.8), amount(), amount());
    (any::<Index>(), any::<Index>(), 0..110u8, categories, lists, accounts, vec(bill(), 1..=bills)).prop_map(
        |(opening, group, age, categories, (plans, diseases), (use_account, account, family_account), bills)| {
            YearDraw { opening, group, age, categories, plans, diseases, use_account, account, family_account, bills }
        },
    )
}

/// The shipped packs half of the time, else one of the variants.
pub(crate) fn world() -> impl Strategy<Value = usize> {
    prop_oneof![Just(0), 1..WORLDS.len()]
}

impl YearDraw {
    pub(crate) fn person(&self, world: &World) -> Person {
        let at = self.opening.get(&world.openings);
        let groups: Vec<PersonGroup> =
            PersonGroup::ALL.iter().copied().filter(|group| group.scheme() == at.scheme).collect();
        let some_of = |names: &[Name], which: &[Index]| -> Vec<Name> {
            if names.is_empty() { Vec::new() } else { which.iter().map(|index| *index.get(names)).collect() }
        };
        let mut diseases = some_of(&world.diseases, &self.diseases);
        diseases.extend(world.diseases.first());
        Person {
            division: at.division,
            schemes: vec![at.scheme],
            group: *self.group.get(&groups),
            age: Some(self.age),
            categories: self.categories.clone(),
            plans: some_of(&world.plans, &self.plans),
            diseases,
            use_account: self.use_account,
            covered: None,
        }
    }

    pub(crate) fn start(&self) -> Accumulators {
        Accumulators {
            account: Fen::new(self.account),
            family_account: Fen::new(self.family_account),
            ..Accumulators::default()
        }
    }

    /// The bills, `B1` on, all of the calendar year of the first opening.
    pub(crate) fn bills(&self, world: &World) -> Vec<Bill> {
        let first = self.opening.get(&world.openings);
        let same: Vec<Opening> = world
            .openings
            .iter()
            .copied()
            .filter(|at| {
                at.division == first.division && at.scheme == first.scheme && at.date.year() == first.date.year()
            })
            .collect();
        self.bills.iter().enumerate().map(|(at, draw)| draw.bill(world, &same, at + 1)).collect()
    }
}

impl BillDraw {
    fn bill(&self, world: &World, openings: &[Opening], number: usize) -> Bill {
        let at = self.opening.get(openings);
        let last = NaiveDate::from_ymd_opt(at.date.year(), 12, 31).unwrap();
        let from = (at.date + Days::new(self.start)).min(last);
        let to = (from + Days::new(self.stay)).min(last);
        let (care, institution) = self.astray.unwrap_or((at.care, at.institution));
        let (total, costs) = self.costs.costs(at.takes);
        let mut diseases = world.diseases.clone();
        diseases.push(Name::EMPTY);
        Bill {
            id: name(&format!("B{number}")),
            care,
            institution,
            place: self.place,
            filing: self.filing,
            referral: self.referral,
            from,
            to,
            settled: to + Days::new(self.wait),
            disease: *self.disease.get(&diseases),
            total,
            costs,
        }
    }
}

impl CostsDraw {
    fn costs(&self, takes: (bool, bool)) -> (Fen, Costs) {
        if takes.1 && (self.prefer_lines || !takes.0) {
            let lines: Vec<Line> = self.lines.iter().map(LineDraw::line).collect();
            return (lines.iter().map(|line| line.amount).sum(), Costs::Lines(lines));
        }
        let [outside_catalogue, over_limit, first_self_paid, within_scope] = self.parts.map(Fen::new);
        let some = |is_some: bool, of: Fen, over: i64| if is_some { Fen::new(of.get() / over) } else { Fen::ZERO };
        let (hospital, apart) = (some(self.aside.0, over_limit, 2), some(self.aside.1, within_scope, 3));
        let parts = Parts { outside_catalogue, over_limit, first_self_paid, within_scope, hospital, apart };
        (parts.total(), Costs::Parts(parts))
    }
}
