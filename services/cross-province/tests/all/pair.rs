//! Two provinces: the one with the hospital, and the one where the patient is insured, which has its settlement.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use ::pb::policy::v1::bill::Costs;
use ::pb::policy::v1::{Bill, Parts as BillParts};
use ::pb::r#type::v1::{Care, Institution, PersonGroup, Referral, Scheme};
use cross_province::{MIGRATIONS, Parts, Peers, Policies, default_terms};
use crossing::{SigningKey, Terms};
use host::{Ids as _, Server, Services, Stop, SystemClock, SystemIds};
use pb::care_service_client::CareServiceClient;
use pb::cross_province::v1 as pb;
use pb::filing_service_client::FilingServiceClient;
use pb::peer_service_client::PeerServiceClient;
use policy::{PackFile, Policy};
use rpc::Tls;
use store::sea_orm::{ConnectionTrait as _, Statement};
use store::{Database, migrations};
use terms::Name;
use testkit::{Authority, Proxy};

/// Where the hospital is.
pub(crate) const CARE: &str = "990000";
/// Where the patient is insured.
pub(crate) const INSURED: &str = "980000";
/// Who hands on messages between the two, where one does.
pub(crate) const HUB: &str = "960000";

/// The packs of both, which share one settlement here. The place of insurance pays 80 % of what is within scope beyond 300.00 a year, at most 20,000.00.
pub(crate) fn packs() -> Vec<PackFile> {
    let value = |table: &str, value: &str| format!("[{table}]\ncite = \"EX-1\"\nall = {{ 2020-01-01 = {value} }}\n");
    let outpatient = [
        value("stack", "[\"pooled\"]"),
        "[pooled]\npayer = \"pooled_fund\"\ncite = \"EX-1\"\nbase = [\"within_scope\"]\ndeductible_period = \"year\"\n"
            .to_owned(),
        value("pooled.deductible", "\"300.00\""),
        value("pooled.ratio", "\"0.8\""),
        value("pooled.ceiling", "\"20000.00\""),
    ]
    .concat();
    let files = [
        (
            "clauses.toml",
            "[EX-1]\ndocument = \"a test\"\nplace = \"in the test\"\nzh = \"测试\"\nen = \"a test\"\n".to_owned(),
        ),
        ("100000/division.toml", "code = \"100000\"\nzh = \"国\"\nen = \"Nation\"\n".to_owned()),
        (
            "100000/payers.toml",
            "[pooled_fund]\nzh = \"付\"\nen = \"payer\"\ncite = \"EX-1\"\nkind = \"fund\"\nfield = \"hifp_pay\"\n"
                .to_owned(),
        ),
        ("980000/division.toml", "code = \"980000\"\nparent = \"100000\"\nzh = \"地\"\nen = \"Place\"\n".to_owned()),
        ("980000/common/year.toml", "[order]\ncite = \"EX-1\"\nall = { 2020-01-01 = \"settlement\" }\n".to_owned()),
        ("980000/resident/outpatient.toml", outpatient),
        ("990000/division.toml", "code = \"990000\"\nparent = \"100000\"\nzh = \"处\"\nen = \"Other\"\n".to_owned()),
        ("990000/common/scope.toml", SCOPE.to_owned()),
    ];
    files.into_iter().map(|(path, text)| PackFile { path: path.to_owned(), text }).collect()
}

/// How the place of care splits lines: of class B the patient pays 20 % first.
const SCOPE: &str =
    "cite = \"EX-1\"\n[first_self_paid]\nall = { 2020-01-01 = \"0\" }\nclass_b = { 2020-01-01 = \"0.20\" }\n";

