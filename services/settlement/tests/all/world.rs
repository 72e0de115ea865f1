//! A place of the tests' own, whose rules a hand can follow, and what is handed in, read and counted there.
//!
//! A stay in hospital: 300.00 deductible each time, then 80 %, at most 20,000.00 a year. Out of hospital: 300.00 deductible a
//! year, then 80 %, at most 1,000.00 a year. What is left the own account pays, then relatives' accounts, then the person.
//! 990000 orders a year by settlement, 980000 by days of service.

use std::collections::BTreeMap;

use money::{Fen, Rate};
use pb::settlement::v1::{
    Adjustment, Claim, LineRefund, RefundLinesRequest, ReverseClaimRequest, ReverseClaimResponse, SettleRequest,
    SettleResponse, VerifyYearsRequest, reverse_claim_request, settle_response, verify_years_response,
};
use policy::{Bill, Costs, Line, PackFile, Parts, Person};
use sea_orm::{ConnectionTrait as _, Statement, TransactionTrait as _};
use store::Database;
use terms::{Care, Epidemic, Filing, Institution, LineClass, LineKind, Name, PersonGroup, Place, Referral, Scheme};
use tonic::Status;
use tonic_types::StatusExt as _;

use crate::support::{House, Wish, institution, name, shares, submission};

/// Where a year is ordered by settlement.
pub(crate) const BY_SETTLEMENT: &str = "990000";
/// Where a year is ordered by days of service.
pub(crate) const BY_SERVICE: &str = "980000";

fn layers(deductible: &str, ceiling: &str) -> String {
    let value = |table: &str, value: &str| format!("[{table}]\ncite = \"EX-1\"\nall = {{ 2020-01-01 = {value} }}\n");
    let account = |layer: &str| {
        let head =
            format!("[{layer}]\npayer = \"{layer}\"\ncite = \"EX-1\"\nbase = [\"within_scope\"]\nmeasure = \"left\"\n");
        head + &value(&format!("{layer}.ratio"), "\"1\"")
    };
    [
        value("stack", "[\"pooled\", \"account\", \"family_account\"]"),
        format!("[pooled]\npayer = \"pooled_fund\"\ncite = \"EX-1\"\nbase = [\"within_scope\"]\n{deductible}"),
        value("pooled.deductible", "\"300.00\""),
        value("pooled.ratio", "\"0.8\""),
        value("pooled.ceiling", ceiling),
        account("account"),
        account("family_account"),
    ]
    .concat()
}

/// The packs of the tests' places.
pub(crate) fn packs() -> Vec<PackFile> {
    let clause = "[EX-1]\ndocument = \"a test\"\nplace = \"in the test\"\nzh = \"测试\"\nen = \"a test\"\n";
    let payer = |name: &str, kind: &str| format!("[{name}]\nzh = \"付\"\nen = \"payer\"\ncite = \"EX-1\"\n{kind}\n");
    let payers = [
        payer("pooled_fund", "kind = \"fund\"\nfield = \"hifp_pay\""),
        payer("account", "kind = \"account\""),
        payer("family_account", "kind = \"family_account\""),
    ];
    let mut files = vec![
        ("clauses.toml".to_owned(), clause.to_owned()),
        ("100000/division.toml".to_owned(), "code = \"100000\"\nzh = \"国\"\nen = \"Nation\"\n".to_owned()),
        ("100000/payers.toml".to_owned(), payers.concat()),
    ];
    for (division, order) in [(BY_SETTLEMENT, "settlement"), (BY_SERVICE, "service_date")] {
        let inpatient = format!("counts_admission = true\n{}", layers("", "\"20000.00\""));
        let order = format!("[order]\ncite = \"EX-1\"\nall = {{ 2020-01-01 = \"{order}\" }}\n");
        files.extend([
            (
                format!("{division}/division.toml"),
                format!("code = \"{division}\"\nparent = \"100000\"\nzh = \"地\"\nen = \"Place\"\n"),
            ),
            (format!("{division}/common/year.toml"), order),
            (format!("{division}/resident/inpatient.toml"), inpatient),
            (format!("{division}/resident/outpatient.toml"), layers("deductible_period = \"year\"\n", "\"1000.00\"")),
        ]);
    }
    files.into_iter().map(|(path, text)| PackFile { path, text }).collect()
}

