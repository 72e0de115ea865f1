//! A town of the tests' own whose rules a hand can follow: in hospital 300.00 deductible each time, then 80 % from the pooled fund;
//! of what is left assistance pays a half for the destitute, at most 1,000.00 a year. Assistance's fund is kept by its own service.

use money::Fen;
use pb::assistance::v1::{
    Ask, Authority, CategoryTerms, GrantCategoryRequest, GrantCategoryResponse, Office, PlannedDay, ReserveRequest,
};
use pb::settlement::v1::{
    Claim, Evidence, ReassessRequest, ReassessResponse, ReverseClaimRequest, ReverseClaimResponse, RevisionCause,
    SettleRequest, SettleResponse, Submission, reverse_claim_request, settle_response,
};
use pb::r#type::v1::{Category, Scheme as SchemePb};
use policy::{Bill, Costs, PackFile, Parts, Person, Policy};
use store::Database;
use terms::{Care, Filing, Institution, Name, PersonGroup, Place, Referral, Scheme};

use crate::cluster::{Places, answered};

/// The town.
const TOWN: &str = "990000";
/// The hospital that bills.
const HOSPITAL: &str = "H00000000001";
/// A day of service before the day of any test run: the processes look at the machine's clock.
const DAY: &str = "2025-03-01";
/// The day's year.
pub(crate) const YEAR: u32 = 2025;

/// 1,300.00: the pooled fund pays (1,300.00 - 300.00) x 0.8 = 800.00; of the 500.00 left assistance pays a half.
pub(crate) const SMALL: i64 = 130_000;
/// 7,800.00: 6,000.00 from the pooled fund; of the 1,800.00 left a half is 900.00, of the limit of 1,000.00.
pub(crate) const LARGE: i64 = 780_000;

fn packs() -> Vec<PackFile> {
    let value = |table: &str, value: &str| format!("[{table}]\ncite = \"EX-1\"\nall = {{ 2020-01-01 = {value} }}\n");
    let payer = |name: &str, kind: &str| {
        format!("[{name}]\nzh = \"付\"\nen = \"payer\"\ncite = \"EX-1\"\nkind = \"fund\"\n{kind}\n")
    };
    let pooled = [
        "counts_admission = true\n".to_owned(),
        value("stack", "[\"pooled\", \"assistance\"]"),
        "[pooled]\npayer = \"pooled_fund\"\ncite = \"EX-1\"\nbase = [\"within_scope\"]\n".to_owned(),
        value("pooled.deductible", "\"300.00\""),
        value("pooled.ratio", "\"0.8\""),
        value("pooled.ceiling", "\"20000.00\""),
    ];
    let assistance = [
        "payer = \"assistance\"\ncite = \"EX-1\"\nbase = [\"within_scope\"]\nmeasure = \"left\"\n".to_owned(),
        "ceiling_counts = \"paid\"\nceiling_period = \"year\"\n".to_owned(),
        value("applies", "\"no\"") + "destitute = { 2020-01-01 = \"yes\" }\n",
        value("ratio", "\"0.5\""),
        value("ceiling", "\"1000.00\""),
    ];
    let payers = [
        payer("pooled_fund", "field = \"hifp_pay\""),
        payer("assistance", "field = \"maf_pay\"\nheld_by = \"assistance\""),
    ];
    let clause = "[EX-1]\ndocument = \"a test\"\nplace = \"in the test\"\nzh = \"测试\"\nen = \"a test\"\n";
    let files = [
        ("clauses.toml", clause.to_owned()),
        ("100000/division.toml", "code = \"100000\"\nzh = \"国\"\nen = \"Nation\"\n".to_owned()),
        ("100000/payers.toml", payers.concat()),
        ("100000/common/assistance.toml", assistance.concat()),
        ("990000/division.toml", "code = \"990000\"\nparent = \"100000\"\nzh = \"地\"\nen = \"Place\"\n".to_owned()),
        ("990000/common/year.toml", value("order", "\"settlement\"")),
        ("990000/resident/inpatient.toml", pooled.concat()),
    ];
    files.map(|(path, text)| PackFile { path: path.to_owned(), text }).into()
}

/// Publishes the town's packs in settlement's database, which is up to date.
pub(crate) async fn publish(url: &str) {
    let database = Database::open(url).await.expect("a database");
    let settings = registry::Settings { redis: None, poll: std::time::Duration::from_secs(1) };
    let registry = registry::Registry::open(registry::Source::Database(database.clone()), settings).await;
    let (operator, reason, source) = ("test".to_owned(), "a test".to_owned(), "a test".to_owned());
    let (id, at) = ("town".to_owned(), "2024-01-01T00:00:00Z".parse().expect("a moment"));
    let seed = registry::Seed { id, files: packs(), operator, reason, source, at };
    registry.expect("a registry").seed(seed).await.expect("the packs are published");
    database.close().await.expect("closed");
}

