//! Looks at both services' books from outside, by plain SQL and their own calls, and adds up whole fen by itself: it knows neither
//! the policy nor the ledger, only the town's rule as a hand would follow it.

use std::collections::{BTreeMap, BTreeSet};

use pb::settlement::v1::{StreamSharesRequest, VerifyYearsRequest, verify_years_response};
use sea_orm::{ConnectionTrait as _, DatabaseConnection, QueryResult, Statement};

use crate::cluster::{Places, Who};

/// The yearly limit of assistance, in fen.
const LIMIT: i64 = 100_000;
/// The pooled fund's yearly ceiling, in fen: the bills of the tests stay below it.
const POOLED_MOST: i64 = 2_000_000;

/// Amounts in fen by what they are of.
type Amounts = BTreeMap<String, i64>;

/// Both databases, read by anybody's SQL.
#[derive(Clone)]
pub(crate) struct Books {
    settlement: DatabaseConnection,
    assistance: DatabaseConnection,
}

/// A claim as settlement keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Claim {
    person: String,
    year: i64,
    bill: String,
    is_reversed: bool,
    revision: i64,
    total: i64,
    fund: i64,
    cash: i64,
}

/// How a claim stands at assistance.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Fact {
    is_reversed: bool,
    revision: i64,
    shares: Amounts,
}

/// A person's limit of a year.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Limit {
    cap: Option<i64>,
    pending: i64,
    posted: i64,
}

/// What stands in both databases; two of them are compared to say that nothing has changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Found {
    claims: BTreeMap<String, Claim>,
    facts: BTreeMap<String, Fact>,
    /// By claim and account, debits less credits; accounts at zero are left out. Settlement's journal, then assistance's.
    journals: [BTreeMap<String, Amounts>; 2],
    limits: BTreeMap<(String, i64, String), Limit>,
    /// By hold: its state, and the Change that posted it.
    holds: BTreeMap<String, (String, String)>,
    /// By hold, as settlement ended it: the Change that used it; empty where it was refused.
    ends: BTreeMap<String, String>,
    /// By person: the last Change that was made, and the last that is kept and how many are.
    made: BTreeMap<String, i64>,
    kept: BTreeMap<String, (i64, i64)>,
    destitute: BTreeSet<String>,
}

impl Books {
    pub(crate) async fn open(settlement: &str, assistance: &str) -> Self {
        let settlement = sea_orm::Database::connect(settlement).await.expect("settlement's database");
        let assistance = sea_orm::Database::connect(assistance).await.expect("assistance's database");
        Self { settlement, assistance }
    }

    /// What is under way, and how much there ever was: events, holds, years to be decided anew.
    pub(crate) async fn waiting(&self) -> (i64, [i64; 2]) {
        let here = "SELECT COUNT(*) AS so_far, COALESCE(SUM(CASE WHEN delivered_at IS NULL THEN 1 ELSE 0 END), 0) AS waiting FROM outbox";
        let others = "SELECT (SELECT COUNT(*) FROM hold WHERE state = 'pending') + \
             (SELECT COUNT(*) FROM reassess WHERE state = 'asked') AS waiting, \
             (SELECT COUNT(*) FROM change) + (SELECT COUNT(*) FROM hold) AS so_far";
        let (mut waiting, mut so_far) = (0, [0, 0]);
        for (database, sql, of) in
            [(&self.settlement, here, 0), (&self.assistance, here, 1), (&self.assistance, others, 1)]
        {
            let row = rows(
                database,
                &format!(
                    "SELECT CAST(waiting AS BIGINT) AS waiting, CAST(so_far AS BIGINT) AS so_far FROM ({sql}) AS found"
                ),
            )
            .await;
            waiting += number(&row[0], "waiting");
            so_far[of] += number(&row[0], "so_far");
        }
        (waiting, so_far)
    }

    /// What is under way, in words, for whoever waits in vain.
    pub(crate) async fn waits_for(&self) -> Vec<String> {
        let event = "SELECT topic AS what, key AS whose, CAST(attempts AS BIGINT) AS many, lease_until AS at FROM outbox \
             WHERE delivered_at IS NULL ORDER BY seq LIMIT 20";
        let hold = "SELECT hold_id AS what, person_id AS whose, CAST(0 AS BIGINT) AS many, lease_until AS at FROM hold \
             WHERE state = 'pending' LIMIT 20";
        let mut found = Vec::new();
        for (database, sql) in [(&self.settlement, event), (&self.assistance, event), (&self.assistance, hold)] {
            found.extend(rows(database, sql).await.iter().map(|row| {
                let (what, whose) = (text(row, "what"), text(row, "whose"));
                format!("{what} of {whose}, taken {} times, until {}", number(row, "many"), number(row, "at"))
            }));
        }
        found
    }

