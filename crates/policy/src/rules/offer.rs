//! What a plan of another payer offers on a settled bill (SD-12): a charity, a union, a commercial insurer, after the triple system.
//!
//! The plan is data that its payer hands in, not a pack: it decides no claim. The stretch of costs that a bill takes of the bands is
//! summed exactly and rounded once a bill, half up to the fen.

use money::{Fen, Rate, Rounding};
use terms::Category;

use super::bands;
use crate::pack::Band;

/// What a plan pays on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum OfferBase {
    /// What is left within policy scope after the triple system.
    LeftWithinScope,
    /// All the person pays in cash.
    Cash,
}

/// For what deductible, bands and ceiling of a plan are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum OfferPeriod {
    /// For each bill.
    Bill,
    /// For the person's year, over its bills in the policy's order.
    Year,
}

/// A band of a plan: costs above the deductible from here on, up to the next band.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OfferBand {
    /// Where it begins, in fen above the deductible.
    pub from: Fen,
    /// The ratio paid of these costs, at most one.
    pub ratio: Rate,
}

/// What a plan pays more to people of a category.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OfferTilt {
    /// The category.
    pub category: Category,
    /// Added to the ratio of every band.
    pub points: Rate,
}

/// What a plan pays, as data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OfferTerms {
    /// What it pays on.
    pub base: OfferBase,
    /// For what the rest is counted.
    pub period: OfferPeriod,
    /// The deductible, in fen.
    pub deductible: Fen,
    /// The bands above the deductible: in order, the first from zero. Without a band nothing is paid.
    pub bands: Vec<OfferBand>,
    /// The most it pays in a period, in fen; none: no ceiling.
    pub ceiling: Option<Fen>,
    /// More for people in difficulty; of several categories the most favourable counts.
    pub tilts: Vec<OfferTilt>,
}

/// What a plan has counted in a period, in fen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OfferCounts {
    /// What it looked at.
    pub base: Fen,
    /// What counts to its ceiling: what it promised, or where it was answered, what was confirmed or paid.
    pub promised: Fen,
}

/// A settled bill as a plan sees it; amounts in fen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OfferFacts {
    /// What is left within scope after the triple system.
    pub left_within_scope: Fen,
    /// What the person pays in cash.
    pub cash: Fen,
    /// The person's assistance categories on the bill's day.
    pub categories: Vec<Category>,
    /// What has counted in the year beside the bill; a plan that counts each bill does not look at it.
    pub before: OfferCounts,
    /// What the plan itself has paid of the bill, under earlier decisions of it.
    pub paid: Fen,
    /// What others have confirmed or paid of the person's cash.
    pub taken: Fen,
}

/// What a plan offers on a bill, and how it came to it; amounts in fen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Offer {
    /// What the plan looked at.
    pub base: Fen,
    /// Of that, what went into the deductible.
    pub deductible: Fen,
    /// The stretch of the bands that the rest takes: from here …
    pub from: Fen,
    /// … to here.
    pub to: Fen,
    /// The category whose points count; none where no points are added.
    pub category: Category,
    /// The points added to each band's ratio.
    pub points: Rate,
    /// What the bands give, rounded once.
    pub computed: Fen,
    /// What the ceiling leaves of it.
    pub within_ceiling: Fen,
    /// What is promised of the bill in all: no more than others leave of the person's cash.
    pub promised: Fen,
    /// Of that, what the plan has not paid yet.
    pub due: Fen,
    /// What the period has counted after the bill: no less than was paid.
    pub after: OfferCounts,
}

/// What a plan offers on a bill.
#[must_use]
pub fn offer(terms: &OfferTerms, facts: &OfferFacts) -> Offer {
    let before = match terms.period {
        OfferPeriod::Bill => OfferCounts::default(),
        OfferPeriod::Year => facts.before,
    };
    let base = match terms.base {
        OfferBase::LeftWithinScope => facts.left_within_scope,
        OfferBase::Cash => facts.cash,
    };
    let base = base.max(Fen::ZERO);
    let from = before.base.above(terms.deductible);
    let to = (before.base + base).above(terms.deductible);
    let (category, points) = most_favourable(terms, &facts.categories);
    let computed = bands::graduated(&tilted(terms, points), (Rounding::HalfUp, false), from, to);
    let room = terms.ceiling.map_or(computed, |ceiling| ceiling.above(before.promised));
    let within_ceiling = computed.min(room);
    let promised = within_ceiling.min(facts.cash.max(Fen::ZERO).above(facts.taken));
    let due = promised.above(facts.paid);
    let counted = facts.paid + due;
    Offer {
        base,
        deductible: base - (to - from),
        from,
        to,
        category,
        points,
        computed,
        within_ceiling,
        promised,
        due,
        after: OfferCounts { base: before.base + base, promised: before.promised + counted },
    }
}

