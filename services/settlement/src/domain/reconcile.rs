//! Compares an institution's books with ours: totals of groups first, then claim by claim.

use std::collections::{BTreeMap, BTreeSet};

use money::Fen;
use terms::{Care, Scheme};

/// What a claim, or all claims of a group, cost and who paid.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Amounts {
    /// Total cost, fen.
    pub total: Fen,
    /// Paid by all funds, fen.
    pub fund: Fen,
    /// Paid from personal and family accounts, fen.
    pub account: Fen,
    /// Paid in cash, fen.
    pub cash: Fen,
}

/// Totals of one scheme and one kind of care. Reversed claims are counted apart and are in no amount.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Totals {
    /// Scheme.
    pub scheme: Scheme,
    /// Kind of care.
    pub care: Care,
    /// Claims that stand.
    pub claims: u64,
    /// Claims that were reversed.
    pub claims_reversed: u64,
    /// What the claims that stand add up to.
    pub amounts: Amounts,
}

/// The two sides' totals of one group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Comparison {
    /// Scheme.
    pub scheme: Scheme,
    /// Kind of care.
    pub care: Care,
    /// The institution's; `None` where it has none.
    pub theirs: Option<Totals>,
    /// Ours; `None` where we have none.
    pub ours: Option<Totals>,
}

impl Comparison {
    /// Whether both sides say the same; a group that is left out is zero.
    #[must_use]
    pub fn is_equal(&self) -> bool {
        let figures = |side: Option<Totals>| {
            side.map_or((0, 0, Amounts::default()), |totals| (totals.claims, totals.claims_reversed, totals.amounts))
        };
        figures(self.theirs) == figures(self.ours)
    }
}

/// Compares totals, in order of scheme and kind of care. Each side has a group at most once.
#[must_use]
pub fn totals(theirs: &[Totals], ours: &[Totals]) -> Vec<Comparison> {
    let mut groups: BTreeMap<(Scheme, Care), (Option<Totals>, Option<Totals>)> = BTreeMap::new();
    for side in theirs {
        groups.entry((side.scheme, side.care)).or_default().0 = Some(*side);
    }
    for side in ours {
        groups.entry((side.scheme, side.care)).or_default().1 = Some(*side);
    }
    groups.into_iter().map(|((scheme, care), (theirs, ours))| Comparison { scheme, care, theirs, ours }).collect()
}

/// A claim in our books.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OurClaim {
    /// Our id.
    pub claim_id: String,
    /// The institution's id of the bill.
    pub bill_id: String,
    /// Scheme.
    pub scheme: Scheme,
    /// Kind of care.
    pub care: Care,
    /// Whether it is reversed here.
    pub is_reversed: bool,
    /// What it cost and who paid.
    pub amounts: Amounts,
}

/// A claim in the institution's books.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TheirClaim {
    /// Our id; empty where the institution never got it.
    pub claim_id: String,
    /// The institution's id of the bill.
    pub bill_id: String,
    /// Scheme.
    pub scheme: Scheme,
    /// Kind of care.
    pub care: Care,
    /// Whether it is reversed there.
    pub is_reversed: bool,
    /// What it cost and who paid.
    pub amounts: Amounts,
}

/// What kind a difference is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// We have a claim the institution does not have.
    MissingThere,
    /// The institution has a claim we do not have.
    MissingHere,
    /// Reversed at the institution, stands here.
    ReversedThere,
    /// Reversed here, stands at the institution.
    ReversedHere,
    /// Both have it, under another scheme or kind of care.
    Group,
    /// Both have it with other amounts.
    Amount,
}

/// A claim on which the two sides differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Difference<'c> {
    /// What kind.
    pub kind: Kind,
    /// Our claim; `None` where we have none.
    pub ours: Option<&'c OurClaim>,
    /// The institution's; `None` where it has none.
    pub theirs: Option<&'c TheirClaim>,
}