/// A service in that place.
pub(crate) async fn town(url: &str) -> House {
    House::open_with(url, Wish { packs: Some(packs()), ..Wish::default() }).await
}

/// Somebody insured there.
pub(crate) fn person(division: &str) -> Person {
    Person {
        division: division.parse().unwrap(),
        schemes: vec![Scheme::Resident],
        group: PersonGroup::Adult,
        age: Some(40),
        categories: Vec::new(),
        plans: Vec::new(),
        diseases: Vec::new(),
        use_account: true,
        covered: None,
    }
}

/// A bill out of hospital on one day, all of it within scope, in fen.
pub(crate) fn visit(id: &str, day: &str, amount: i64) -> Bill {
    let day = day.parse().unwrap();
    let within_scope = Fen::new(amount);
    Bill {
        id: name(id),
        care: Care::Outpatient,
        institution: Institution::Primary,
        place: Place::Local,
        filing: Filing::AtHome,
        referral: Referral::Followed,
        from: day,
        to: day,
        settled: day,
        disease: Name::EMPTY,
        total: within_scope,
        costs: Costs::Parts(Parts { within_scope, ..Parts::default() }),
    }
}

/// A bill in hospital from one day to another.
pub(crate) fn stay(id: &str, (from, to): (&str, &str), amount: i64) -> Bill {
    let bill = visit(id, to, amount);
    Bill { care: Care::Inpatient, from: from.parse().unwrap(), ..bill }
}

/// A bill with fee lines of class A: for each its quantity and price in fen.
pub(crate) fn with_lines(bill: &Bill, lines: &[(i64, i64)]) -> Bill {
    let line = |(quantity, price): &(i64, i64)| Line {
        item: "item".to_owned(),
        kind: LineKind::Drug,
        class: Some(LineClass::A),
        amount: Fen::new(quantity * price),
        quantity: Rate::from_millionths(quantity * Rate::SCALE),
        unit_price: Fen::new(*price),
        price_limit: None,
        first_self_paid: Some(Rate::ZERO),
        epidemic: Epidemic::Ordinary,
    };
    let lines: Vec<Line> = lines.iter().map(line).collect();
    Bill { total: lines.iter().map(|line| line.amount).sum(), costs: Costs::Lines(lines), ..bill.clone() }
}

/// A bill of the first institution to settle, ordered by settlement.
pub(crate) fn asks(key: &str, who: &str, bill: &Bill) -> SettleRequest {
    asks_in(BY_SETTLEMENT, key, who, bill)
}

pub(crate) fn asks_in(division: &str, key: &str, who: &str, bill: &Bill) -> SettleRequest {
    let mut submission = submission(who, &institution(1), &person(division), bill);
    submission.with_steps = false;
    SettleRequest { idempotency_key: key.to_owned(), submission: Some(submission) }
}

/// The claim of a settled bill.
pub(crate) fn claim_of(response: SettleResponse) -> Claim {
    match response.outcome {
        Some(settle_response::Outcome::Claim(claim)) => claim,
        other => panic!("not settled: {other:?}"),
    }
}

impl House {
    /// Settles a bill and gives the claim; its adjustments are looked at by tests that want them.
    pub(crate) async fn settles(&self, key: &str, who: &str, bill: &Bill) -> Claim {
        claim_of(self.client().settle(asks(key, who, bill)).await.expect("settled").into_inner())
    }

    pub(crate) async fn reverses(&self, key: &str, claim: &Claim) -> Result<ReverseClaimResponse, Status> {
        self.client().reverse_claim(reversal(key, &claim.claim_id)).await.map(tonic::Response::into_inner)
    }

