//! Premium assistance in the books of enrolment and of assistance (SD-2, TB-3), with the packs that ship and all three services as processes
//! of their own, two of which are killed meanwhile.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use pb::assistance::v1::category_service_client::CategoryServiceClient;
use pb::assistance::v1::report_service_client::ReportServiceClient;
use pb::assistance::v1::{
    Authority, CategoryTerms, GetPremiumReportRequest, GrantCategoryRequest, Office, ReportTerms,
};
use pb::enrolment::v1::enrolment_service_client::EnrolmentServiceClient;
use pb::enrolment::v1::import_service_client::ImportServiceClient;
use pb::enrolment::v1::person_service_client::PersonServiceClient;
use pb::enrolment::v1::{
    DocumentType, EndEnrolmentRequest, EndReason, EnrolRequest, Enrolment, EnrolmentTerms, Identity,
    ImportPeopleRequest, ImportRow, RegisterPersonRequest, Sex, enrol_response,
};
use pb::r#type::v1::{Category, EnrolHow, PersonGroup, Scheme};
use sea_orm::{ConnectionTrait as _, DatabaseConnection};
use testkit::{Program, Serving, free_ports, on_both};
use tonic_types::StatusExt as _;

use crate::audit::{number, rows, text};
use crate::cluster::{ASSISTANCE, SETTLEMENT, answered, beside, until};

const ENROLMENT: Program = Program::new(env!("CARGO_BIN_EXE_e2e-enrolment"), "YIBAO_ENROLMENT_");

/// The district of TB-3.
const DISTRICT: &str = "370890";
/// 115 rows of an import and 25 people at a window, of whom one was a mistake: 139.
const IMPORTED: u32 = 115;
const AT_THE_WINDOW: u32 = 25;

/// Three processes, killed with the test.
struct Services {
    at: [SocketAddr; 3],
    urls: [String; 3],
    channels: [rpc::Client; 3],
    running: [Option<Serving>; 3],
    /// Enrolment's and assistance's databases, read by anybody's SQL.
    books: [DatabaseConnection; 2],
}

const PROGRAMS: [Program; 3] = [SETTLEMENT, ENROLMENT, ASSISTANCE];
const ENROLS: usize = 1;
const ASSISTS: usize = 2;

impl Services {
    async fn open(url: &str) -> Self {
        let urls = [url.to_owned(), beside(url, "enrolment").await, beside(url, "assistance").await];
        let [settlement, enrolment, assistance] = free_ports();
        let at = [settlement, enrolment, assistance];
        let channels = at.map(|at| rpc::channel(&format!("http://{at}")).expect("an address"));
        for (program, url) in PROGRAMS.iter().zip(&urls) {
            let mut told = vec![("DATABASE_URL", url.as_str())];
            told.extend((*url != urls[0]).then_some(("SETTLEMENT_ADDRESS", "http://127.0.0.1:1")));
            let ended = program.run(&["migrate"], &told);
            assert_eq!(ended.code, 0, "{ended:?}");
        }
        let database = async |at: usize| sea_orm::Database::connect(&urls[at]).await.expect("a database");
        let books = [database(ENROLS).await, database(ASSISTS).await];
        let mut services = Self { at, urls, channels, running: [None, None, None], books };
        for who in 0..3 {
            services.start(who).await;
        }
        services
    }

    async fn start(&mut self, who: usize) {
        let addresses = self.at.map(|at| format!("http://{at}"));
        let listen = self.at[who].to_string();
        let mut told = vec![("LISTEN", listen.as_str()), ("LOG", "off"), ("DATABASE_CONNECTIONS", "8")];
        told.push(("DATABASE_URL", self.urls[who].as_str()));
        let others = [("SETTLEMENT_ADDRESS", 0), ("ENROLMENT_ADDRESS", ENROLS), ("ASSISTANCE_ADDRESS", ASSISTS)];
        told.extend(others.iter().filter(|(_, at)| *at != who).map(|(name, at)| (*name, addresses[*at].as_str())));
        self.running[who] = Some(PROGRAMS[who].serve(&told).await);
    }

