//! Conditions over facts: one bit for each word, so that a condition is tested by one AND.

use money::Fen;
use terms::{
    Admission, Care, Category, College, CountyKind, EnrolHow, Epidemic, Filing, Institution, LineClass, LineKind, Name,
    PersonGroup, Place, Referral, Scheme, Word,
};

/// A set of words that has bits of its own in a [`Situation`].
pub(crate) trait Fact: Word {
    /// The first bit of the set.
    const OFFSET: u32;

    /// The bit of this word.
    fn bit(self) -> u128 {
        1u128 << (Self::OFFSET + u32::try_from(self.index()).unwrap_or(0))
    }

    /// The bits of the whole set.
    const MASK: u128 = ((1u128 << Self::ALL.len()) - 1) << Self::OFFSET;
}

macro_rules! facts {
    ($($set:ident from $offset:literal),+ $(,)?) => {
        $(impl Fact for $set { const OFFSET: u32 = $offset; })+

        /// A dimension of words: its name, its bits and its words.
        pub(crate) const DIMENSIONS: &[Dimension] = &[$(Dimension {
            name: <$set as Word>::DIMENSION,
            mask: <$set as Fact>::MASK,
            bits: || <$set as Word>::ALL.iter().map(|word| (word.word(), word.bit())).collect(),
        }),+];
    };
}

facts! {
    Institution from 0,
    PersonGroup from 4,
    Scheme from 12,
    Category from 14,
    Place from 26,
    Filing from 29,
    Referral from 35,
    Admission from 37,
    Care from 41,
    LineClass from 52,
    LineKind from 55,
    Epidemic from 63,
    EnrolHow from 65,
    CountyKind from 70,
    College from 72,
}

/// One dimension of words.
pub(crate) struct Dimension {
    pub(crate) name: &'static str,
    pub(crate) mask: u128,
    pub(crate) bits: fn() -> Vec<(&'static str, u128)>,
}

/// The facts a condition is tested against.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Situation<'a> {
    /// One bit for each dimension that is known here.
    pub(crate) bits: u128,
    /// Age in whole years.
    pub(crate) age: u8,
    /// Disease group, or empty.
    pub(crate) disease: Name,
    /// Plans the person is a member of.
    pub(crate) plans: &'a [Name],
    /// Unit price of a fee line.
    pub(crate) price: Fen,
}

impl<'a> Situation<'a> {
    pub(crate) const fn new(bits: u128, plans: &'a [Name]) -> Self {
        Self { bits, age: 0, disease: Name::EMPTY, plans, price: Fen::ZERO }
    }

    /// The same situation with this word instead of whatever its dimension had.
    pub(crate) fn with<W: Fact>(self, word: W) -> Self {
        Self { bits: (self.bits & !W::MASK) | word.bit(), ..self }
    }
}

/// A condition of a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Condition {
    /// Bits that may be set; a dimension that is not named has all its bits here.
    pub(crate) allowed: u128,
    /// Which word dimensions are named.
    pub(crate) named: u32,
    /// What bits cannot say.
    pub(crate) more: Option<Box<More>>,
}

/// The parts of a condition that are not words of a closed set.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct More {
    pub(crate) age: Option<(u8, u8)>,
    pub(crate) diseases: Vec<Name>,
    pub(crate) plans: Vec<Name>,
    pub(crate) price: Option<(Fen, Fen)>,
}

impl Condition {
    /// The condition that always holds.
    pub(crate) const ALWAYS: Self = Self { allowed: u128::MAX, named: 0, more: None };

    /// Whether the condition holds.
    pub(crate) fn holds(&self, situation: &Situation<'_>) -> bool {
        self.allowed & situation.bits == situation.bits && self.more.as_ref().is_none_or(|more| more.holds(situation))
    }

    /// How many dimensions the condition names: among the rows that hold, the one with most stands.
    pub(crate) fn rank(&self) -> u32 {
        let more = self.more.as_ref().map_or(0, |more| {
            u32::from(more.age.is_some())
                + u32::from(!more.diseases.is_empty())
                + u32::from(!more.plans.is_empty())
                + u32::from(more.price.is_some())
        });
        self.named.count_ones() + more
    }