/// The same with filing: who is temporarily away pays a tenth first, who has not filed four tenths, and is settled directly or not.
/// A temporary filing is valid for six months, a long-term one locked for as long.
pub(crate) fn filing_packs(is_unfiled_direct: bool) -> Vec<PackFile> {
    let rows = |table: &str, rows: &str| format!("[{table}]\ncite = \"EX-1\"\n{rows}\n");
    let direct = if is_unfiled_direct { "yes" } else { "no" };
    let elsewhere = "local = { 2020-01-01 = \"0\" }\nin_province = { 2020-01-01 = \"0\" }\n\
         \"out_of_province & long_term\" = { 2020-01-01 = \"0\" }\n\
         \"out_of_province & referred | emergency | temporary\" = { 2020-01-01 = \"0.10\" }\n\
         \"out_of_province & unfiled\" = { 2020-01-01 = \"0.40\" }";
    let crossing = [
        rows("valid_months", "\"referred | temporary\" = { 2020-01-01 = \"6\" }"),
        rows("lock_months", "long_term = { 2020-01-01 = \"6\" }"),
        rows("documents", "long_term = { 2020-01-01 = [\"residence_proof\"] }"),
        rows("promise", "long_term = { 2020-01-01 = \"yes\" }"),
        rows("direct", &format!("unfiled = {{ 2020-01-01 = \"{direct}\" }}")),
        rows("diseases", "all = { 2020-01-01 = [\"hypertension\"] }"),
    ];
    let disease = |name: &str, code: &str| {
        format!("[{name}]\nzh = \"病\"\nen = \"a disease\"\ncodes = [\"{code}\"]\ncite = \"EX-1\"\n")
    };
    let more = [
        ("980000/common/elsewhere.toml", rows("extra_first_self_paid", elsewhere)),
        ("980000/common/cross_province.toml", crossing.concat()),
        ("100000/diseases.toml", disease("hypertension", "M03900") + &disease("diabetes", "M01600")),
    ];
    let mut files = packs();
    files.extend(more.into_iter().map(|(path, text)| PackFile { path: path.to_owned(), text }));
    files
}

/// A province as others see it.
pub(crate) struct Province {
    pub(crate) calls: SocketAddr,
    pub(crate) line: SocketAddr,
    pub(crate) database: Database,
}

/// Both, and the settlement of the place of insurance.
pub(crate) struct Pair {
    pub(crate) care: Province,
    pub(crate) insured: Province,
    pub(crate) settlement: Database,
    /// The line from the place of care to the place of insurance.
    pub(crate) proxy: Proxy,
    /// The table of peers of both.
    pub(crate) table: Peers,
    /// Who signs their certificates, where they have some.
    pub(crate) authority: Authority,
    /// Who hands on between them, where somebody does.
    pub(crate) hub: Option<Province>,
}

/// How two provinces reach each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lines {
    /// In plaintext, as inside one process, through a line that a test can break.
    Plain,
    /// Over mutual TLS.
    Certified,
    /// Over mutual TLS, through a hub.
    Hub,
    /// In plaintext, with a centre that clears months.
    Cleared,
}

impl Lines {
    const fn is_plain(self) -> bool {
        matches!(self, Self::Plain | Self::Cleared)
    }
}

/// The name of a province in its certificate.
pub(crate) fn uri_of(province: &str) -> String {
    format!("spiffe://yibao.test/province/{province}")
}

pub(crate) fn key_of(province: &str) -> SigningKey {
    let mut seed = [0; 32];
    seed[..6].copy_from_slice(province.as_bytes());
    SigningKey::from_seed(Name::new("k1").unwrap(), &seed).unwrap()
}

fn table(of: &[(&str, SocketAddr)], lines: Lines) -> String {
    let row = |(province, line): &(&str, SocketAddr)| {
        let public = hex::encode(key_of(province).public());
        let key = format!("[[peer.key]]\nid = \"k1\"\npublic = \"{public}\"\nfrom = \"2020-01-01\"\n");
        let scheme = if lines.is_plain() { "http" } else { "https" };
        let peer = format!("[[peer]]\nprovince = \"{province}\"\naddress = \"{scheme}://{line}\"\n");
        let uri = if lines.is_plain() { String::new() } else { format!("uri = \"{}\"\n", uri_of(province)) };
        let is_far = lines == Lines::Hub && *province != HUB;
        let via = if is_far { format!("via = \"{HUB}\"\n") } else { String::new() };
        let centre = if lines == Lines::Cleared && *province == HUB { "centre = true\n" } else { "" };
        [peer.as_str(), centre, &uri, &via, &key].concat()
    };
    of.iter().map(row).collect()
}

/// A database of its own beside that of the URL.
pub(crate) async fn beside(url: &str, name: &str) -> Database {
    if url.starts_with("sqlite:") {
        return Database::open(&url.replace("test.db", &format!("{name}.db"))).await.unwrap();
    }
    let first = Database::open(url).await.unwrap();
    first.reader().execute_unprepared(&format!("CREATE DATABASE {name}")).await.unwrap();
    Database::open(&format!("{}/{name}", url.strip_suffix("/postgres").unwrap())).await.unwrap()
}

/// Quick about everything, so that a test need not wait.
pub(crate) fn quick() -> Terms {
    let milliseconds = chrono::Duration::milliseconds;
    Terms { first_wait: milliseconds(50), most_wait: milliseconds(400), ..default_terms() }
}

