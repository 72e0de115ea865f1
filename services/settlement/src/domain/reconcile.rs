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
    /// What the institution's own details add up to; `None` where none were compared.
    pub details: Option<Totals>,
}

impl Comparison {
    /// Whether the institution's details do not add up to its own totals. Reversed claims may be fewer: a bill that was settled
    /// again may come once, as it last stands.
    #[must_use]
    pub fn is_unexplained(&self) -> bool {
        let Some(details) = &self.details else { return false };
        let (claims, reversed, amounts) = self
            .theirs
            .map_or((0, 0, Amounts::default()), |totals| (totals.claims, totals.claims_reversed, totals.amounts));
        (details.claims, details.amounts) != (claims, amounts) || details.claims_reversed > reversed
    }

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
    groups
        .into_iter()
        .map(|((scheme, care), (theirs, ours))| Comparison { scheme, care, theirs, ours, details: None })
        .collect()
}

/// What an institution's details add up to, in order of scheme and kind of care: of each group whose totals differ, and of each
/// of which it sent any.
#[must_use]
pub fn added_up(theirs: &[TheirClaim], groups: &[Comparison]) -> Vec<Totals> {
    let none = |scheme, care| Totals { scheme, care, claims: 0, claims_reversed: 0, amounts: Amounts::default() };
    let differ = groups.iter().filter(|group| !group.is_equal());
    let mut sums: BTreeMap<(Scheme, Care), Totals> =
        differ.map(|group| ((group.scheme, group.care), none(group.scheme, group.care))).collect();
    for claim in theirs {
        let sum = sums.entry((claim.scheme, claim.care)).or_insert_with(|| none(claim.scheme, claim.care));
        if claim.is_reversed {
            sum.claims_reversed += 1;
            continue;
        }
        sum.claims += 1;
        sum.amounts.total += claim.amounts.total;
        sum.amounts.fund += claim.amounts.fund;
        sum.amounts.account += claim.amounts.account;
        sum.amounts.cash += claim.amounts.cash;
    }
    sums.into_values().collect()
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
    /// The claim that came after it: its bill settled again, or the stay's settlement that took it in.
    pub followed_by: Option<String>,
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
    /// Both have it alike, and the institution has another claim id for it.
    Claim,
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

    /// What to do about it next, in Chinese.
    #[must_use]
    pub fn advice_zh(&self) -> String {
        let ours_is_reversed = self.ours.is_some_and(|claim| claim.is_reversed);
        let theirs_is_reversed = self.theirs.is_some_and(|claim| claim.is_reversed);
        let standing = self.ours.filter(|claim| !claim.is_reversed).map_or("", |claim| claim.claim_id.as_str());
        let follower = self.ours.and_then(|claim| claim.followed_by.as_deref());
        let what = match (self.kind, follower) {
            (Kind::MissingThere, _) if ours_is_reversed => {
                "医保方已冲正、机构无此单：不涉及资金，请机构补记该单及其冲正".to_owned()
            }
            (Kind::MissingThere, _) => format!(
                "医保方已结算、机构无此单：请机构按结算号{standing}核对患者是否已按该单结算，已结算的补记，未结算的申请冲正"
            ),
            (Kind::MissingHere, _) if theirs_is_reversed => {
                "机构已冲正、医保方无此单：不涉及资金，请机构核对该单是否曾成功上传".to_owned()
            }
            (Kind::MissingHere, _) => {
                "机构有此单、医保方未结算：请机构以原交易流水号查询结果，未成功的重新结算或向患者退费".to_owned()
            }
            (Kind::ReversedThere, _) => format!(
                "机构已冲正、医保方仍有效：请机构按结算号{standing}或原交易流水号提交冲正，未冲正前不得重复结算"
            ),
            (Kind::ReversedHere, Some(follower)) => format!(
                "医保方已冲正并已由结算号{follower}重新结算或并入该结算、机构仍记原结算：请机构冲正原记录，按结算号{follower}入账"
            ),
            (Kind::ReversedHere, None) => {
                "医保方已冲正、机构仍有效：请机构冲正本单；确需结算的，以新交易流水号重新结算".to_owned()
            }
            (Kind::Group, _) => {
                "双方险种或医疗类别不一致：以医保方结算结果为准，请机构更正分类；确属上传有误的冲正后重新结算"
                    .to_owned()
            }
            (Kind::Amount, _) => {
                "双方金额不一致：以医保方结算结果为准，请机构核对是否有未同步的退费或差额调整，更正后重新对账"
                    .to_owned()
            }
            (Kind::Claim, _) => "双方金额一致、结算号不一致：不涉及资金".to_owned(),
        };
        let other = self.theirs.zip(self.ours).filter(|(theirs, ours)| names_another(ours, theirs));
        other.map_or(what.clone(), |(theirs, ours)| {
            format!("{what}；机构所记结算号{}不是本单的，请改记为{}", theirs.claim_id, ours.claim_id)
        })
    }
}