/// A bill of the hospital for one day, all of it within scope, in fen.
pub(crate) fn bill(key: &str, who: &str, amount: i64) -> SettleRequest {
    let (day, within_scope) = (DAY.parse().expect("a day"), Fen::new(amount));
    let bill = Bill {
        id: Name::new(key).expect("a name"),
        care: Care::Inpatient,
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
    };
    let person = Person {
        division: TOWN.parse().expect("a division"),
        schemes: vec![Scheme::Resident],
        group: PersonGroup::Adult,
        age: Some(40),
        categories: Vec::new(),
        plans: Vec::new(),
        diseases: Vec::new(),
        use_account: false,
        covered: None,
    };
    let submission = Submission {
        person_id: who.to_owned(),
        institution_id: HOSPITAL.to_owned(),
        bill: Some(wire::write::bill(&bill, false)),
        person_facts: Some(wire::write::person(&person)),
        ..Submission::default()
    };
    SettleRequest { idempotency_key: key.to_owned(), submission: Some(submission) }
}

/// Takes out the bill that was settled under a key.
pub(crate) fn reversal(key: &str, original: &str) -> ReverseClaimRequest {
    ReverseClaimRequest {
        idempotency_key: key.to_owned(),
        institution_id: HOSPITAL.to_owned(),
        reason: "a test".to_owned(),
        original: Some(reverse_claim_request::Original::OriginalKey(original.to_owned())),
    }
}

/// Makes somebody destitute from the year's first day on.
pub(crate) fn grant(who: &str) -> GrantCategoryRequest {
    let terms = CategoryTerms {
        category: Category::Destitute.into(),
        from_date: format!("{YEAR}-01-01"),
        authority: Some(Authority {
            office: Office::CivilAffairs.into(),
            division: TOWN.to_owned(),
            name: "the county".to_owned(),
        }),
        evidence: vec![Evidence { kind: "certificate".to_owned(), reference: who.to_owned(), sha256: "a".repeat(64) }],
        ..CategoryTerms::default()
    };
    GrantCategoryRequest {
        idempotency_key: format!("grant-{who}"),
        person_id: who.to_owned(),
        terms: Some(terms),
        operator_id: "officer".to_owned(),
        reason: "a test".to_owned(),
    }
}

/// Asks for a hold of 900.00 that nobody will use.
pub(crate) fn lost_hold(who: &str) -> ReserveRequest {
    ReserveRequest {
        hold_id: format!("lost-{who}"),
        person_id: who.to_owned(),
        division: TOWN.to_owned(),
        policy_version: Policy::compile(&packs()).expect("a policy").version().to_string(),
        scheme: SchemePb::Resident.into(),
        days: vec![PlannedDay { on_date: DAY.to_owned(), categories: vec![Category::Destitute.into()], pinned: true }],
        asks: vec![Ask { year: YEAR, payer: "assistance".to_owned(), net_fen: 90_000 }],
        earlier: Vec::new(),
        owner: "nobody".to_owned(),
    }
}

/// Asks to decide a person's year anew.
fn reassess(key: &str, who: &str) -> ReassessRequest {
    ReassessRequest {
        idempotency_key: key.to_owned(),
        person_id: who.to_owned(),
        year: YEAR,
        cause: RevisionCause::PersonChanged.into(),
        about_id: "a test".to_owned(),
        claw_back: false,
        taken_back: Vec::new(),
    }
}

/// The claim of a settled bill.
pub(crate) fn claim_of(response: &SettleResponse) -> &Claim {
    match &response.outcome {
        Some(settle_response::Outcome::Claim(claim)) => claim,
        other => panic!("not settled: {other:?}"),
    }
}

impl Places {
    /// Settles, however often it has to be asked.
    pub(crate) async fn settles(&self, request: &SettleRequest) -> SettleResponse {
        let calling = || {
            let (mut client, request) = (self.settlement(), request.clone());
            async move { client.settle(request).await }
        };
        let answer = answered(&request.idempotency_key, calling).await;
        assert_eq!(claim_of(&answer).idempotency_key, request.idempotency_key);
        answer
    }

    /// Reverses, however often it has to be asked.
    pub(crate) async fn reverses(&self, request: &ReverseClaimRequest) -> ReverseClaimResponse {
        let calling = || {
            let (mut client, request) = (self.settlement(), request.clone());
            async move { client.reverse_claim(request).await }
        };
        let answer = answered(&request.idempotency_key, calling).await;
        assert!(answer.reversed, "{answer:?}");
        answer
    }

    /// Grants, however often it has to be asked.
    pub(crate) async fn grants(&self, who: &str) -> GrantCategoryResponse {
        let calling = || {
            let mut client = self.categories();
            async move { client.grant_category(grant(who)).await }
        };
        answered(who, calling).await
    }

    /// Asks for a hold that nobody will use.
    pub(crate) async fn loses_a_hold(&self, who: &str) {
        let calling = || {
            let mut client = self.reservations();
            async move { client.reserve(lost_hold(who)).await }
        };
        answered(who, calling).await;
    }

    /// Decides a person's year anew, however often it has to be asked.
    pub(crate) async fn reassesses(&self, key: &str, who: &str) -> ReassessResponse {
        let calling = || {
            let mut client = self.one_stop();
            async move { client.reassess(reassess(key, who)).await }
        };
        answered(key, calling).await
    }
}
