//! Imports people in batches: a batch is one commit, so that an import goes on exactly where it stopped.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use ledger::Entry;
use rpc::{Call, Fault, Violations};
use store::{Attempts, Tx};
use tracing::Instrument as _;

use super::{App, Problem, book, decide, enrol, pay, recognise, register};
use crate::domain::{
    AccountCredit, Duplicate, Enrolment, Identity, Import, Membership, Payment, Person, Reject, Relation, RowProblem,
    Terms, document_hash, receipt_key, standing,
};
use crate::store::households::{self, NewHousehold};
use crate::store::{duplicates, enrolments, imports, people};

/// A row as it was read: what it says, or everything that is wrong with it.
#[derive(Clone)]
pub(crate) struct Row {
    pub(crate) number: u64,
    /// What it says, by its hash.
    pub(crate) hash: String,
    pub(crate) read: Result<Good, Vec<RowProblem>>,
}

/// What a row says.
#[derive(Clone)]
pub(crate) struct Good {
    pub(crate) identity: Identity,
    pub(crate) household: String,
    pub(crate) terms: Terms,
    pub(crate) payment: Option<Payment>,
}

/// Rows to be kept in one commit.
pub(crate) struct Batch {
    pub(crate) import: String,
    pub(crate) source: String,
    pub(crate) rows_total: u64,
    pub(crate) rows: Vec<Row>,
    pub(crate) last: bool,
}

/// How often a batch is begun again when one of its documents was registered meanwhile.
const ATTEMPTS: u32 = 3;

/// Keeps a batch, to its end although the stream breaks off; gives how far the import is.
pub(crate) async fn keep(app: &Arc<App>, batch: Batch) -> Result<Import, Fault> {
    let (app, batch) = (Arc::clone(app), Arc::new(batch));
    let attempts = Attempts { deadline: Duration::from_secs(60), ..Attempts::default() };
    let committing = async move {
        let mut made = 1;
        loop {
            let work = |tx: Tx| {
                let (app, batch) = (Arc::clone(&app), Arc::clone(&batch));
                async move { kept(&app, &tx, &batch).await }
            };
            match app.database.transaction_with(attempts, work).await {
                Err(Problem::Store(store::Error::Contended { .. })) if made < ATTEMPTS => made += 1,
                ended => {
                    app.wake();
                    return ended;
                }
            }
        }
    };
    let running = Call::running();
    let carried = async move {
        match running {
            Some(call) => call.carry(committing).await,
            None => committing.await,
        }
    };
    Ok(tokio::spawn(carried.in_current_span()).await.map_err(Fault::internal)??)
}

async fn kept(app: &App, tx: &Tx, batch: &Batch) -> Result<Import, Problem> {
    imports::begin(tx, &batch.import, &batch.source, batch.rows_total, app.now()).await?;
    let unknown = || Fault::not_found("import", &batch.import);
    let (mut import, source) = imports::by_id(tx, &batch.import).await?.ok_or_else(unknown)?;
    if source != batch.source {
        return Err(Fault::key_reused("source").into());
    }
    as_before(tx, batch, import.rows_read).await?;
    let rows: Vec<&Row> = batch.rows.iter().filter(|row| row.number > import.rows_read).collect();
    if import.done {
        return if rows.is_empty() { Ok(import) } else { Err(finished(&import).into()) };
    }
    in_order(&rows, import.rows_read)?;
    as_announced(&mut import, batch, &rows)?;
    let mut work = Work::begin(app, tx, batch, &rows).await?;
    for row in &rows {
        work.take(app, row)?;
    }
    import.rows_read = rows.last().map_or(import.rows_read, |row| row.number);
    import.rows_kept = import.rows_kept.saturating_add(u64::try_from(work.enrolments.len()).unwrap_or(0));
    let paid = work.enrolments.iter().filter(|enrolment| enrolment.payment.is_some());
    for contribution in paid.map(|enrolment| &enrolment.contribution) {
        import.own_fen = import.own_fen.saturating_add(contribution.own_fen.unwrap_or(0));
        import.subsidy_fen = import.subsidy_fen.saturating_add(contribution.subsidy_fen);
        import.assisted_fen = import.assisted_fen.saturating_add(contribution.assisted_fen);
    }
    import.done = batch.last;
    import.committed_at = app.after(import.committed_at);
    work.write(app, tx, &batch.import).await?;
    imports::say(tx, &batch.import, rows.iter().map(|row| (row.number, row.hash.as_str()))).await?;
    imports::advance(tx, &import).await?;
    Ok(import)
}