/// Whether the institution has another claim id for a claim of ours. Where it never got one, it has none.
fn names_another(ours: &OurClaim, theirs: &TheirClaim) -> bool {
    !theirs.claim_id.is_empty() && theirs.claim_id != ours.claim_id
}

/// Compares claims and says on which the two sides differ, in order of the institution's bill ids.
///
/// Claims belong together by bill id, and where that finds none, by our id; of a bill with several claims, settled again after a
/// reversal, those of one id and state first, then those of one state, the latest first. Each claim is in one pair or in none, and
/// a pair is of one kind at most: what is reversed on one side only is that whatever else differs, then come another group, other
/// amounts, another claim id. Amounts of a claim that both sides reversed are in no total and make no difference. Nor does a
/// reversed claim of ours that no claim of theirs is left for, where the institution has the bill, or a later claim of ours stands
/// for it: an institution may keep a bill as it last stands, or its whole history.
#[must_use]
pub fn details<'c>(theirs: &'c [TheirClaim], ours: &'c [OurClaim]) -> Vec<Difference<'c>> {
    let mut books = Books::of(ours);
    let mut pairs: Vec<Option<&'c OurClaim>> = vec![None; theirs.len()];
    for pass in Pass::ALL {
        for (claim, pair) in theirs.iter().zip(&mut pairs) {
            *pair = pair.or_else(|| books.take(claim, pass));
        }
    }
    let mut differences = Vec::new();
    for (claim, pair) in theirs.iter().zip(pairs) {
        let kind = pair.map_or(Some(Kind::MissingHere), |pair| kind_of(pair, claim));
        differences.extend(kind.map(|kind| Difference { kind, ours: pair, theirs: Some(claim) }));
    }
    let named: BTreeSet<&str> = theirs.iter().map(|claim| claim.bill_id.as_str()).collect();
    let is_past =
        |claim: &OurClaim| claim.is_reversed && (claim.followed_by.is_some() || named.contains(claim.bill_id.as_str()));
    let left = books.left.into_iter().filter_map(|place| ours.get(place)).filter(|claim| !is_past(claim));
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
        (false, false) if names_another(ours, theirs) => Some(Kind::Claim),
        _ => None,
    }
}

/// In which order claims are put together; what one pass finds is left to none of the others.
#[derive(Clone, Copy)]
enum Pass {
    /// The same bill, claim and state.
    Same,
    /// The same bill and claim, reversed there and standing here.
    Undone,
    /// The same bill and state.
    Alike,
    /// The same bill.
    Bill,
    /// The same claim under another bill id.
    Claim,
}

impl Pass {
    const ALL: [Self; 5] = [Self::Same, Self::Undone, Self::Alike, Self::Bill, Self::Claim];
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

    fn take(&mut self, theirs: &TheirClaim, pass: Pass) -> Option<&'c OurClaim> {
        let place = match pass {
            Pass::Claim => self.by_id.get(theirs.claim_id.as_str()).copied().filter(|place| self.left.contains(place)),
            _ => {
                let places = self.by_bill.get(theirs.bill_id.as_str())?;
                let fits = |place: &&usize| self.ours.get(**place).is_some_and(|ours| pass.fits(ours, theirs));
                places.iter().rev().filter(|place| self.left.contains(place)).find(fits).copied()
            }
        }?;
        self.left.remove(&place);
        self.ours.get(place)
    }
}

impl Pass {
    fn fits(self, ours: &OurClaim, theirs: &TheirClaim) -> bool {
        let (is_same, is_alike) = (ours.claim_id == theirs.claim_id, ours.is_reversed == theirs.is_reversed);
        match self {
            Self::Same => is_same && is_alike,
            Self::Undone => is_same && theirs.is_reversed,
            Self::Alike => is_alike,
            Self::Bill | Self::Claim => true,
        }
    }
}

#[cfg(test)]
mod tests;