async fn serve(server: Server, services: Services) {
    server.serve(services, Duration::from_secs(5), std::future::pending()).await.unwrap();
}

/// Settlement of the place of insurance, late enough for every bill of a test.
pub(crate) async fn settles(database: &Database, files: Vec<PackFile>, enrols: SocketAddr) -> SocketAddr {
    migrations::migrate(database, settlement::wiring::MIGRATIONS).await.unwrap();
    let settings = registry::Settings { redis: None, poll: Duration::from_secs(1) };
    let registry = registry::Registry::open(registry::Source::Database(database.clone()), settings).await.unwrap();
    let text = || "test".to_owned();
    let (id, at) = (SystemIds.next().to_string(), "2026-01-01T00:00:00Z".parse().unwrap());
    registry.seed(registry::Seed { id, files, operator: text(), reason: text(), source: text(), at }).await.unwrap();
    let parts = settlement::wiring::Parts {
        database: database.clone(),
        redis: None,
        poll: Duration::from_secs(1),
        enrolment: Some(format!("http://{enrols}")),
        assistance: None,
        patience: Duration::from_secs(1),
        trusts_facts: true,
        trusts_cross_province: true,
        clock: Arc::new(SystemClock),
        ids: Arc::new(SystemIds),
    };
    let running = settlement::wiring::start(parts, std::future::pending()).await.unwrap();
    let server = Server::bind_silently((Ipv4Addr::LOCALHOST, 0).into()).await.unwrap();
    let address = server.address();
    tokio::spawn(serve(server, running.services));
    address
}

impl Pair {
    /// Both provinces, ready.
    pub(crate) async fn open(url: &str) -> Self {
        Self::over(url, Lines::Plain).await
    }

    /// Both provinces, over lines of this kind.
    pub(crate) async fn over(url: &str, lines: Lines) -> Self {
        Self::under(url, lines, packs()).await
    }

    /// Both provinces, the place of insurance with these packs.
    pub(crate) async fn under(url: &str, lines: Lines, files: Vec<PackFile>) -> Self {
        let settlement = Database::open(url).await.unwrap();
        let enrols = crate::enrols::enrols().await;
        let policy = Arc::new(Policy::compile(&files).unwrap());
        let settled = settles(&settlement, files, enrols).await;
        let mut ports = Vec::new();
        for _ in 0..6 {
            ports.push(Server::bind_silently((Ipv4Addr::LOCALHOST, 0).into()).await.unwrap());
        }
        let [care_calls, care_line, insured_calls, insured_line, hub_calls, hub_line] =
            <[Server; 6]>::try_from(ports).unwrap();
        let proxy = Proxy::to(insured_line.address()).await;
        let addresses = [(CARE, care_line.address()), (INSURED, proxy.address()), (HUB, hub_line.address())];
        let peers =
            table(if matches!(lines, Lines::Hub | Lines::Cleared) { &addresses } else { &addresses[..2] }, lines);
        let (table, authority) = (Peers::read(&peers).unwrap(), Authority::new());
        let all =
            Common { peers: &peers, settled, enrols, policy, authority: (!lines.is_plain()).then_some(&authority) };
        let care = all.province(CARE, beside(url, "care").await, (care_calls, care_line)).await;
        let insured = all.province(INSURED, beside(url, "insured").await, (insured_calls, insured_line)).await;
        let hub = match lines {
            Lines::Hub | Lines::Cleared => {
                Some(all.province(HUB, beside(url, "hub").await, (hub_calls, hub_line)).await)
            }
            Lines::Plain | Lines::Certified => None,
        };
        Self { care, insured, settlement, proxy, table, authority, hub }
    }

    /// What hospitals call.
    pub(crate) fn hospital(&self) -> CareServiceClient<rpc::Client> {
        CareServiceClient::new(rpc::channel(&format!("http://{}", self.care.calls)).unwrap())
    }

    /// What people and officers of the place of insurance call.
    pub(crate) fn filings(&self) -> FilingServiceClient<rpc::Client> {
        FilingServiceClient::new(rpc::channel(&format!("http://{}", self.insured.calls)).unwrap())
    }

    /// What the place of care calls.
    pub(crate) fn line(&self) -> PeerServiceClient<rpc::Client> {
        PeerServiceClient::new(rpc::channel(&format!("http://{}", self.insured.line)).unwrap())
    }

