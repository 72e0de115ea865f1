//! Proves what is stored: the journal balances, it says what the enrolments say, and nothing of either was changed.

use std::collections::{BTreeMap, BTreeSet};

use ledger::{Account, Entry};
use money::Fen;
use sha2::{Digest as _, Sha256};
use store::sea_orm::ConnectionTrait;
use store::{Database, Error, Tx, journal};
use terms::{AccountKind, EntryKind, IncomeSource, Side};

use super::book;
use super::enrol::NEWEST;
use crate::domain::Enrolment;
use crate::store::audit::{self, Columns};
use crate::store::{enrolments, people, premiums};

/// How many are looked at at once.
const CHUNK: i64 = 500;
/// How many differences are listed; all of them are counted.
const LISTED_MAX: usize = 1_000;

/// Something stored that is not what the rest of the database says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// What it is about: `entry <id>`, `enrolment <id>`, `basis <hash>`.
    pub about: String,
    /// What is stored.
    pub stored: String,
    /// What was expected.
    pub expected: String,
}

/// What verifying found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verified {
    /// Journal entries looked at.
    pub entries: u64,
    /// Enrolments looked at.
    pub enrolments: u64,
    /// Debits less credits of the whole journal, in fen: zero.
    pub journal: Fen,
    /// Differences found.
    pub found: u64,
    /// The first differences, at most 1,000.
    pub differences: Vec<Difference>,
}

impl Verified {
    /// Whether everything is as it should be.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.found == 0 && self.journal.is_zero()
    }

    fn add(&mut self, about: String, stored: impl Into<String>, expected: impl Into<String>) {
        self.found = self.found.saturating_add(1);
        if self.differences.len() < LISTED_MAX {
            self.differences.push(Difference { about, stored: stored.into(), expected: expected.into() });
        }
    }
}

/// Verifies a database of enrolment, migrated: every entry, every enrolment against what is booked and credited for it, and that
/// what both rest on still has its hash. What looks wrong is looked at again with its people locked, for the service may be
/// running beside it.
///
/// # Errors
/// What the database said.
pub async fn verify(database: &Database) -> Result<Verified, Error> {
    let reader = database.reader();
    let mut verified = Verified::default();
    entries(reader, &mut verified).await?;
    for id in audit::stray(reader).await? {
        verified.add(
            format!("entry {id}"),
            "lines without an entry, or an entry about nothing",
            "an entry about an enrolment",
        );
    }
    bases(reader, &mut verified).await?;
    let mut after = String::new();
    loop {
        let columns = audit::columns(reader, &after, CHUNK).await?;
        let Some(last) = columns.last() else { break };
        after.clone_from(&last.enrolment);
        verified.enrolments = verified.enrolments.saturating_add(u64::try_from(columns.len()).unwrap_or(0));
        let mut found = Verified::default();
        compare(reader, &columns, &mut found).await?;
        if found.found > 0 {
            found = again(database, &columns).await?;
        }
        for one in found.differences {
            verified.add(one.about, one.stored, one.expected);
        }
    }
    match journal::sum(reader).await {
        Ok(sum) => verified.journal = sum,
        // an account that is none is named by its entry above
        Err(Error::Corrupt { what }) => {
            verified.add("journal".to_owned(), format!("an unreadable {what}"), "an account");
        }
        Err(other) => return Err(other),
    }
    Ok(verified)
}

/// What enrolment's books say of premium assistance: by enrolment and place the net of `income:<place>:premium_assisted`, debits above
/// zero, in fen; those at zero left out.
///
/// # Errors
/// What the database said.
pub async fn premium_assistance(database: &Database) -> Result<BTreeMap<(String, String), Fen>, Error> {
    premiums::booked(database.reader()).await
}

async fn again(database: &Database, columns: &[Columns]) -> Result<Verified, Error> {
    let ids: Vec<String> = columns.iter().map(|one| one.enrolment.clone()).collect();
    let people: Vec<String> =
        columns.iter().map(|one| one.person.clone()).collect::<BTreeSet<_>>().into_iter().collect();
    let work = |tx: Tx| {
        let (ids, people) = (ids.clone(), people.clone());
        async move {
            people::lock_all(&tx, &people).await?;
            let mut found = Verified::default();
            let columns = audit::columns_of(&tx, &ids).await?;
            compare(&tx, &columns, &mut found).await?;
            Ok::<_, Error>(found)
        }
    };
    database.transaction(work).await
}

