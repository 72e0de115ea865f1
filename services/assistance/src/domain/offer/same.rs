//! Which claims are of one thing: the same bill of an institution, billed again, or the same stay, settled so far and then whole.

use std::collections::{BTreeMap, BTreeSet};

use terms::Name;

/// What a claim was settled for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct BillOf {
    pub(crate) claim: Name,
    pub(crate) year: i32,
    /// The place of its first row among all that were ever kept.
    pub(crate) number: i64,
    pub(crate) institution: Name,
    /// The institution's id of the bill; empty where it was not told.
    pub(crate) bill: String,
    /// The institution's id of the stay; empty where there is none.
    pub(crate) stay: String,
}

/// A person's claims, each with the first claim of the same thing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Same {
    first: BTreeMap<Name, Name>,
    years: BTreeMap<Name, BTreeSet<i32>>,
    numbers: BTreeMap<Name, i64>,
}

impl Same {
    /// Of all claims of one person. An interim claim, the claim that ended its stay, and that bill billed again are one.
    pub(crate) fn of(mut claims: Vec<BillOf>) -> Self {
        claims.sort_by_key(|claim| claim.number);
        let mut same = Self::default();
        let mut known: BTreeMap<(Name, bool, &str), Name> = BTreeMap::new();
        for claim in &claims {
            same.numbers.insert(claim.claim, claim.number);
            same.first.insert(claim.claim, claim.claim);
            same.years.insert(claim.claim, [claim.year].into());
            for (is_stay, id) in [(false, claim.bill.as_str()), (true, claim.stay.as_str())] {
                if id.is_empty() {
                    continue;
                }
                let other = *known.entry((claim.institution, is_stay, id)).or_insert(claim.claim);
                same.join(other, claim.claim);
            }
        }
        same
    }

    /// Makes two things one, which is called as the earlier of them.
    fn join(&mut self, one: Name, other: Name) {
        let (one, other) = (self.first(one), self.first(other));
        if one == other {
            return;
        }
        let number = |claim: &Name| self.numbers.get(claim).copied();
        let (first, later) = if number(&one) <= number(&other) { (one, other) } else { (other, one) };
        self.first.values_mut().filter(|claim| **claim == later).for_each(|claim| *claim = first);
        let years = self.years.remove(&later).unwrap_or_default();
        self.years.entry(first).or_default().extend(years);
    }

    /// The first claim of the same thing.
    pub(crate) fn first(&self, claim: Name) -> Name {
        self.first.get(&claim).copied().unwrap_or(claim)
    }

    /// The claims of the same thing that came before.
    pub(crate) fn before(&self, claim: Name) -> Vec<Name> {
        let (first, number) = (self.first(claim), self.numbers.get(&claim));
        let of_it = self.first.iter().filter(|(_, of)| **of == first).map(|(other, _)| *other);
        of_it.filter(|other| self.numbers.get(other) < number).collect()
    }

    /// The year and those which things of it have claims in as well: an interim claim may be of the year before.
    pub(crate) fn years_with(&self, year: i32) -> BTreeSet<i32> {
        let mut years = BTreeSet::from([year]);
        loop {
            let touching = self.years.values().filter(|of| !of.is_disjoint(&years));
            let all: BTreeSet<i32> = touching.flatten().chain(&years).copied().collect();
            if all == years {
                return years;
            }
            years = all;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claim(claim: &str, number: i64, institution: &str, (bill, stay): (&str, &str)) -> BillOf {
        let name = |text: &str| Name::new(text).unwrap();
        let (claim, institution, year) = (name(claim), name(institution), 2022 + i32::try_from(number / 10).unwrap());
        BillOf { claim, year, number, institution, bill: bill.to_owned(), stay: stay.to_owned() }
    }

    #[test]
    fn claims_of_one_bill_or_stay_of_an_institution_are_one_and_those_of_before_it_was_told_are_not() {
        let name = |text: &str| Name::new(text).unwrap();
        let same = Same::of(vec![
            claim("C1", 1, "H1", ("B1", "S")),
            claim("C2", 2, "H1", ("B2", "S")),
            claim("C3", 13, "H1", ("B2", "")),
            claim("D1", 4, "H2", ("B1", "S")),
            claim("E1", 5, "H1", ("", "")),
            claim("E2", 16, "H1", ("", "")),
        ]);
        assert_eq!([name("C1"), name("C2"), name("C3")].map(|claim| same.first(claim)), [name("C1"); 3]);
        assert_eq!(same.before(name("C3")), [name("C1"), name("C2")]);
        assert_eq!(same.before(name("C1")), []);
        assert_eq!(same.first(name("D1")), name("D1"), "another institution's");
        assert_eq!(same.first(name("E2")), name("E2"), "nothing was told");
        assert_eq!(same.years_with(2022), [2022, 2023].into());
        assert_eq!(same.years_with(2023), [2022, 2023].into());
        assert_eq!(same.years_with(2030), [2030].into());
    }

    #[test]
    fn two_things_that_turn_out_to_be_one_are_called_as_the_earlier() {
        let name = |text: &str| Name::new(text).unwrap();
        let all = [("C1", 1, ("B1", "")), ("C2", 2, ("B2", "S")), ("C3", 3, ("B1", "S"))];
        let same = Same::of(all.map(|(id, number, of)| claim(id, number, "H1", of)).to_vec());
        assert_eq!(["C1", "C2", "C3"].map(|claim| same.first(name(claim))), [name("C1"); 3]);
    }
}