    /// How many claims there are under a key, reversed ones too.
    pub(crate) async fn claims_under(&self, key: &str) -> usize {
        rows(&self.settlement, &format!("SELECT id FROM claim WHERE key = '{key}'")).await.len()
    }

    /// The hold that a person's bill used.
    pub(crate) async fn hold_of(&self, who: &str) -> String {
        let used = format!("SELECT hold FROM hold_end WHERE person = '{who}' AND change IS NOT NULL");
        text(&rows(&self.settlement, &used).await[0], "hold")
    }

    /// Everything that stands.
    pub(crate) async fn found(&self) -> Found {
        let (settlement, assistance) = (&self.settlement, &self.assistance);
        let made = rows(settlement, "SELECT person, changes FROM account").await;
        let kept = "SELECT p.person_id, p.sequence, COUNT(c.change_id) AS many FROM person p \
             LEFT JOIN change c ON c.person_id = p.person_id GROUP BY p.person_id, p.sequence";
        let kept = rows(assistance, kept).await;
        let holds = "SELECT hold_id, state, COALESCE(change_id, '') AS change_id FROM hold";
        let holds = rows(assistance, holds).await;
        let ends = rows(settlement, "SELECT hold, COALESCE(change, '') AS change FROM hold_end").await;
        let destitute = "SELECT DISTINCT person_id FROM category_grant WHERE category = 'destitute'";
        let destitute = rows(assistance, destitute).await;
        Found {
            claims: self.claims().await,
            facts: self.facts().await,
            journals: [journal(settlement).await, journal(assistance).await],
            limits: self.limits().await,
            holds: holds
                .iter()
                .map(|row| (text(row, "hold_id"), (text(row, "state"), text(row, "change_id"))))
                .collect(),
            ends: ends.iter().map(|row| (text(row, "hold"), text(row, "change"))).collect(),
            made: made.iter().map(|row| (text(row, "person"), number(row, "changes"))).collect(),
            kept: kept
                .iter()
                .map(|row| (text(row, "person_id"), (number(row, "sequence"), number(row, "many"))))
                .collect(),
            destitute: destitute.iter().map(|row| text(row, "person_id")).collect(),
        }
    }

    /// Of what a process's outbox still holds, how often it was tried that was tried most; none where it holds nothing.
    pub(crate) async fn tries(&self, who: Who) -> Option<i64> {
        let database = if who == Who::Settlement { &self.settlement } else { &self.assistance };
        let most = "SELECT CAST(MAX(attempts) AS BIGINT) AS most FROM outbox WHERE delivered_at IS NULL";
        rows(database, most).await[0].try_get("", "most").expect("a number")
    }

    /// How many claims settlement has, reversed ones too.
    pub(crate) async fn how_many(&self) -> usize {
        rows(&self.settlement, "SELECT id FROM claim").await.len()
    }

    async fn claims(&self) -> BTreeMap<String, Claim> {
        let sql =
            "SELECT id, person, year, institution, bill, state, revision, total_fen, fund_fen, cash_fen FROM claim";
        let claim = |row: &QueryResult| Claim {
            person: text(row, "person"),
            year: number(row, "year"),
            bill: format!("{} {}", text(row, "institution"), text(row, "bill")),
            is_reversed: text(row, "state") == "reversed",
            revision: number(row, "revision"),
            total: number(row, "total_fen"),
            fund: number(row, "fund_fen"),
            cash: number(row, "cash_fen"),
        };
        rows(&self.settlement, sql).await.iter().map(|row| (text(row, "id"), claim(row))).collect()
    }

