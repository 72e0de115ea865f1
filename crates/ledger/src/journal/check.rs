use std::collections::BTreeMap;

use money::Fen;
use terms::{EntryKind, Name, Side};

use super::JournalError;
use super::state::{Chain, State};
use crate::{Account, Entry, Line, Memo};

impl State {
    /// Whether an entry may follow what stands; overdrafts are judged after the whole commit.
    pub(super) fn check(&self, entries: &[Entry], entry: &Entry) -> Result<(), JournalError> {
        if self.places.contains_key(&entry.id) {
            return Err(JournalError::PartlyKnown);
        }
        match (entry.kind, entry.original) {
            (EntryKind::Reversal, Some(original)) => self.reversal(entries, entry, &original)?,
            (_, Some(original)) => self.follower(entries, entry, &original)?,
            (EntryKind::Settlement | EntryKind::Adjustment, None) => {
                if let Some(by) = self.settled.get(&entry.reference) {
                    return Err(JournalError::AlreadySettled { by: *by });
                }
            }
            (_, None) => {}
        }
        self.what_is_left(entries, entry)?;
        self.turnover.checked_add(entry.turnover()).ok_or(JournalError::TooLarge).map(|_| ())
    }

    fn original<'e>(&self, entries: &'e [Entry], id: &Name) -> Result<&'e Entry, JournalError> {
        let original = self.places.get(id).and_then(|place| entries.get(*place));
        let original = original.ok_or(JournalError::UnknownOriginal)?;
        match self.reversed.get(id) {
            Some(by) => Err(JournalError::AlreadyReversed { by: *by }),
            None => Ok(original),
        }
    }

    fn reversal(&self, entries: &[Entry], entry: &Entry, id: &Name) -> Result<(), JournalError> {
        let original = self.original(entries, id)?;
        if original.kind == EntryKind::Reversal {
            return Err(JournalError::ReversalOfReversal);
        }
        // What came last goes first: a settlement after its followers, a follower after those behind it.
        let newest = self.chains.get(&self.root(entries, original)).and_then(|chain| chain.followers.last());
        if let Some(follower) = newest.filter(|follower| *follower != id) {
            return Err(JournalError::StoodOn { follower: *follower });
        }
        not_the_mirror(entry, original).map_or(Ok(()), |field| Err(JournalError::NotTheMirror { field }))
    }

    fn follower(&self, entries: &[Entry], entry: &Entry, id: &Name) -> Result<(), JournalError> {
        let original = self.original(entries, id)?;
        let settles = matches!(original.kind, EntryKind::Settlement | EntryKind::Adjustment);
        if !settles || original.original.is_some() {
            return Err(JournalError::NotASettlement);
        }
        if original.reference == entry.reference { Ok(()) } else { Err(JournalError::OtherClaim) }
    }

    /// Of a claim no payer ever stands below zero, and a refund gives back only what is left.
    fn what_is_left(&self, entries: &[Entry], entry: &Entry) -> Result<(), JournalError> {
        let claim = matches!(entry.kind, EntryKind::Settlement | EntryKind::Adjustment | EntryKind::Refund);
        if !claim {
            return Ok(());
        }
        let nothing = Chain::default();
        let chain = self.chains.get(&self.root(entries, entry)).unwrap_or(&nothing);
        let mut changes: BTreeMap<Account, Fen> = BTreeMap::new();
        for (account, amount) in entry.changes() {
            let sum = changes.entry(account).or_default();
            *sum = sum.checked_add(amount).ok_or(JournalError::TooLarge)?;
        }
        for (&account, &change) in &changes {
            let before = chain.left.get(&account).copied().unwrap_or(Fen::ZERO);
            let after = before.checked_add(change).ok_or(JournalError::TooLarge)?;
            let standing = |amount: Fen| if account.side_in_claim() == Side::Credit { -amount } else { amount };
            if entry.kind == EntryKind::Refund && (standing(after).is_negative() || standing(change) >= Fen::ZERO) {
                let (left, asked) = (standing(before), -standing(change));
                return Err(JournalError::BeyondLeft { account, left, asked });
            }
            let owed_by_its_fund = matches!(account, Account::Due { .. });
            if standing(after).is_negative() && !owed_by_its_fund {
                return Err(JournalError::WrongSide { account, left: after });
            }
        }
        what_is_owed(chain, &changes)
    }
}

/// What the books that keep a fund owe others for a claim never passes what the fund bears of it; in the books that settle
/// the fund bears nothing, and it is owed to them.
fn what_is_owed(chain: &Chain, changes: &BTreeMap<Account, Fen>) -> Result<(), JournalError> {
    let left = |account: &Account| {
        let before = chain.left.get(account).copied().unwrap_or(Fen::ZERO);
        before.checked_add(changes.get(account).copied().unwrap_or(Fen::ZERO)).ok_or(JournalError::TooLarge)
    };
    for account in changes.keys() {
        let (Account::Due { division, payer } | Account::Fund { division, payer }) = *account else { continue };
        let (account, fund) = (Account::Due { division, payer }, Account::Fund { division, payer });
        let due = left(&account)?;
        if due.checked_add(left(&fund)?).ok_or(JournalError::TooLarge)?.is_negative() {
            return Err(JournalError::WrongSide { account, left: due });
        }
    }
    Ok(())
}

/// The first field in which a reversal is not the mirror of its original.
fn not_the_mirror(reversal: &Entry, original: &Entry) -> Option<&'static str> {
    let lines = original.lines.iter().map(|line| Line { side: line.side.other(), ..*line });
    let memo = original.memo.iter().map(|memo| Memo { amount: -memo.amount, ..*memo });
    let same = [
        ("lines", lines.eq(reversal.lines.iter().copied())),
        ("memo", memo.eq(reversal.memo.iter().copied())),
        ("total", reversal.total == -original.total),
        ("reference", reversal.reference == original.reference),
    ];
    same.into_iter().find(|(_, same)| !same).map(|(field, _)| field)
}