/// Every entry is one: it balances, has the lines it counts, and a reversal mirrors what it reverses.
async fn entries(reader: &impl ConnectionTrait, verified: &mut Verified) -> Result<(), Error> {
    let mut after = 0;
    loop {
        let page = audit::entries(reader, after, CHUNK).await?;
        let Some((last, _)) = page.last() else { return Ok(()) };
        after = *last;
        verified.entries = verified.entries.saturating_add(u64::try_from(page.len()).unwrap_or(0));
        let ids: Vec<String> = page.into_iter().map(|(_, id)| id).collect();
        let (sound, unsound) = audit::sound(reader, &ids).await?;
        for id in unsound {
            verified.add(
                format!("entry {id}"),
                "lines that make no entry",
                "an entry that balances, with the lines it counts",
            );
        }
        let originals: Vec<String> = sound.iter().filter_map(|one| one.original).map(|id| id.to_string()).collect();
        let (originals, _) = audit::sound(reader, &originals).await?;
        let originals: BTreeMap<_, _> = originals.iter().map(|one| (one.id, one)).collect();
        for reversal in sound.iter().filter(|one| one.kind == EntryKind::Reversal) {
            let mirrors = reversal.original.and_then(|id| originals.get(&id)).is_some_and(|one| mirrors(reversal, one));
            if !mirrors {
                verified.add(format!("entry {}", reversal.id), "another reversal", "the mirror of what it reverses");
            }
        }
    }
}

fn mirrors(reversal: &Entry, original: &Entry) -> bool {
    let of = |entry: &Entry, other: bool| {
        let side = |side: Side| if other { side.other() } else { side };
        entry.lines.iter().map(|line| (line.account, side(line.side), line.amount)).collect::<Vec<_>>()
    };
    of(reversal, true) == of(original, false) && reversal.reference == original.reference
}

async fn bases(reader: &impl ConnectionTrait, verified: &mut Verified) -> Result<(), Error> {
    let mut after = String::new();
    loop {
        let page = audit::bases(reader, &after, CHUNK).await?;
        let Some((last, _)) = page.last() else { return Ok(()) };
        after.clone_from(last);
        for (hash, body) in page {
            let is = enrolments::unhex(&body).map(|bytes| enrolments::hex(&Sha256::digest(bytes)));
            if is.as_ref().ok() != Some(&hash) {
                verified.add(format!("basis {hash}"), is.unwrap_or_else(|_| "unreadable".to_owned()), hash);
            }
        }
    }
}

/// What is stored about some enrolments.
async fn compare(connection: &impl ConnectionTrait, columns: &[Columns], found: &mut Verified) -> Result<(), Error> {
    let ids: Vec<String> = columns.iter().map(|one| one.enrolment.clone()).collect();
    let bodies: BTreeMap<String, Enrolment> = readable(connection, &ids).await?;
    let firsts: Vec<String> = bodies.values().filter_map(|one| one.premium_of.clone()).collect();
    let firsts = readable(connection, &firsts).await?;
    let (entries, _) = audit::sound(connection, &audit::about(connection, &ids).await?).await?;
    let mut booked: BTreeMap<&str, Vec<&Entry>> = BTreeMap::new();
    for entry in &entries {
        booked.entry(entry.reference.as_str()).or_default().push(entry);
    }
    let mut credited: BTreeMap<String, Vec<(i64, bool)>> = BTreeMap::new();
    for (enrolment, amount_fen, returned) in audit::credited(connection, &ids).await? {
        credited.entry(enrolment).or_default().push((amount_fen, returned));
    }
    for row in columns {
        let about = format!("enrolment {}", row.enrolment);
        let Some(body) = bodies.get(&row.enrolment) else {
            found.add(about, "what cannot be read, or was recorded after all time", "an enrolment");
            continue;
        };
        beside(row, body, found);
        rests(body, &firsts, found);
        books(body, booked.get(row.enrolment.as_str()).map_or(&[][..], Vec::as_slice), found);
        credits(body, credited.get(&row.enrolment).map_or(&[][..], Vec::as_slice), found);
    }
    Ok(())
}

/// Enrolments by id; one that cannot be read is left out.
async fn readable(connection: &impl ConnectionTrait, ids: &[String]) -> Result<BTreeMap<String, Enrolment>, Error> {
    let named = |all: Vec<Enrolment>| all.into_iter().map(|one| (one.id.clone(), one)).collect::<BTreeMap<_, _>>();
    match enrolments::by_ids(connection, ids, NEWEST).await {
        Ok(all) => return Ok(named(all)),
        Err(Error::Corrupt { .. }) => {}
        Err(other) => return Err(other),
    }
    let mut found = BTreeMap::new();
    for id in ids {
        match enrolments::by_ids(connection, std::slice::from_ref(id), NEWEST).await {
            Ok(one) => found.extend(named(one)),
            Err(Error::Corrupt { .. }) => {}
            Err(other) => return Err(other),
        }
    }
    Ok(found)
}

