//! Which words a benefit can meet, and every combination of them.

use terms::{Care, Filing, Institution, LineClass, PersonGroup, Place, Scheme, Word};

use super::tables::Benefit;
use crate::condition::{DIMENSIONS, Dimension, Fact};

/// The words of a dimension that a bill of this benefit can have; `of_lines`: a fee line that is in the catalogue.
pub(crate) fn possible_words(benefit: &Benefit, dimension: &Dimension, of_lines: bool) -> Vec<u128> {
    (dimension.bits)().iter().map(|(_, bit)| *bit).filter(|bit| is_possible(benefit, *bit, of_lines)).collect()
}

fn is_possible(benefit: &Benefit, bit: u128, of_lines: bool) -> bool {
    let fixed = benefit.scheme.bit() | benefit.care.bit();
    let outside_mask = |mask: u128, allowed: u128| bit & mask != 0 && bit & allowed == 0;
    let pharmacy = if benefit.at_pharmacy { 0 } else { Institution::Pharmacy.bit() };
    !(outside_mask(Scheme::MASK | Care::MASK, fixed)
        || outside_mask(PersonGroup::MASK, groups_of(benefit.scheme))
        || bit & pharmacy != 0
        || (of_lines && bit == LineClass::C.bit()))
}

/// The bits of the groups of people that can be in a scheme.
pub(crate) fn groups_of(scheme: Scheme) -> u128 {
    PersonGroup::ALL.iter().filter(|group| group.scheme() == scheme).fold(0, |bits, group| bits | group.bit())
}

/// Every combination of one word of each list; care at home has nothing to file, care elsewhere has.
pub(crate) fn combinations(lists: &[Vec<u128>]) -> Vec<u128> {
    let mut all = vec![0u128];
    for words in lists {
        all = all.iter().flat_map(|bits| words.iter().map(move |word| bits | word)).collect();
    }
    all.retain(|bits| place_fits(*bits));
    all
}

fn place_fits(bits: u128) -> bool {
    let (places, filings) = (bits & Place::MASK, bits & Filing::MASK);
    let local = places == Place::Local.bit();
    let at_home = filings == Filing::AtHome.bit();
    places == 0 || filings == 0 || local == at_home
}

/// The words of these bits, for messages.
pub(crate) fn words_of(bits: u128) -> Vec<&'static str> {
    let words = DIMENSIONS.iter().flat_map(|dimension| (dimension.bits)());
    words.filter(|(_, bit)| bits & bit != 0).map(|(word, _)| word).collect()
}