/// A row that was read before says what it said then. (Of rows read before their hashes were kept nobody knows.)
async fn as_before(tx: &Tx, batch: &Batch, read: u64) -> Result<(), Problem> {
    let again = batch.rows.iter().enumerate().filter(|(_, row)| row.number <= read);
    let again: Vec<(usize, &Row)> = again.collect();
    let numbers = || again.iter().map(|(_, row)| row.number);
    let Some((first, last)) = numbers().min().zip(numbers().max()) else { return Ok(()) };
    let said: HashMap<u64, String> = imports::said(tx, &batch.import, (first, last)).await?.into_iter().collect();
    match again.iter().find(|(_, row)| said.get(&row.number).is_some_and(|hash| *hash != row.hash)) {
        None => Ok(()),
        Some((at, row)) => Err(Fault::key_reused(&format!("rows[{at}]")).with("row", row.number.to_string()).into()),
    }
}

fn finished(import: &Import) -> Fault {
    let message =
        format!("the import is finished with row {}; rows after it need an import of their own", import.rows_read);
    Fault::wrong_state("done", message)
}

/// No more rows than announced, and no fewer when the last ones come. The newest announcement holds: one that was wrong is
/// set right by going on with the right one.
fn as_announced(import: &mut Import, batch: &Batch, rows: &[&Row]) -> Result<(), Fault> {
    if batch.rows_total > 0 {
        import.rows_total = batch.rows_total;
    }
    let read = rows.last().map_or(import.rows_read, |row| row.number);
    let total = import.rows_total;
    let mut violations = Violations::new();
    if total > 0 && read > total {
        violations.add("rows_total", total, format!("at least {read}, the number of a row that came, or 0"));
    } else if total > 0 && batch.last && read < total {
        violations.add(
            "last",
            format!("row {read}"),
            format!("all {total} rows that were announced before the import ends"),
        );
    }
    violations.finish(Some(()))
}

/// Each row's number is one more than the one before.
fn in_order(rows: &[&Row], read: u64) -> Result<(), Fault> {
    let mut violations = Violations::new();
    for (expected, (at, row)) in (read.saturating_add(1)..).zip(rows.iter().enumerate()) {
        if row.number != expected {
            violations.within_item("rows", at, |v| v.add("row", row.number, format!("row {expected}")));
            break;
        }
    }
    violations.finish(Some(()))
}

/// A batch under way: what is known of its people, and what will be written.
struct Work {
    now: DateTime<Utc>,
    /// Who has which document, by its hash.
    owners: HashMap<String, String>,
    known: HashMap<String, (Person, Vec<Enrolment>)>,
    receipts_used: HashSet<String>,
    homes: HashMap<String, String>,
    housed: HashSet<String>,
    people: Vec<Person>,
    households: Vec<NewHousehold>,
    memberships: Vec<Membership>,
    enrolments: Vec<Enrolment>,
    receipts: Vec<(String, String)>,
    entries: Vec<Entry>,
    credits: Vec<AccountCredit>,
    duplicates: Vec<Duplicate>,
    rejects: Vec<Reject>,
    import: String,
    memory: decide::Memory,
}

impl Work {
    async fn begin(app: &App, tx: &Tx, batch: &Batch, rows: &[&Row]) -> Result<Self, Problem> {
        let good: Vec<&Good> = rows.iter().filter_map(|row| row.read.as_ref().ok()).collect();
        let hashes: Vec<String> = good.iter().map(|row| hash_of(&row.identity)).collect();
        let owners: HashMap<String, String> = people::of_documents(tx, &hashes).await?.into_iter().collect();
        let ids: Vec<String> = owners.values().cloned().collect();
        let mut known = HashMap::new();
        let mut housed = HashSet::new();
        if !ids.is_empty() {
            people::lock_all(tx, &ids).await?;
            known.extend(
                people::newest(tx, &ids).await?.into_iter().map(|person| (person.id.clone(), (person, Vec::new()))),
            );
            for enrolment in enrolments::of_people(tx, &ids).await? {
                if let Some((_, theirs)) = known.get_mut(&enrolment.person) {
                    theirs.push(enrolment);
                }
            }
            housed.extend(households::housed(tx, &ids).await?);
        }
        let receipts = good.iter().filter_map(|row| row.payment.as_ref()).map(|payment| payment.receipt.clone());
        let receipts: Vec<String> = receipts.filter(|receipt| !receipt.is_empty()).collect();
        let references: Vec<String> =
            good.iter().map(|row| row.household.clone()).filter(|name| !name.is_empty()).collect();
        Ok(Self {
            now: app.now(),
            owners,
            known,
            receipts_used: enrolments::used_receipts(tx, &receipts).await?.into_iter().collect(),
            homes: households::named(tx, &batch.import, &references).await?.into_iter().collect(),
            housed,
            people: Vec::new(),
            households: Vec::new(),
            memberships: Vec::new(),
            enrolments: Vec::new(),
            receipts: Vec::new(),
            entries: Vec::new(),
            credits: Vec::new(),
            duplicates: Vec::new(),
            rejects: Vec::new(),
            import: batch.import.clone(),
            memory: decide::Memory::default(),
        })
    }