impl<'c> Difference<'c> {
    /// The institution's id of the bill.
    #[must_use]
    pub fn bill_id(&self) -> &'c str {
        let theirs = self.theirs.map(|claim| claim.bill_id.as_str());
        theirs.or(self.ours.map(|claim| claim.bill_id.as_str())).unwrap_or_default()
    }

    /// What to do about it, in Chinese.
    #[must_use]
    pub fn advice_zh(&self) -> &'static str {
        let ours_is_reversed = self.ours.is_some_and(|claim| claim.is_reversed);
        let theirs_is_reversed = self.theirs.is_some_and(|claim| claim.is_reversed);
        match self.kind {
            Kind::MissingThere if ours_is_reversed => "医保方已冲正、机构无此单：不涉及资金，请机构补记该单及其冲正",
            Kind::MissingThere => {
                "医保方已结算、机构无此单：请机构核对患者是否已按该单结算，已结算的补记，未结算的申请冲正"
            }
            Kind::MissingHere if theirs_is_reversed => {
                "机构已冲正、医保方无此单：不涉及资金，请机构核对该单是否曾成功上传"
            }
            Kind::MissingHere => "机构有此单、医保方未结算：请机构以原交易流水号查询结果，未成功的重新结算或向患者退费",
            Kind::ReversedThere => {
                "机构已冲正、医保方仍有效：请机构按结算号或原交易流水号提交冲正，未冲正前不得重复结算"
            }
            Kind::ReversedHere => "医保方已冲正、机构仍有效：请机构冲正本单；确需结算的以新单据号重新结算",
            Kind::Group => {
                "双方险种或医疗类别不一致：以医保方结算结果为准，请机构更正分类；确属上传有误的冲正后重新结算"
            }
            Kind::Amount => {
                "双方金额不一致：以医保方结算结果为准，请机构核对是否有未同步的退费或差额调整，更正后重新对账"
            }
        }
    }
}

/// Compares claims and says on which the two sides differ, in order of the institution's bill ids.
///
/// Claims belong together by bill id, and where that finds none, by our id. Each claim is in one pair or in none, and a pair
/// is of one kind at most: what is reversed on one side only is that whatever else differs, and another group comes before
/// other amounts. Amounts of a claim that both sides reversed are in no total and make no difference.
#[must_use]
pub fn details<'c>(theirs: &'c [TheirClaim], ours: &'c [OurClaim]) -> Vec<Difference<'c>> {
    let mut books = Books::of(ours);
    let by_bill: Vec<_> = theirs.iter().map(|claim| (claim, books.take_by_bill(claim))).collect();
    let mut differences = Vec::new();
    for (claim, pair) in by_bill {
        let pair = pair.or_else(|| books.take_by_id(claim));
        let kind = pair.map_or(Some(Kind::MissingHere), |pair| kind_of(pair, claim));
        differences.extend(kind.map(|kind| Difference { kind, ours: pair, theirs: Some(claim) }));
    }
    let left = books.left.into_iter().filter_map(|place| ours.get(place));
    differences.extend(left.map(|claim| Difference { kind: Kind::MissingThere, ours: Some(claim), theirs: None }));
    differences.sort_by(|a, b| a.bill_id().cmp(b.bill_id()));
    differences
}

fn kind_of(ours: &OurClaim, theirs: &TheirClaim) -> Option<Kind> {
    match (ours.is_reversed, theirs.is_reversed) {
        (false, true) => Some(Kind::ReversedThere),
        (true, false) => Some(Kind::ReversedHere),
        _ if (ours.scheme, ours.care) != (theirs.scheme, theirs.care) => Some(Kind::Group),
        (false, false) if ours.amounts != theirs.amounts => Some(Kind::Amount),
        _ => None,
    }
}

/// Our claims by both ids, and which of them have no pair yet.
struct Books<'c> {
    ours: &'c [OurClaim],
    by_bill: BTreeMap<&'c str, Vec<usize>>,
    by_id: BTreeMap<&'c str, usize>,
    left: BTreeSet<usize>,
}

impl<'c> Books<'c> {
    fn of(ours: &'c [OurClaim]) -> Self {
        let mut by_bill: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for (place, claim) in ours.iter().enumerate() {
            by_bill.entry(&claim.bill_id).or_default().push(place);
        }
        let by_id = ours.iter().enumerate().map(|(place, claim)| (claim.claim_id.as_str(), place)).collect();
        Self { ours, by_bill, by_id, left: (0..ours.len()).collect() }
    }

    /// Of several claims of one bill, the one in the same state.
    fn take_by_bill(&mut self, theirs: &TheirClaim) -> Option<&'c OurClaim> {
        let places = self.by_bill.get(theirs.bill_id.as_str())?;
        let left = || places.iter().copied().filter(|place| self.left.contains(place));
        let is_alike = |place: &usize| self.ours.get(*place).is_some_and(|ours| ours.is_reversed == theirs.is_reversed);
        let place = left().find(is_alike).or_else(|| left().next())?;
        self.take(place)
    }

    fn take_by_id(&mut self, theirs: &TheirClaim) -> Option<&'c OurClaim> {
        let place = self.by_id.get(theirs.claim_id.as_str()).copied().filter(|place| self.left.contains(place))?;
        self.take(place)
    }

    fn take(&mut self, place: usize) -> Option<&'c OurClaim> {
        self.left.remove(&place);
        self.ours.get(place)
    }
}

#[cfg(test)]
mod tests;