    /// Says that verifying every person-year finds no difference, and gives how many there are.
    pub(crate) async fn is_sound(&self) -> u64 {
        let (checked, differences) = verified(&self.channel()).await;
        assert_eq!(differences, Vec::<String>::new());
        checked
    }
}

/// How many person-years there are and all differences that verifying finds; the journal adds up to zero.
pub(crate) async fn verified(channel: &rpc::Client) -> (u64, Vec<String>) {
    let mut client = pb::settlement::v1::settlement_service_client::SettlementServiceClient::new(channel.clone());
    let mut reports = client.verify_years(VerifyYearsRequest::default()).await.expect("verified").into_inner();
    let mut differences = Vec::new();
    while let Some(report) = reports.message().await.expect("a report") {
        match report.report.expect("a report") {
            verify_years_response::Report::Difference(difference) => differences.push(format!("{difference:?}")),
            verify_years_response::Report::Progress(progress) if progress.done => {
                assert_eq!(progress.journal_fen, 0);
                assert_eq!(progress.years_checked, progress.years_total);
                return (progress.years_checked, differences);
            }
            verify_years_response::Report::Progress(_) => {}
        }
    }
    panic!("verifying ended without its last word");
}

pub(crate) fn reversal(key: &str, claim_id: &str) -> ReverseClaimRequest {
    ReverseClaimRequest {
        idempotency_key: key.to_owned(),
        institution_id: institution(1),
        reason: "a test".to_owned(),
        original: Some(reverse_claim_request::Original::ClaimId(claim_id.to_owned())),
    }
}

pub(crate) fn reversal_by_key(key: &str, original: &str) -> ReverseClaimRequest {
    let original = Some(reverse_claim_request::Original::OriginalKey(original.to_owned()));
    ReverseClaimRequest { original, ..reversal(key, "") }
}

/// What is given back: for each line its place and the amount in fen.
pub(crate) fn refund(key: &str, claim_id: &str, lines: &[(u32, i64)]) -> RefundLinesRequest {
    let line =
        |(line, amount_fen): &(u32, i64)| LineRefund { line: *line, amount_fen: *amount_fen, quantity: String::new() };
    RefundLinesRequest {
        idempotency_key: key.to_owned(),
        claim_id: claim_id.to_owned(),
        lines: lines.iter().map(line).collect(),
        reason: "a test".to_owned(),
    }
}

/// Fund, own account, relatives' accounts and cash of a claim, in fen.
pub(crate) fn split(claim: &Claim) -> [i64; 4] {
    let shares = shares(claim.decision.as_ref().expect("a decision"));
    [shares.fund_fen, shares.account_fen, shares.family_account_fen, shares.cash_fen]
}

/// By bill: what the fund's share and the cash changed by, in fen.
pub(crate) fn changes(adjustments: &[Adjustment]) -> Vec<(String, i64, i64)> {
    let fund = |adjustment: &Adjustment| {
        adjustment.payers.iter().find(|payer| payer.payer == "pooled_fund").map_or(0, |payer| payer.amount_fen)
    };
    adjustments.iter().map(|one| (one.bill_id.clone(), fund(one), one.cash_fen)).collect()
}

/// The stable reason of a status.
#[track_caller]
pub(crate) fn reason(status: &Status) -> String {
    let details = status.get_error_details();
    details.error_info().unwrap_or_else(|| panic!("no reason: {status:?}")).reason.clone()
}

/// What a reason speaks of.
pub(crate) fn about(status: &Status, key: &str) -> String {
    let details = status.get_error_details();
    details.error_info().and_then(|info| info.metadata.get(key).cloned()).unwrap_or_default()
}

/// The fields a status complains of, in order.
pub(crate) fn fields(status: &Status) -> Vec<String> {
    let details = status.get_error_details();
    let violations = details.bad_request().map(|request| request.field_violations.clone()).unwrap_or_default();
    violations.into_iter().map(|violation| violation.field).collect()
}