    /// Whether both conditions can hold at once.
    pub(crate) fn meets(&self, other: &Self) -> bool {
        let words = DIMENSIONS.iter().all(|dimension| self.allowed & other.allowed & dimension.mask != 0);
        words && self.place_can_be_filed(other) && self.more_meets(other)
    }

    fn place_can_be_filed(&self, other: &Self) -> bool {
        let both = self.allowed & other.allowed;
        let home = both & Place::Local.bit() != 0 && both & Filing::AtHome.bit() != 0;
        let away = both & Place::MASK & !Place::Local.bit() != 0 && both & Filing::MASK & !Filing::AtHome.bit() != 0;
        home || away
    }

    fn more_meets(&self, other: &Self) -> bool {
        let (Some(one), Some(two)) = (&self.more, &other.more) else {
            return true;
        };
        let ages = match (one.age, two.age) {
            (Some(a), Some(b)) => a.0 <= b.1 && b.0 <= a.1,
            _ => true,
        };
        let prices = match (one.price, two.price) {
            (Some(a), Some(b)) => a.0 < b.1 && b.0 < a.1,
            _ => true,
        };
        let diseases = one.diseases.is_empty()
            || two.diseases.is_empty()
            || one.diseases.iter().any(|disease| two.diseases.contains(disease));
        ages && prices && diseases
    }
}

impl More {
    fn holds(&self, situation: &Situation<'_>) -> bool {
        self.age.is_none_or(|(from, to)| from <= situation.age && situation.age <= to)
            && (self.diseases.is_empty() || self.diseases.contains(&situation.disease))
            && (self.plans.is_empty() || self.plans.iter().any(|plan| situation.plans.contains(plan)))
            && self.price.is_none_or(|(from, to)| from <= situation.price && situation.price < to)
    }
}

/// Reads a row's key: words joined by `&`, alternatives joined by `|`.
///
/// # Errors
/// What is wrong with the key, as a sentence of what was found and what was expected.
pub(crate) fn parse_condition(key: &str) -> Result<Condition, String> {
    let mut condition = Condition::ALWAYS;
    if key.trim() == "all" {
        return Ok(condition);
    }
    for part in key.split('&') {
        let words: Vec<&str> = part.split('|').map(str::trim).collect();
        add_part(&mut condition, &words)?;
    }
    Ok(condition)
}

fn add_part(condition: &mut Condition, words: &[&str]) -> Result<(), String> {
    let first = words.first().copied().unwrap_or("");
    if let Some(at) = DIMENSIONS.iter().position(|dimension| (dimension.bits)().iter().any(|(word, _)| *word == first))
    {
        return add_words(condition, at, words);
    }
    let mut more = condition.more.take().unwrap_or_default();
    add_more(&mut more, first, words)?;
    condition.more = Some(more);
    Ok(())
}

fn add_words(condition: &mut Condition, at: usize, words: &[&str]) -> Result<(), String> {
    let Some(dimension) = DIMENSIONS.get(at) else {
        return Err("a known dimension".to_owned());
    };
    let named = 1u32 << u32::try_from(at).unwrap_or(31);
    if condition.named & named != 0 {
        return Err(format!("two conditions on the {}: join alternatives with |", dimension.name));
    }
    let known = (dimension.bits)();
    let mut bits = 0;
    for word in words {
        let found = known.iter().find(|(name, _)| name == word);
        bits |= found.map(|(_, bit)| *bit).ok_or_else(|| {
            let names: Vec<&str> = known.iter().map(|(name, _)| *name).collect();
            format!("{word:?} is no {}: one of {}", dimension.name, names.join(", "))
        })?;
    }
    condition.named |= named;
    condition.allowed &= !dimension.mask | bits;
    Ok(())
}