    /// Settles a bill and gives it.
    pub(crate) async fn settles(&self, key: &str, bill: Bill) -> pb::CrossBill {
        let answer = self.hospital().settle_bill(asks(key, bill)).await.expect("answered").into_inner();
        match answer.outcome {
            Some(pb::settle_bill_response::Outcome::Settled(bill)) => bill,
            other => panic!("not settled: {other:?}"),
        }
    }

    /// Debits less credits of accounts like this, in fen, in a journal.
    pub(crate) async fn net(database: &Database, account: &str) -> i64 {
        let sql = "SELECT CAST(COALESCE(SUM(CASE side WHEN 'debit' THEN amount_fen ELSE -amount_fen END), 0) AS BIGINT) AS n \
             FROM journal_line WHERE account LIKE $1";
        let statement = Statement::from_sql_and_values(database.reader().get_database_backend(), sql, [account.into()]);
        database.reader().query_one_raw(statement).await.unwrap().unwrap().try_get("", "n").unwrap()
    }

    pub(crate) async fn count(database: &Database, sql: &str) -> i64 {
        let statement = Statement::from_string(database.reader().get_database_backend(), sql);
        database.reader().query_one_raw(statement).await.unwrap().unwrap().try_get("", "n").unwrap()
    }
}

/// What all provinces of a test share.
struct Common<'a> {
    peers: &'a str,
    settled: SocketAddr,
    enrols: SocketAddr,
    policy: Arc<Policy>,
    authority: Option<&'a Authority>,
}

impl Common<'_> {
    async fn province(&self, code: &str, database: Database, (calls, mut line): (Server, Server)) -> Province {
        migrations::migrate(&database, MIGRATIONS).await.unwrap();
        let tls = self.authority.map(|authority| {
            let issued = authority.issue(&uri_of(code));
            Tls::new(&issued.certificate, &issued.key, &authority.certificate())
        });
        let parts = Parts {
            database: database.clone(),
            province: code.parse().unwrap(),
            peers: Peers::read(self.peers).unwrap(),
            key: key_of(code),
            tls: tls.clone(),
            forwards: code == HUB,
            settlement: rpc::channel(&format!("http://{}", self.settled)).unwrap(),
            enrolment: Some(rpc::channel(&format!("http://{}", self.enrols)).unwrap()),
            policies: Policies::Fixed(Arc::clone(&self.policy)),
            clock: Arc::new(SystemClock),
            ids: Arc::new(SystemIds),
            terms: quick(),
        };
        let mut running = cross_province::start(parts, &Stop::when(std::future::pending())).unwrap();
        running.tasks.detach_all();
        if let Some(tls) = tls {
            line = line.over(tls);
        }
        let place = Province { calls: calls.address(), line: line.address(), database };
        tokio::spawn(serve(calls, running.services));
        tokio::spawn(serve(line, running.peer_services));
        place
    }
}

/// The first hospital.
pub(crate) fn hospital() -> String {
    "H99000000001".to_owned()
}

/// A visit of so many fen within scope.
pub(crate) fn visit(id: &str, amount: i64) -> Bill {
    Bill {
        bill_id: id.to_owned(),
        care: Care::Outpatient.into(),
        institution: Institution::Primary.into(),
        referral: Referral::FollowedReferral.into(),
        from_date: "2026-03-01".to_owned(),
        to_date: "2026-03-01".to_owned(),
        total_fen: amount,
        costs: Some(Costs::Parts(BillParts { within_scope_fen: amount, ..BillParts::default() })),
        ..Bill::default()
    }
}

/// The same of somebody who is no emergency.
pub(crate) fn asks_for(person: &str, key: &str, bill: Bill) -> pb::SettleBillRequest {
    let asked = asks(key, bill);
    let submission = asked.submission.map(|submission| pb::CareSubmission {
        insured_id: person.to_owned(),
        emergency: false,
        ..submission
    });
    pb::SettleBillRequest { submission, ..asked }
}

pub(crate) fn asks(key: &str, bill: Bill) -> pb::SettleBillRequest {
    let submission = pb::CareSubmission {
        insured_id: "p".to_owned(),
        insured_division: INSURED.to_owned(),
        care_division: CARE.to_owned(),
        institution_id: hospital(),
        scheme: Scheme::Resident.into(),
        group: PersonGroup::Adult.into(),
        bill: Some(bill),
        emergency: true,
        ..pb::CareSubmission::default()
    };
    pb::SettleBillRequest { idempotency_key: key.to_owned(), submission: Some(submission) }
}