/// The category with the most points, and these.
fn most_favourable(terms: &OfferTerms, categories: &[Category]) -> (Category, Rate) {
    let mut best = (Category::None, Rate::ZERO);
    for tilt in terms.tilts.iter().filter(|tilt| categories.contains(&tilt.category)) {
        if tilt.points > best.1 {
            best = (tilt.category, tilt.points);
        }
    }
    best
}

/// The bands with the points added, no ratio above one.
fn tilted(terms: &OfferTerms, points: Rate) -> Vec<Band> {
    let ends = terms.bands.iter().skip(1).map(|band| band.from).chain([Fen::UNLIMITED]);
    terms
        .bands
        .iter()
        .zip(ends)
        .map(|(band, to)| Band { to, ratio: (band.ratio + points).clamped(Rate::ONE) })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rate(text: &str) -> Rate {
        text.parse().unwrap()
    }

    /// 60 % of what is left within scope above 3,000.00, each bill by itself.
    fn plan() -> OfferTerms {
        OfferTerms {
            base: OfferBase::LeftWithinScope,
            period: OfferPeriod::Bill,
            deductible: Fen::new(300_000),
            bands: vec![OfferBand { from: Fen::ZERO, ratio: rate("0.6") }],
            ceiling: None,
            tilts: Vec::new(),
        }
    }

    fn left(fen: i64) -> OfferFacts {
        let (left_within_scope, cash) = (Fen::new(fen), Fen::new(fen));
        let (categories, before) = (Vec::new(), OfferCounts::default());
        OfferFacts { left_within_scope, cash, categories, before, paid: Fen::ZERO, taken: Fen::ZERO }
    }

    fn promised(plan: &OfferTerms, facts: &OfferFacts) -> i64 {
        offer(plan, facts).promised.get()
    }

    #[test]
    fn of_10_000_left_sixty_percent_above_3_000_are_4_200() {
        let found = offer(&plan(), &left(1_000_000));
        assert_eq!((found.base.get(), found.deductible.get()), (1_000_000, 300_000));
        assert_eq!((found.from.get(), found.to.get()), (0, 700_000));
        assert_eq!((found.computed.get(), found.promised.get()), (420_000, 420_000));
        assert_eq!(found.points, Rate::ZERO);
    }

    #[test]
    fn nothing_is_promised_up_to_the_deductible_and_a_fen_above_it_rounds_half_up() {
        assert_eq!(promised(&plan(), &left(300_000)), 0);
        assert_eq!(promised(&plan(), &left(300_001)), 1); // 0.6
        let half = OfferTerms { bands: vec![OfferBand { from: Fen::ZERO, ratio: rate("0.5") }], ..plan() };
        assert_eq!(promised(&half, &left(300_001)), 1); // 0.5
        assert_eq!(promised(&half, &left(299_999)), 0);
    }

    #[test]
    fn the_sum_over_bands_is_rounded_and_not_each_band() {
        let bands = vec![
            OfferBand { from: Fen::ZERO, ratio: rate("0.5") },
            OfferBand { from: Fen::new(1), ratio: rate("0.5") },
            OfferBand { from: Fen::new(500_000), ratio: rate("0.8") },
        ];
        let plan = OfferTerms { bands, ..plan() };
        assert_eq!(promised(&plan, &left(300_002)), 1); // each band by itself would give 2
        // 5,000.00 at 50 %, 2,000.00 at 80 %
        assert_eq!(promised(&plan, &left(1_000_000)), 250_000 + 160_000);
    }

    #[test]
    fn the_second_bill_of_a_year_goes_on_where_the_first_left_off() {
        let plan = OfferTerms { period: OfferPeriod::Year, ..plan() };
        // 2,000.00 go into the deductible; of 5,000.00 another 1,000.00, and 60 % of 4,000.00 are paid
        let first = offer(&plan, &left(200_000));
        assert_eq!((first.deductible.get(), first.promised.get()), (200_000, 0));
        let second = offer(&plan, &OfferFacts { before: first.after, ..left(500_000) });
        assert_eq!((second.deductible.get(), second.promised.get()), (100_000, 240_000));
        assert_eq!(second.after, OfferCounts { base: Fen::new(700_000), promised: Fen::new(240_000) });
        // each bill by itself would have paid 60 % of 2,000.00
        let bill = OfferTerms { period: OfferPeriod::Bill, ..plan };
        assert_eq!(promised(&bill, &OfferFacts { before: first.after, ..left(500_000) }), 120_000);
    }

    #[test]
    fn the_ceiling_is_that_of_the_period() {
        let plan = OfferTerms { ceiling: Some(Fen::new(300_000)), ..plan() };
        let found = offer(&plan, &left(1_000_000));
        assert_eq!((found.computed.get(), found.promised.get()), (420_000, 300_000));
        let year = OfferTerms { period: OfferPeriod::Year, ..plan };
        let first = offer(&year, &left(600_000)); // 60 % of 3,000.00
        assert_eq!(first.promised.get(), 180_000);
        let second = offer(&year, &OfferFacts { before: first.after, ..left(1_000_000) });
        assert_eq!((second.computed.get(), second.promised.get()), (600_000, 120_000));
        assert_eq!(promised(&year, &OfferFacts { before: second.after, ..left(1_000_000) }), 0);
    }

    #[test]
    fn of_several_categories_the_one_with_the_most_points_counts_once() {
        let tilts = vec![
            OfferTilt { category: Category::Destitute, points: rate("0.1") },
            OfferTilt { category: Category::Monitored, points: rate("0.05") },
        ];
        let plan = OfferTerms { tilts, ..plan() };
        let with = |categories: &[Category]| OfferFacts { categories: categories.to_vec(), ..left(1_000_000) };
        let found = offer(&plan, &with(&[Category::Monitored, Category::Destitute]));
        assert_eq!((found.category, found.points), (Category::Destitute, rate("0.1")));
        assert_eq!(found.promised.get(), 490_000); // 70 % of 7,000.00
        assert_eq!(promised(&plan, &with(&[Category::Monitored])), 455_000);
        assert_eq!(promised(&plan, &with(&[Category::LowIncomeEdge])), 420_000);
    }

    #[test]
    fn a_ratio_is_never_more_than_all_and_a_promise_never_more_than_the_cash() {
        let tilts = vec![OfferTilt { category: Category::Destitute, points: rate("0.6") }];
        let plan = OfferTerms { tilts, ..plan() };
        let facts = OfferFacts { categories: vec![Category::Destitute], ..left(1_000_000) };
        assert_eq!(promised(&plan, &facts), 700_000);
        assert_eq!(promised(&plan, &OfferFacts { cash: Fen::new(123), ..facts.clone() }), 123);
        let of_cash = OfferTerms { base: OfferBase::Cash, ..plan };
        let found = offer(&of_cash, &OfferFacts { cash: Fen::new(400_000), ..facts });
        assert_eq!((found.base.get(), found.promised.get()), (400_000, 100_000));
    }

    #[test]
    fn what_was_paid_is_not_due_again_and_what_others_took_of_the_cash_bounds_the_promise() {
        // 60 % of 7,000.00 are 4,200.00, of which 1,500.00 are paid; others leave 3,000.00 of the cash
        let facts = OfferFacts { paid: Fen::new(150_000), ..left(1_000_000) };
        let found = offer(&plan(), &facts);
        assert_eq!((found.promised.get(), found.due.get(), found.after.promised.get()), (420_000, 270_000, 420_000));
        let found = offer(&plan(), &OfferFacts { taken: Fen::new(700_000), ..facts.clone() });
        assert_eq!((found.promised.get(), found.due.get()), (300_000, 150_000));
        // nothing is due of less than was paid, and what was paid counts
        let found = offer(&plan(), &OfferFacts { taken: Fen::new(900_000), ..facts });
        assert_eq!((found.promised.get(), found.due.get(), found.after.promised.get()), (100_000, 0, 150_000));
    }

    #[test]
    fn a_plan_without_a_band_pays_nothing() {
        assert_eq!(promised(&OfferTerms { bands: Vec::new(), ..plan() }, &left(1_000_000)), 0);
    }
}