/// The columns say what the body says, and no version is missing.
fn beside(row: &Columns, body: &Enrolment, found: &mut Verified) {
    let said = |person: &str, division: &str, scheme: &str, state: &str, paid: bool, credit_fen: i64| {
        format!("{person} {division} {scheme} {state} paid {paid} credit {credit_fen}")
    };
    let is = said(&row.person, &row.division, &row.scheme, &row.state, row.paid, row.credit_fen);
    let (division, scheme) = (body.terms.division.to_string(), body.terms.scheme.to_string());
    let paid = body.payment.is_some() && !body.never_was();
    let expected = said(&body.person, &division, &scheme, body.state.word(), paid, body.contribution.credit_fen);
    if is != expected {
        found.add(format!("enrolment {}", body.id), is, expected);
    }
    if row.version != row.versions {
        found.add(format!("enrolment {}", body.id), format!("{} versions", row.versions), row.version.to_string());
    }
}

/// An enrolment that rests on another's premium has none of its own, and that premium stands.
fn rests(body: &Enrolment, firsts: &BTreeMap<String, Enrolment>, found: &mut Verified) {
    let Some(id) = body.premium_of.as_ref().filter(|_| !body.never_was()) else { return };
    let stands = |first: &&Enrolment| {
        first.person == body.person && first.bears_premium() && first.terms.shares_premium(&body.terms)
    };
    if firsts.get(id).filter(stands).is_none() {
        let expected = format!("the premium of enrolment {id}, which stands");
        found.add(format!("enrolment {}", body.id), "the premium of another enrolment, which does not stand", expected);
    }
}

/// What is booked and stands is what the enrolment says came in; of a mistake nothing stands, and what came in is owed.
fn books(body: &Enrolment, booked: &[&Entry], found: &mut Verified) {
    let reversed: BTreeSet<_> =
        booked.iter().filter(|one| one.kind == EntryKind::Reversal).filter_map(|one| one.original).collect();
    let contributions = || booked.iter().filter(|one| one.kind == EntryKind::Contribution);
    let standing = contributions().filter(|one| !reversed.contains(&one.id));
    let is = standing.fold(BTreeMap::new(), |sums, entry| income(sums, entry));
    let stands = body.payment.is_some() && !body.never_was();
    let expected: BTreeMap<IncomeSource, Fen> = if stands {
        book::income(body).into_iter().filter(|(_, amount)| !amount.is_zero()).collect()
    } else {
        BTreeMap::new()
    };
    if is != expected {
        found.add(format!("enrolment {}", body.id), shown(&is), shown(&expected));
    }
    let owed = |kind: AccountKind| -> Fen {
        let standing = booked.iter().filter(|one| one.kind == EntryKind::OwedBack && !reversed.contains(&one.id));
        let lines = standing.flat_map(|one| one.lines.iter());
        lines.filter(|line| line.account.kind() == kind).map(|line| line.amount).sum()
    };
    // what was undone and goes on is booked again: of what never was, the last is what was undone
    let undone = contributions().rfind(|one| reversed.contains(&one.id)).filter(|_| body.never_was());
    let undone = undone.map(|one| income(BTreeMap::new(), one)).unwrap_or_default();
    let premiums = [IncomeSource::PremiumOwn, IncomeSource::PremiumEmployer];
    let premium: Fen = premiums.iter().filter_map(|source| undone.get(source)).copied().sum();
    if owed(AccountKind::Payable) != premium {
        let stored = format!("{} owed back", owed(AccountKind::Payable));
        found.add(format!("enrolment {}", body.id), stored, format!("{premium}, the premiums that came in"));
    }
}

fn income(mut sums: BTreeMap<IncomeSource, Fen>, entry: &Entry) -> BTreeMap<IncomeSource, Fen> {
    for line in &entry.lines {
        if let Account::Income { source, .. } = line.account {
            *sums.entry(source).or_default() += line.signed();
        }
    }
    sums
}

fn shown(sums: &BTreeMap<IncomeSource, Fen>) -> String {
    if sums.is_empty() {
        return "nothing booked".to_owned();
    }
    sums.iter().map(|(source, amount)| format!("{source} {amount}")).collect::<Vec<_>>().join(", ")
}

/// A paid enrolment credited what its contribution says, once; what never was has taken it back, and so has what goes on after
/// it, which has credited it again.
fn credits(body: &Enrolment, credited: &[(i64, bool)], found: &mut Verified) {
    let amount = body.contribution.credit_fen;
    let is_credited = body.payment.is_some() && amount > 0;
    let standing = usize::from(is_credited && !body.never_was());
    let back = credited.len().checked_sub(standing).filter(|_| is_credited).unwrap_or(0);
    let mut expected = vec![(amount, true); back.max(usize::from(is_credited) - standing)];
    expected.extend(vec![(amount, false); standing]);
    let mut credited = credited.to_vec();
    credited.sort_unstable_by_key(|(_, is_back)| !is_back);
    if credited != expected {
        let shown = |all: &[(i64, bool)]| format!("{all:?} credited in fen, taken back");
        found.add(format!("enrolment {}", body.id), shown(&credited), shown(&expected));
    }
}
