use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, NaiveDate, Utc};
use ledger::Entry;
use money::Fen;
use store::idempotency::Call;
use terms::Name;
use wire::change::{Change, PayerAmount};

use super::{Account, Binding, Claim, Movement, Opening, PersonYear};

/// What one commit has before it: the persons it has locked with their accounts and years, the claims it needs, and what is
/// to be written. A command reads it, and changes it only when nothing can go wrong any more.
#[derive(Clone, Debug, Default)]
pub struct Desk {
    /// Accounts of locked persons.
    pub accounts: BTreeMap<Name, Account>,
    /// Whose accounts pay a relative's bills on the day, in the order of their binding.
    pub bindings: BTreeMap<Name, Vec<Binding>>,
    /// Bindings that were named by their id.
    pub named: BTreeMap<Name, Binding>,
    /// Bindings of an owner to a relative that hold on the day or later.
    pub pairs: BTreeMap<(Name, Name), Vec<Binding>>,
    /// Years of locked persons.
    pub years: BTreeMap<(Name, i32), PersonYear>,
    /// Years that were looked for, whether there or not.
    pub known: BTreeSet<(Name, i32)>,
    /// Claims that were loaded or made; of years that are decided anew all that stand.
    pub claims: BTreeMap<Name, Claim>,
    /// The standing claim of an institution's bill.
    pub bills: BTreeMap<(Name, String), Name>,
    /// The standing claim of an institution's stay: an interim one, or the one that ended it.
    pub stays: BTreeMap<(Name, String), Name>,
    /// Invoices that paid claims rest on, by fingerprint.
    pub evidence: BTreeMap<String, Name>,
    /// Account credits that were booked, by credit id: whose, and how much.
    pub credits: BTreeMap<String, (Name, Fen)>,
    /// What account debits were booked for.
    pub debits: BTreeSet<String>,
    /// Past days on which an institution's claims were reconciled, of those that were asked for.
    pub reconciled: BTreeSet<(Name, NaiveDate)>,
    /// Holds of the third system that were refused for ever.
    pub refused_holds: BTreeSet<Name>,
    /// Entries of claims that are to be taken back, in order.
    pub entries: BTreeMap<Name, Vec<Entry>>,
    /// What is to be written.
    pub writes: Writes,
}

/// What a commit writes.
#[derive(Clone, Debug, Default)]
pub struct Writes {
    /// Claims made.
    pub claims: BTreeSet<Name>,
    /// Claims whose state or decision changed.
    pub changed: BTreeSet<Name>,
    /// Decisions added: the claim as it then stood.
    pub decided: Vec<Claim>,
    /// Years changed.
    pub years: BTreeSet<(Name, i32)>,
    /// Movements of accounts, in order.
    pub movements: Vec<Movement>,
    /// Entries of the journal, in order.
    pub entries: Vec<Entry>,
    /// Bindings made or ended.
    pub bindings: Vec<Binding>,
    /// Invoices used, with their claim.
    pub evidence: Vec<(String, Name)>,
    /// Claims whose invoices are free again.
    pub freed: Vec<Name>,
    /// Why claims were reversed.
    pub reversals: Vec<Reversal>,
    /// Starts that were given to years, in order.
    pub openings: Vec<Opened>,
    /// Keys whose originals are never to be settled.
    pub tombstones: Vec<Call>,
    /// What the commands did to years, in order: what the keeper of the third system is told of.
    pub touched: Vec<Touched>,
    /// What it is told.
    pub changes: Vec<Change>,
    /// What became of holds.
    pub holds: Vec<HoldEnd>,
}

/// What one step of a command did to a year.
#[derive(Clone, Debug)]
pub struct Touched {
    /// The year as it is then.
    pub year: PersonYear,
    /// The claims that changed, as they are then; one that was taken out is reversed.
    pub claims: Vec<Claim>,
    /// What the third system paid of the start it was given, where it was given one.
    pub opening: Vec<PayerAmount>,
}

/// What became of a hold, for ever.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HoldEnd {
    /// The hold.
    pub hold: Name,
    /// Whose it is.
    pub person: Name,
    /// The Change that used it; none: it was refused.
    pub change: Option<Name>,
    /// When.
    pub at: DateTime<Utc>,
}

/// A start that was given to a year.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opened {
    /// Whose year.
    pub person: Name,
    /// The year.
    pub year: i32,
    /// The start.
    pub opening: Opening,
    /// The start that it corrects.
    pub replaces: Option<Name>,
    /// When.
    pub at: DateTime<Utc>,
}

/// Why a claim was reversed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reversal {
    /// The claim.
    pub claim: Name,
    /// The key of the call.
    pub key: String,
    /// Why.
    pub reason: String,
    /// When.
    pub at: DateTime<Utc>,
}

impl Desk {
    /// A person's account; empty where nothing was ever on it.
    #[must_use]
    pub fn account(&self, person: &Name) -> Account {
        self.accounts.get(person).copied().unwrap_or_default()
    }

    /// A person's year; a new one where it has nothing yet.
    #[must_use]
    pub fn year(&self, person: Name, year: i32) -> PersonYear {
        self.years.get(&(person, year)).cloned().unwrap_or_else(|| PersonYear::new(person, year))
    }

    /// Whose accounts pay a person's bills, with what they hold, in the order of their binding.
    #[must_use]
    pub fn family(&self, person: &Name) -> Vec<(Name, Fen)> {
        let bindings = self.bindings.get(person).into_iter().flatten();
        bindings.map(|binding| (binding.owner, self.account(&binding.owner).balance)).collect()
    }

    /// The standing claims of a year, in its order.
    #[must_use]
    pub fn standing(&self, year: &PersonYear) -> Vec<Claim> {
        let of_year = |claim: &&Claim| claim.stands() && claim.person == year.person && claim.year == year.year;
        let mut claims: Vec<Claim> = self.claims.values().filter(of_year).cloned().collect();
        if year.by_service_date {
            claims.sort_by_key(|claim| super::order(claim.bill()));
        } else {
            claims.sort_by_key(|claim| claim.number);
        }
        claims
    }
}