/// How many rows each table has that a refused call leaves alone.
pub(crate) async fn rows(database: &Database) -> BTreeMap<&'static str, i64> {
    let mut counts = BTreeMap::new();
    for table in ["claim", "decision", "journal", "movement", "person_year", "invoice", "reversal"] {
        counts.insert(table, count(database, &format!("SELECT COUNT(*) AS n FROM {table}")).await);
    }
    counts
}

/// The number a statement gives as `n`.
pub(crate) async fn count(database: &Database, sql: &str) -> i64 {
    let reader = database.reader();
    let sql = format!("SELECT CAST(({sql}) AS BIGINT) AS n");
    let statement = Statement::from_string(reader.get_database_backend(), sql);
    let row = reader.query_one_raw(statement).await.expect("counted").expect("a row");
    row.try_get("", "n").expect("a number")
}

/// What is on a person's account, in fen.
pub(crate) async fn balance(database: &Database, who: &str) -> i64 {
    count(database, &format!("SELECT COALESCE(SUM(balance_fen), 0) AS n FROM account WHERE person = '{who}'")).await
}

/// A transaction of somebody else that has a person's account, and with SQLite the whole database, until it is let go.
pub(crate) struct Held(sea_orm::DatabaseTransaction);

impl Held {
    pub(crate) async fn account(url: &str, who: &str) -> Self {
        Self::by(url, &format!("UPDATE account SET moves = moves WHERE person = '{who}'")).await
    }

    pub(crate) async fn by(url: &str, sql: &str) -> Self {
        let other = sea_orm::Database::connect(url).await.expect("a connection");
        let held = other.begin().await.expect("a transaction");
        held.execute_unprepared(sql).await.expect("a lock");
        Self(held)
    }

    pub(crate) async fn let_go(self) {
        self.0.rollback().await.expect("let go");
    }
}

/// Waits until so many transactions of PostgreSQL wait for a lock.
pub(crate) async fn until_waiting(database: &Database, many: i64) {
    let waiting = "SELECT COUNT(DISTINCT pid) AS n FROM pg_locks WHERE NOT granted";
    until("transactions wait", async || count(database, waiting).await >= many).await;
}

/// Looks again and again until something is so, for at most twenty seconds.
pub(crate) async fn until(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    let deadline = tokio::time::Instant::now() + std::time::Duration::from_secs(20);
    let mut looks = tokio::time::interval(std::time::Duration::from_millis(10));
    while !is_so().await {
        assert!(tokio::time::Instant::now() < deadline, "in twenty seconds not: {what}");
        looks.tick().await;
    }
}

/// Numbers drawn by lot, the same for the same seed (SplitMix64).
pub(crate) struct Lots(u64);

impl Lots {
    pub(crate) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A number below `most`, which is above zero.
    pub(crate) fn below(&mut self, most: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % most
    }
}

impl Held {
    /// Runs a statement and commits it, with a connection of its own.
    pub(crate) async fn done(url: &str, sql: &str) {
        let other = sea_orm::Database::connect(url).await.expect("a connection");
        other.execute_unprepared(sql).await.expect("done");
        other.close().await.expect("closed");
    }

    /// Whether the database refuses a statement.
    pub(crate) async fn refused(url: &str, sql: &str) -> bool {
        let other = sea_orm::Database::connect(url).await.expect("a connection");
        let refused = other.execute_unprepared(sql).await.is_err();
        other.close().await.expect("closed");
        refused
    }

    /// Whether somebody else is writing to a SQLite file now.
    pub(crate) async fn is_taken(url: &str) -> bool {
        let other = sea_orm::Database::connect(url).await.expect("a connection");
        other.execute_unprepared("PRAGMA busy_timeout = 0").await.expect("done");
        let taken = other.execute_unprepared("BEGIN IMMEDIATE; ROLLBACK").await.is_err();
        other.close().await.expect("closed");
        taken
    }
}