    /// Decides a row: it is kept whole or rejected with everything that is wrong with it.
    fn take(&mut self, app: &App, row: &Row) -> Result<(), Fault> {
        let problems = match &row.read {
            Ok(good) => self.decide(app, good)?,
            Err(problems) => problems.clone(),
        };
        if !problems.is_empty() {
            self.rejects.push(Reject { row: row.number, problems });
        }
        Ok(())
    }

    fn decide(&mut self, app: &App, row: &Good) -> Result<Vec<RowProblem>, Fault> {
        let hash = hash_of(&row.identity);
        let there = self.owners.get(&hash).and_then(|id| self.known.get(id)).cloned();
        let new = there.is_none();
        let (person, others) = there.unwrap_or_else(|| (register::new(app, row.identity.clone()), Vec::new()));
        let enrolled = app.today().min(row.terms.enrolled);
        let paid = row.payment.as_ref().map_or(enrolled, |payment| payment.paid);
        let first = recognise::standing(&others, &row.terms);
        let decided = enrol::decided(app, &mut self.memory, (&person, paid), row.terms.clone(), (&[], first));
        let mut enrolment = match decided {
            Ok(Ok(enrolment)) => enrolment,
            Ok(Err(refused)) => return Ok(of_refusal(&refused)),
            Err(fault) => return Ok(of_fault(&fault)),
        };
        let mut problems = Vec::new();
        let paid = row.payment.is_some() || pay::due(&enrolment) == Some(0);
        let twice = self.overlapping(&enrolment, &others, paid, &mut problems);
        let payment = self.payment(&enrolment, row, &mut problems);
        if !problems.is_empty() {
            return Ok(problems);
        }
        let mut entries = Vec::new();
        if let Some(payment) = payment {
            match pay::settle(app, &mut self.memory, &mut enrolment, payment, (&person, &others)) {
                Ok(Ok(booked)) => entries = booked,
                Ok(Err(refused)) => return Ok(of_refusal(&refused)),
                Err(fault) => return Ok(of_fault(&fault)),
            }
        }
        for other in twice {
            self.duplicate(app, &enrolment, other);
        }
        self.house(app, &person, row);
        self.keep(app, (person, new), hash, (enrolment, entries), others);
        Ok(Vec::new())
    }