    /// SIGKILL. What it had taken for a time is free at once, as if that time had passed.
    async fn kill(&mut self, who: usize) {
        self.running[who].take().expect("it runs").kill();
        let freed = "UPDATE outbox SET lease_until = 0 WHERE delivered_at IS NULL";
        self.books[who - 1].execute_unprepared(freed).await.expect("freed");
    }

    fn enrolments(&self) -> EnrolmentServiceClient<rpc::Client> {
        EnrolmentServiceClient::new(self.channels[ENROLS].clone())
    }

    /// Waits until enrolment has told everything.
    async fn everything_is_told(&self) {
        let left = "SELECT count(*) AS n FROM outbox WHERE delivered_at IS NULL";
        until("everything is told", async || number(&rows(&self.books[0], left).await[0], "n") == 0).await;
    }

    /// By enrolment, debits less credits on an account, in fen.
    async fn by_enrolment(&self, book: usize, account: &str) -> BTreeMap<String, i64> {
        let sql = format!(
            "SELECT j.reference, CAST(sum(CASE l.side WHEN 'debit' THEN l.amount_fen ELSE -l.amount_fen END) AS BIGINT) AS net_fen \
             FROM journal_line l JOIN journal j ON j.id = l.entry WHERE l.account = '{account}' GROUP BY j.reference"
        );
        let found = rows(&self.books[book], &sql).await;
        found.iter().map(|row| (text(row, "reference"), number(row, "net_fen"))).collect()
    }
}

fn identity(number: u32) -> Identity {
    Identity {
        name: format!("某人{number}"),
        document_type: DocumentType::Passport.into(),
        document_number: format!("P{number:08}"),
        born_date: "1980-01-01".to_owned(),
        sex: Sex::Female.into(),
        phone: String::new(),
    }
}

/// A resident of the district for 2022, in the central period of 2021.
fn terms() -> EnrolmentTerms {
    EnrolmentTerms {
        division: DISTRICT.to_owned(),
        scheme: Scheme::Resident.into(),
        group: PersonGroup::Adult.into(),
        cover_year: 2022,
        how: EnrolHow::CentralPeriod.into(),
        enrolled_date: "2021-11-15".to_owned(),
        ..EnrolmentTerms::default()
    }
}

fn granting(person: &str) -> GrantCategoryRequest {
    let authority = Authority {
        office: Office::CivilAffairs.into(),
        division: DISTRICT.to_owned(),
        name: "the district".to_owned(),
    };
    let terms = CategoryTerms {
        category: Category::Destitute.into(),
        from_date: "2021-01-01".to_owned(),
        authority: Some(authority),
        ..CategoryTerms::default()
    };
    GrantCategoryRequest {
        idempotency_key: format!("grant-{person}"),
        person_id: person.to_owned(),
        terms: Some(terms),
        operator_id: "officer".to_owned(),
        reason: "a test".to_owned(),
    }
}

/// The bulk of them, with the category that is handed in.
async fn import(services: &Services) {
    let row = |number: u32| ImportRow {
        row: number.into(),
        identity: Some(identity(1_000 + number)),
        household_reference: String::new(),
        terms: Some(EnrolmentTerms { categories: vec![Category::Destitute.into()], ..terms() }),
        payment: None,
    };
    let message = ImportPeopleRequest {
        idempotency_key: "import".to_owned(),
        source: "a file".to_owned(),
        rows_total: IMPORTED.into(),
        rows: (1..=IMPORTED).map(row).collect(),
        last: true,
    };
    let client = ImportServiceClient::new(services.channels[ENROLS].clone());
    let importing = || {
        let (mut client, messages) = (client.clone(), tokio_stream::iter([message.clone()]));
        async move { client.import_people(messages).await }
    };
    let done = answered("import", importing).await.import.expect("an import");
    // 115 x 320.00
    assert_eq!((done.rows_kept, done.assisted_fen), (IMPORTED.into(), 3_680_000));
}