fn add_more(more: &mut More, first: &str, words: &[&str]) -> Result<(), String> {
    let names = |prefix: &str| -> Result<Vec<Name>, String> {
        let name = |word: &&str| {
            word.strip_prefix(prefix)
                .and_then(|name| Name::new(name).ok())
                .ok_or_else(|| format!("{word:?}: expected {prefix}<name>"))
        };
        words.iter().map(name).collect()
    };
    let single = words.len() == 1;
    if first.starts_with("disease_") {
        more.diseases = names("disease_")?;
    } else if first.starts_with("plan_") {
        more.plans = names("plan_")?;
    } else if let Some(range) = first.strip_prefix("age_").filter(|_| single) {
        let (from, to) = parse_range(range)?;
        let bound = |value: i64| u8::try_from(value).map_err(|_| format!("{first:?}: an age up to 255"));
        more.age = Some((bound(from)?, to.map_or(Ok(u8::MAX), bound)?));
    } else if let Some(range) = first.strip_prefix("price_").filter(|_| single) {
        let (from, to) = parse_range(range)?;
        let yuan = |value: i64| Fen::new(100).times(value).unwrap_or(Fen::UNLIMITED);
        more.price = Some((yuan(from), to.map_or(Fen::UNLIMITED, yuan)));
    } else {
        let dimensions: Vec<&str> = DIMENSIONS.iter().map(|dimension| dimension.name).collect();
        return Err(format!("for {first:?} a word of {}, or age_…, disease_…, plan_…, price_…", dimensions.join(", ")));
    }
    Ok(())
}

/// `60_on`, `0_to_17`.
fn parse_range(text: &str) -> Result<(i64, Option<i64>), String> {
    let wrong = || format!("{text:?}: expected <from>_on or <from>_to_<to>");
    let number = |digits: &str| -> Result<i64, String> {
        let plain = !digits.is_empty() && digits.len() <= 9 && digits.bytes().all(|byte| byte.is_ascii_digit());
        if plain { digits.parse().map_err(|_| wrong()) } else { Err(wrong()) }
    };
    if let Some(from) = text.strip_suffix("_on") {
        return Ok((number(from)?, None));
    }
    let (from, to) = text.split_once("_to_").ok_or_else(wrong)?;
    let (from, to) = (number(from)?, number(to)?);
    if from > to { Err(wrong()) } else { Ok((from, Some(to))) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_dimensions_take_their_bits_one_after_another() {
        let mut next = 0u32;
        let mut seen = 0u128;
        for dimension in DIMENSIONS {
            let mask = dimension.mask;
            assert_eq!(mask.trailing_zeros(), next, "{}", dimension.name);
            assert_eq!(mask & seen, 0);
            seen |= mask;
            next += mask.count_ones();
        }
    }

    #[test]
    fn every_word_of_a_condition_belongs_to_one_dimension() {
        let mut words: Vec<&str> =
            DIMENSIONS.iter().flat_map(|dimension| (dimension.bits)()).map(|(word, _)| word).collect();
        let count = words.len();
        words.sort_unstable();
        words.dedup();
        assert_eq!(words.len(), count);
    }

    #[test]
    fn a_condition_holds_where_each_named_dimension_has_one_of_its_words() {
        let condition = parse_condition("destitute | low_income & tertiary & age_60_on").unwrap();
        assert_eq!(condition.rank(), 3);
        let mut at = Situation::new(Category::LowIncome.bit() | Institution::Tertiary.bit(), &[]);
        at.age = 60;
        assert!(condition.holds(&at));
        at.age = 59;
        assert!(!condition.holds(&at));
        at.age = 70;
        assert!(!condition.holds(&at.with(Institution::Primary)));
    }

    #[test]
    fn a_key_with_an_unknown_word_or_one_dimension_twice_is_refused() {
        for key in [
            "",
            "quaternary",
            "primary & secondary",
            "primary | retired",
            "age_old",
            "age_9_to_3",
            "price_5",
            "primary &",
        ] {
            assert!(parse_condition(key).is_err(), "{key}");
        }
    }

    #[test]
    fn local_care_cannot_be_filed_so_the_two_never_meet() {
        let local = parse_condition("local").unwrap();
        let referred = parse_condition("referred").unwrap();
        assert!(!local.meets(&referred));
        assert!(parse_condition("in_province").unwrap().meets(&referred));
    }
}