    /// What holds on the same days: the same scheme and place is known already; another one that is paid elsewhere is a
    /// fact, kept and listed as duplicate; one that is not paid is refused at the source (GX-17).
    fn overlapping<'e>(
        &self,
        enrolment: &Enrolment,
        others: &'e [Enrolment],
        paid: bool,
        problems: &mut Vec<RowProblem>,
    ) -> Vec<&'e Enrolment> {
        let place = |one: &Enrolment| (one.terms.scheme, one.terms.division);
        let Some(days) = enrolment.days else { return Vec::new() };
        let same: Vec<Enrolment> = others.iter().filter(|other| place(other) == place(enrolment)).cloned().collect();
        if let Some(other) = decide::in_the_way(&same, days) {
            problems.push(problem(
                "terms",
                "duplicate",
                format!("enrolled in this scheme and place already: {}", other.id),
            ));
        }
        let twice: Vec<&Enrolment> = others
            .iter()
            .filter(|other| place(other) != place(enrolment))
            .filter(|other| other.days.is_some_and(|held| held.shared(days).is_some()))
            .collect();
        if let Some(other) = twice.first().filter(|_| !paid) {
            let found =
                format!("{} in {} holds already: {}", wire::name(other.terms.scheme), other.terms.division, other.id);
            problems.push(problem("terms", "two_schemes", found));
        }
        twice
    }

    /// The payment to be settled: the row's, or none that is due.
    fn payment(&self, enrolment: &Enrolment, row: &Good, problems: &mut Vec<RowProblem>) -> Option<Payment> {
        let due = pay::due(enrolment);
        let Some(payment) = &row.payment else {
            return (due == Some(0)).then(|| enrol::nothing_to_pay(enrolment, host::china_day(self.now)));
        };
        match due {
            None => problems.push(problem(
                "payment.amount_fen",
                "absent_value",
                "no rate is known: nothing can be due".to_owned(),
            )),
            Some(due) if !pay::is_due(enrolment, payment, due) => {
                let stands = enrolment.premium_of.as_ref();
                let stands =
                    stands.map_or_else(String::new, |first| format!(": the year's premium was paid for {first}"));
                let found = format!("found {} fen; expected {due} fen{stands}", payment.amount.get());
                problems.push(problem("payment.amount_fen", "wrong_premium", found));
            }
            Some(_) => {}
        }
        if let Err(fault) = pay::fitting(enrolment, row.identity.born, payment) {
            problems.extend(of_violations(&fault));
        }
        if self.receipts_used.contains(&receipt_key(&payment.receipt)) {
            problems.push(problem("payment.receipt", "duplicate", "used before".to_owned()));
        }
        Some(payment.clone())
    }

    fn duplicate(&mut self, app: &App, enrolment: &Enrolment, other: &Enrolment) {
        let standing = standing([other, enrolment]).map_or_else(|| other.id.clone(), |one| one.id.clone());
        let ids = vec![other.id.clone(), enrolment.id.clone()];
        let (id, person) = (app.id(), enrolment.person.clone());
        self.duplicates.push(Duplicate {
            id,
            person,
            enrolments: ids,
            standing,
            resolved: false,
            recorded_at: self.now,
        });
    }

    /// The first of a name founds the household.
    fn house(&mut self, app: &App, person: &Person, row: &Good) {
        if row.household.is_empty() || !self.housed.insert(person.id.clone()) {
            return;
        }
        let (household, relation) = match self.homes.get(&row.household) {
            Some(id) => (id.clone(), Relation::Other),
            None => {
                let id = app.id();
                let named = Some((self.import.clone(), row.household.clone()));
                self.households.push(NewHousehold { id: id.clone(), division: row.terms.division.to_string(), named });
                self.homes.insert(row.household.clone(), id.clone());
                (id, Relation::Own)
            }
        };
        self.memberships.push(Membership {
            id: app.id(),
            version: 1,
            household,
            person: person.id.clone(),
            relation,
            from: row.terms.enrolled,
            to: None,
            recorded_at: self.now,
        });
    }

    fn keep(
        &mut self,
        app: &App,
        (person, new): (Person, bool),
        hash: String,
        (enrolment, entries): (Enrolment, Vec<Entry>),
        mut others: Vec<Enrolment>,
    ) {
        if let Some(payment) = &enrolment.payment {
            self.credits.extend(book::credit(app, &enrolment, self.now));
            if !payment.receipt.is_empty() {
                self.receipts_used.insert(receipt_key(&payment.receipt));
                self.receipts.push((payment.receipt.clone(), enrolment.id.clone()));
            }
        }
        self.entries.extend(entries);
        self.enrolments.push(enrolment.clone());
        others.push(enrolment);
        if new {
            self.owners.insert(hash, person.id.clone());
            self.people.push(person.clone());
        }
        self.known.insert(person.id.clone(), (person, others));
    }

    async fn write(self, app: &App, tx: &Tx, import: &str) -> Result<(), Problem> {
        let again = || store::Error::Contended { attempts: 1, source: None };
        if people::add(tx, &self.people).await? > 0 || enrolments::keep_receipts(tx, &self.receipts).await? > 0 {
            // another call was faster: the batch is decided again with what that one committed
            return Err(again().into());
        }
        households::found(tx, &self.households, self.now).await?;
        households::add_members(tx, &self.memberships).await?;
        enrolments::add(tx, &self.enrolments).await?;
        book::write(app, tx, &self.entries, &self.credits).await?;
        duplicates::add(tx, &self.duplicates).await?;
        imports::reject(tx, import, &self.rejects).await?;
        Ok(())
    }
}

fn hash_of(identity: &Identity) -> String {
    document_hash(identity.document_type, &identity.document_number)
}

fn problem(field: &str, reason: &str, description: String) -> RowProblem {
    RowProblem { field: field.to_owned(), reason: reason.to_owned(), description }
}

fn of_refusal(refused: &decide::Refused) -> Vec<RowProblem> {
    let causes = refused.refusal.causes.iter();
    causes.map(|cause| problem("terms", cause.reason.word(), cause.about.clone())).collect()
}

fn of_fault(fault: &Fault) -> Vec<RowProblem> {
    if !fault.violations().is_empty() {
        return of_violations(fault);
    }
    let word = fault.reason().as_str_name().trim_start_matches("ERROR_REASON_").to_ascii_lowercase();
    vec![problem("", &word, fault.to_string())]
}

fn of_violations(fault: &Fault) -> Vec<RowProblem> {
    let violations = fault.violations().iter();
    violations.map(|one| problem(&one.field, "invalid_fields", format!("expected {}", one.expected))).collect()
}