/// One at a window: registered, granted, and enrolled without a word about a category.
async fn at_the_window(services: &mut Services, at: u32) -> Enrolment {
    let people = PersonServiceClient::new(services.channels[ENROLS].clone());
    let request = RegisterPersonRequest {
        idempotency_key: format!("register-{at}"),
        identity: Some(identity(at)),
        ..RegisterPersonRequest::default()
    };
    let registering = || {
        let (mut people, request) = (people.clone(), request.clone());
        async move { people.register_person(request).await }
    };
    let person = answered("register", registering).await.person.expect("a person").person_id;
    let categories = CategoryServiceClient::new(services.channels[ASSISTS].clone());
    let grants = || {
        let (mut categories, request) = (categories.clone(), granting(&person));
        async move { categories.grant_category(request).await }
    };
    answered("grant", grants).await;
    let request =
        EnrolRequest { idempotency_key: format!("enrol-{at}"), person_id: person.clone(), terms: Some(terms()) };
    if at == 10 {
        services.kill(ASSISTS).await;
        let status = services.enrolments().enrol(request.clone()).await.expect_err("nobody says what is granted");
        let (info, retry) = (status.get_details_error_info(), status.get_details_retry_info());
        assert_eq!((info.map(|info| info.reason).as_deref(), retry.is_some()), (Some("UNAVAILABLE"), true));
        services.start(ASSISTS).await;
    }
    if at == 18 {
        services.kill(ENROLS).await;
        services.start(ENROLS).await;
    }
    let enrolling = || {
        let (mut client, request) = (services.enrolments(), request.clone());
        async move { client.enrol(request).await }
    };
    match answered("enrol", enrolling).await.outcome {
        Some(enrol_response::Outcome::Enrolment(enrolment)) => enrolment,
        other => panic!("not enrolled: {other:?}"),
    }
}

/// TB-3: 13,945 people x 320 yuan = 4,462,400 yuan. Here a hundredth of the people: 139 x 320.00 = 44,480.00 in both journals.
#[test]
fn what_the_fund_pays_of_premiums_stands_in_both_journals_once() {
    on_both(|url| async move {
        let mut services = Services::open(&url).await;
        import(&services).await;
        let mut enrolled = Vec::new();
        for at in 1..=AT_THE_WINDOW {
            enrolled.push(at_the_window(&mut services, at).await);
        }
        let whole = |one: &Enrolment| one.contribution.as_ref().map(|contribution| contribution.assisted_fen);
        assert!(enrolled.iter().all(|one| whole(one) == Some(32_000) && one.category_grant_ids.len() == 1));
        let mistake = EndEnrolmentRequest {
            idempotency_key: "mistake".to_owned(),
            enrolment_id: enrolled[0].enrolment_id.clone(),
            to_date: String::new(),
            reason: EndReason::Mistake.into(),
        };
        services.enrolments().end_enrolment(mistake).await.expect("ended");
        services.everything_is_told().await;

        let came_in = services.by_enrolment(0, "income:370890:premium_assisted").await;
        let owed = services.by_enrolment(1, "due:370890:premium_assisted").await;
        let spent = services.by_enrolment(1, "fund:370890:assistance").await;
        assert_eq!(owed, came_in.iter().map(|(of, net)| (of.clone(), -net)).collect());
        assert_eq!(spent, came_in);
        assert_eq!(came_in.values().filter(|net| **net == 32_000).count(), 139);
        assert_eq!(came_in.values().sum::<i64>(), 4_448_000);
        assert_eq!(came_in[&enrolled[0].enrolment_id], 0, "what was a mistake is nothing in either");

        let terms = ReportTerms {
            from_month: "2021-11".to_owned(),
            to_month: "2021-11".to_owned(),
            divisions: vec![DISTRICT.to_owned()],
            scheme: None,
        };
        let mut reports = ReportServiceClient::new(services.channels[ASSISTS].clone());
        let report =
            reports.get_premium_report(GetPremiumReportRequest { terms: Some(terms) }).await.expect("a report");
        let total = report.into_inner().total.expect("a total");
        let found = (total.people, total.premiums, total.premiums_handed_in, total.amount_fen);
        assert_eq!(found, (139, 139, u64::from(IMPORTED), 4_448_000));
    });
}