    async fn facts(&self) -> BTreeMap<String, Fact> {
        let mut facts = BTreeMap::new();
        let sql = "SELECT claim_id, revision, reversed FROM claim_fact ORDER BY claim_id, revision, reversed";
        for row in rows(&self.assistance, sql).await {
            // the last one of each claim stands
            let (is_reversed, revision) = (number(&row, "reversed") == 1, number(&row, "revision"));
            facts.insert(text(&row, "claim_id"), Fact { is_reversed, revision, shares: Amounts::new() });
        }
        for row in rows(&self.assistance, "SELECT claim_id, revision, payer, amount_fen FROM claim_share").await {
            let fact = facts.get_mut(&text(&row, "claim_id")).expect("a share of a claim that is known");
            if fact.revision == number(&row, "revision") && !fact.is_reversed {
                fact.shares.insert(text(&row, "payer"), number(&row, "amount_fen"));
            }
        }
        facts
    }

    async fn limits(&self) -> BTreeMap<(String, i64, String), Limit> {
        let sql = "SELECT person_id, year, payer, cap_fen, pending_fen, posted_fen FROM allowance";
        let limit = |row: &QueryResult| Limit {
            cap: row.try_get("", "cap_fen").expect("a limit"),
            pending: number(row, "pending_fen"),
            posted: number(row, "posted_fen"),
        };
        let key = |row: &QueryResult| (text(row, "person_id"), number(row, "year"), text(row, "payer"));
        rows(&self.assistance, sql).await.iter().map(|row| (key(row), limit(row))).collect()
    }

    /// Whatever is wrong in the rows themselves, in words; nothing where all is as it should be.
    async fn wrong_rows(&self) -> Vec<String> {
        let questions = [
            (&self.settlement, "SELECT COUNT(*) FROM outbox WHERE delivered_at IS NULL", "Changes are not told"),
            (&self.assistance, "SELECT COUNT(*) FROM outbox WHERE delivered_at IS NULL", "questions are not asked"),
            (&self.assistance, "SELECT COUNT(*) FROM reassess WHERE state IN ('asked', 'refused')", "years wait"),
            (&self.assistance, "SELECT COUNT(*) FROM hold WHERE state = 'pending'", "holds are pending"),
            (
                &self.assistance,
                "SELECT COUNT(*) FROM allowance_move m JOIN allowance a ON a.person_id = m.person_id AND a.year = m.year \
                 AND a.payer = m.payer WHERE m.pending_after_fen + m.posted_after_fen > a.cap_fen",
                "moves passed a limit",
            ),
            (
                &self.settlement,
                "SELECT COUNT(*) FROM (SELECT institution, bill FROM claim WHERE state <> 'reversed' \
                 GROUP BY institution, bill HAVING COUNT(*) > 1) AS twice",
                "bills are settled twice",
            ),
        ];
        let both = [&self.settlement, &self.assistance].into_iter().flat_map(|database| {
            [
                (
                    database,
                    "SELECT ABS(COALESCE(SUM(CASE side WHEN 'debit' THEN amount_fen ELSE -amount_fen END), 0)) FROM journal_line",
                    "fen is what a journal does not balance by",
                ),
                (
                    database,
                    "SELECT COUNT(*) FROM journal j WHERE j.line_count <> (SELECT COUNT(*) FROM journal_line l WHERE l.entry = j.id)",
                    "entries have not their lines",
                ),
                (
                    database,
                    "SELECT COUNT(*) FROM journal_line l WHERE NOT EXISTS (SELECT 1 FROM journal j WHERE j.id = l.entry)",
                    "lines have no entry",
                ),
            ]
        });
        let mut wrong = Vec::new();
        for (database, sql, what) in questions.into_iter().chain(both) {
            let many = rows(database, &format!("SELECT CAST(({sql}) AS BIGINT) AS many")).await;
            let many = number(&many[0], "many");
            if many != 0 {
                wrong.push(format!("{many} {what}"));
            }
        }
        wrong
    }

    /// Says that everything is as it should be when nothing is under way, and gives how many claims stand and how many do not.
    pub(crate) async fn audited(&self, places: &Places) -> (usize, usize) {
        let found = self.found().await;
        let mut wrong = self.wrong_rows().await;
        found.claims_are_whole_or_absent(&mut wrong);
        found.limits_are_what_is_used(&mut wrong);
        found.holds_have_ended_alike(&mut wrong);
        found.nothing_is_lost(&mut wrong);
        let shares: BTreeMap<&String, Amounts> = found
            .facts
            .iter()
            .filter(|(_, fact)| !fact.shares.is_empty())
            .map(|(claim, fact)| (claim, fact.shares.clone()))
            .collect();
        let streamed = streamed(places).await;
        if streamed.iter().collect::<BTreeMap<_, _>>()
            != shares.iter().map(|(claim, shares)| (*claim, shares)).collect()
        {
            wrong.push("settlement streams other shares than assistance keeps".to_owned());
        }
        wrong.extend(verified(places).await);
        assert_eq!(wrong, Vec::<String>::new());
        let reversed = found.claims.values().filter(|claim| claim.is_reversed).count();
        (found.claims.len() - reversed, reversed)
    }
}

impl Found {
    fn claims_are_whole_or_absent(&self, wrong: &mut Vec<String>) {
        let nothing = Amounts::new();
        let [settlement, assistance] = &self.journals;
        let booked = settlement.keys().chain(assistance.keys()).chain(self.facts.keys());
        wrong.extend(
            booked
                .filter(|claim| !self.claims.contains_key(*claim))
                .map(|claim| format!("{claim} is booked, and not there")),
        );
        for (id, claim) in &self.claims {
            let (here, there) = (settlement.get(id).unwrap_or(&nothing), assistance.get(id).unwrap_or(&nothing));
            let Some(fact) = self.facts.get(id) else {
                wrong.push(format!("assistance was never told of {id}"));
                continue;
            };
            if (fact.is_reversed, fact.revision) != (claim.is_reversed, claim.revision) {
                wrong.push(format!("{id} stands otherwise at assistance: {claim:?}, {fact:?}"));
            }
            let of = |amounts: &Amounts, kind: &str| -> i64 {
                amounts.iter().filter(|(account, _)| account.starts_with(kind)).map(|(_, amount)| *amount).sum()
            };
            let share: i64 = fact.shares.values().sum();
            // what assistance owes settlement's books stands in both, and is nothing in sum; the fund behind it paid as much
            if [of(here, "due:"), -of(there, "due:"), of(there, "fund:")] != [share; 3] {
                wrong.push(format!("{id}: of the share of {share} the journals say {here:?} and {there:?}"));
            }
            if claim.is_reversed && !(here.is_empty() && there.is_empty()) {
                wrong.push(format!("{id} is reversed, and the journals say {here:?} and {there:?}"));
            }
            let funds = of(here, "fund:") + of(here, "due:");
            if !claim.is_reversed
                && (funds, -of(here, "payable:"), funds + claim.cash) != (claim.fund, claim.fund, claim.total)
            {
                wrong.push(format!("{id} is not booked as it stands: {claim:?}, {here:?}"));
            }
        }
    }

    fn limits_are_what_is_used(&self, wrong: &mut Vec<String>) {
        let mut used: BTreeMap<(String, i64, String), i64> = BTreeMap::new();
        for (id, fact) in &self.facts {
            let Some(claim) = self.claims.get(id) else { continue };
            for (payer, amount) in &fact.shares {
                *used.entry((claim.person.clone(), claim.year, payer.clone())).or_default() += amount;
            }
        }
        for key in used.keys().filter(|key| !self.limits.contains_key(*key)) {
            wrong.push(format!("{key:?} is used and has no limit"));
        }
        for (key, limit) in &self.limits {
            let posted = used.get(key).copied().unwrap_or_default();
            if (limit.pending, limit.posted) != (0, posted) {
                wrong.push(format!("{key:?}: {limit:?}, and {posted} is used"));
            }
            if limit.cap.is_some_and(|cap| cap != LIMIT) || limit.posted > LIMIT {
                wrong.push(format!("{key:?}: {limit:?} is not within {LIMIT}"));
            }
        }
    }

    fn holds_have_ended_alike(&self, wrong: &mut Vec<String>) {
        for (hold, (state, change)) in &self.holds {
            let end = self.ends.get(hold);
            let is_alike = match state.as_str() {
                "posted" => end.is_some_and(|used_by| !used_by.is_empty() && used_by == change),
                "voided" => end.is_some_and(String::is_empty),
                _ => false,
            };
            if !is_alike {
                wrong.push(format!("hold {hold} is {state} by {change:?}, and settlement says {end:?}"));
            }
        }
        let used = self.ends.iter().filter(|(_, change)| !change.is_empty());
        wrong.extend(
            used.filter(|(hold, _)| !self.holds.contains_key(*hold))
                .map(|(hold, _)| format!("hold {hold} was used and is not there")),
        );
        for (person, made) in self.made.iter().filter(|(_, made)| **made > 0) {
            if self.kept.get(person) != Some(&(*made, *made)) {
                wrong.push(format!("{person}: {made} Changes were made, kept are {:?}", self.kept.get(person)));
            }
        }
    }

    /// By hand: what all bills of a person's year are to get of assistance together, and each of the pooled fund.
    fn nothing_is_lost(&self, wrong: &mut Vec<String>) {
        let mut years: BTreeMap<(&str, i64), (i64, i64, i64)> = BTreeMap::new();
        for (id, claim) in self.claims.iter().filter(|(_, claim)| !claim.is_reversed) {
            let pooled = (claim.total - 30_000) / 10 * 8;
            let share: i64 = self.facts.get(id).map_or(0, |fact| fact.shares.values().sum());
            if claim.total % 1_000 != 0 || claim.fund != pooled + share {
                wrong.push(format!(
                    "{id}: {claim:?}, of which the pooled fund is to pay {pooled} and assistance paid {share}"
                ));
            }
            let year = years.entry((&claim.person, claim.year)).or_default();
            *year = (year.0 + pooled, year.1 + (claim.total - pooled) / 2, year.2 + share);
        }
        for ((person, year), (pooled, halves, paid)) in years {
            let is_destitute = self.destitute.contains(person);
            let due = if is_destitute { halves.min(LIMIT) } else { 0 };
            if paid != due || pooled > POOLED_MOST {
                wrong.push(format!("{person} in {year}: assistance paid {paid} of {due}; the pooled fund {pooled}"));
            }
        }
    }
}

/// The shares that settlement streams, by claim.
async fn streamed(places: &Places) -> BTreeMap<String, Amounts> {
    let mut shares = BTreeMap::new();
    let mut years = places.one_stop().stream_shares(StreamSharesRequest::default()).await.expect("shares").into_inner();
    while let Some(message) = years.message().await.expect("a year") {
        for claim in message.year.and_then(|standing| standing.year).expect("a year").claims {
            let held: Amounts = claim.held.iter().map(|share| (share.payer.clone(), share.amount_fen)).collect();
            if !held.is_empty() {
                shares.insert(claim.claim_id, held);
            }
        }
    }
    shares
}

/// What settlement finds wrong itself.
async fn verified(places: &Places) -> Vec<String> {
    let mut reports =
        places.settlement().verify_years(VerifyYearsRequest::default()).await.expect("verified").into_inner();
    let (mut wrong, mut is_done) = (Vec::new(), false);
    while let Some(report) = reports.message().await.expect("a report") {
        match report.report.expect("a report") {
            verify_years_response::Report::Difference(difference) => wrong.push(format!("{difference:?}")),
            verify_years_response::Report::Progress(progress) => is_done |= progress.done,
        }
    }
    if !is_done {
        wrong.push("verifying ended without its last word".to_owned());
    }
    wrong
}

/// By claim and account, debits less credits of a journal.
async fn journal(database: &DatabaseConnection) -> BTreeMap<String, Amounts> {
    let sql = "SELECT j.reference, l.account, CAST(SUM(CASE l.side WHEN 'debit' THEN l.amount_fen ELSE -l.amount_fen END) AS BIGINT) \
         AS net FROM journal_line l JOIN journal j ON j.id = l.entry GROUP BY j.reference, l.account";
    let mut claims: BTreeMap<String, Amounts> = BTreeMap::new();
    for row in rows(database, sql).await {
        let (account, net) = (text(&row, "account"), number(&row, "net"));
        if net != 0 {
            claims.entry(text(&row, "reference")).or_default().insert(account, net);
        }
    }
    claims
}

pub(crate) async fn rows(database: &DatabaseConnection, sql: &str) -> Vec<QueryResult> {
    let statement = Statement::from_string(database.get_database_backend(), sql);
    database.query_all_raw(statement).await.unwrap_or_else(|error| panic!("{sql}: {error}"))
}

pub(crate) fn text(row: &QueryResult, column: &str) -> String {
    row.try_get("", column).unwrap_or_else(|error| panic!("{column}: {error}"))
}

pub(crate) fn number(row: &QueryResult, column: &str) -> i64 {
    row.try_get("", column).unwrap_or_else(|error| panic!("{column}: {error}"))
}
