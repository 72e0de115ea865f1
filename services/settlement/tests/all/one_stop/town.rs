//! A town of the tests' own with an assistance fund: a half of what the pooled fund leaves, at most 1,000.00 a year, for destitute
//! people. Both services are real, each with a database of its own.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use assistance::{Parts, Policies};
use chrono::{DateTime, Days, Utc};
use host::{Clock, Server, Stop, SystemClock, SystemIds};
use pb::assistance::v1 as pb_assistance;
use pb::assistance::v1::application_service_client::ApplicationServiceClient;
use pb::assistance::v1::category_service_client::CategoryServiceClient;
use pb::assistance::v1::reservation_service_client::ReservationServiceClient;
use pb::settlement::v1::one_stop_service_client::OneStopServiceClient;
use pb::settlement::v1::{
    Claim, GetHoldOutcomeRequest, GetHoldOutcomeResponse, GetOutcomeRequest, ReassessResponse, Reassessed,
    RevisionCause, SettleRequest,
};
use pb::r#type::v1::{Category, EntryState};
use policy::PackFile;
use store::Database;
use tokio::sync::oneshot;

use super::{Wish, done, reassess};
use crate::support::{House, institution};
use crate::world::{BY_SETTLEMENT, claim_of, count, reason, split, until};

/// The tests' places with an assistance fund that another service keeps.
pub(super) fn packs() -> Vec<PackFile> {
    let mut files = crate::world::packs();
    for file in &mut files {
        file.text = file.text.replace("\"pooled\", ", "\"pooled\", \"assistance\", ");
        if file.path == "100000/payers.toml" {
            file.text.push_str(
                "[assistance]\nzh = \"救助\"\nen = \"payer\"\ncite = \"EX-1\"\nkind = \"fund\"\nfield = \"maf_pay\"\n\
                 held_by = \"assistance\"\n",
            );
        }
    }
    let layer = "payer = \"assistance\"\ncite = \"EX-1\"\nbase = [\"within_scope\"]\nmeasure = \"left\"\n\
         ceiling_counts = \"paid\"\nceiling_period = \"year\"\n\
         [applies]\ncite = \"EX-1\"\nall = { 2020-01-01 = \"no\" }\ndestitute = { 2020-01-01 = \"yes\" }\n\
         [ratio]\ncite = \"EX-1\"\nall = { 2020-01-01 = \"0.5\" }\n\
         [ceiling]\ncite = \"EX-1\"\nall = { 2020-01-01 = \"1000.00\" }\n";
    files.push(PackFile { path: "100000/common/assistance.toml".to_owned(), text: layer.to_owned() });
    files
}

/// The same, where a bill waits for the keeper.
pub(super) fn refusing() -> Vec<PackFile> {
    let text = "[assistance_away]\ncite = \"EX-1\"\nall = { 2020-01-01 = \"refuse\" }\n".to_owned();
    let mut files = packs();
    files.push(PackFile { path: "100000/common/one_stop.toml".to_owned(), text });
    files
}

/// Both services.
pub(super) struct Town {
    pub(super) house: House,
    pub(super) keeper: Database,
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    /// The keeper's clock.
    pub(super) clock: Arc<dyn Clock>,
}

/// A clock that goes on as clocks do, behind the days of 2035 on which bills are settled here.
pub(super) struct Ahead;

impl Clock for Ahead {
    fn now(&self) -> DateTime<Utc> {
        SystemClock.now() + Days::new(3_650)
    }
}

/// The keeper's day.
pub(super) fn today() -> String {
    host::china_day(SystemClock.now()).to_string()
}

impl Town {
    /// Both services, ready.
    pub(super) async fn open(url: &str) -> Self {
        let mut town = Self::without(url, packs()).await;
        town.keeper_comes().await;
        town
    }

    /// Settlement alone: the keeper of the third system is away.
    pub(super) async fn without(url: &str, packs: Vec<PackFile>) -> Self {
        let server = Server::bind_silently((Ipv4Addr::LOCALHOST, 0).into()).await.expect("a port is free");
        let address = server.address();
        drop(server);
        let assistance = Some(format!("http://{address}"));
        let house = House::open_with(url, Wish { assistance, packs: Some(packs), ..Wish::default() }).await;
        let keeper = Database::open(&beside(url, &house.database).await).await.expect("a second database");
        store::migrations::migrate(&keeper, assistance::MIGRATIONS).await.expect("it can be migrated");
        Self { house, keeper, address, stop: None, clock: Arc::new(SystemClock) }
    }

    /// The keeper of the third system comes.
    pub(super) async fn keeper_comes(&mut self) {
        let server = Server::bind_silently(self.address).await.expect("the port is still free");
        let (stop, stopped) = oneshot::channel::<()>();
        let parts = Parts {
            database: self.keeper.clone(),
            policies: Policies::Registry(self.house.registry.clone()),
            settlement: self.house.channel(),
            enrolment: None,
            trusts_categories: true,
            clock: Arc::clone(&self.clock),
            ids: Arc::new(SystemIds),
            // long enough for a commit on a machine that is busy: a hold that is swept before it makes the commit begin again
            hold: Duration::from_secs(2),
            sweep: Duration::from_millis(50),
            streams: None,
        };
        let mut running = assistance::start(parts, &Stop::when(std::future::pending()));
        running.tasks.detach_all();
        tokio::spawn(server.serve(running.services, Duration::from_secs(5), async { drop(stopped.await) }));
        self.stop = Some(stop);
    }

    /// The keeper goes, and nobody answers where it was.
    pub(super) async fn keeper_goes(&mut self) {
        self.stop = None;
        let asked = pb_assistance::GetLimitsRequest { person_id: "p".to_owned(), year: 2035 };
        until("the keeper is away", async || self.reservations().get_limits(asked.clone()).await.is_err()).await;
    }

    pub(super) fn channel(&self) -> rpc::Client {
        rpc::channel(&format!("http://{}", self.address)).expect("an address")
    }

    pub(super) fn applications(&self) -> ApplicationServiceClient<rpc::Client> {
        ApplicationServiceClient::new(self.channel())
    }

    fn reservations(&self) -> ReservationServiceClient<rpc::Client> {
        ReservationServiceClient::new(self.channel())
    }

    pub(super) fn one_stop(&self) -> OneStopServiceClient<rpc::Client> {
        OneStopServiceClient::new(self.house.channel())
    }

    /// Grants a category from a day on.
    pub(super) async fn grant(&self, who: &str, category: Category, from: &str) -> pb_assistance::CategoryGrant {
        let terms = pb_assistance::CategoryTerms {
            category: category.into(),
            from_date: from.to_owned(),
            authority: Some(pb_assistance::Authority {
                office: pb_assistance::Office::CivilAffairs.into(),
                division: BY_SETTLEMENT.to_owned(),
                name: "the county".to_owned(),
            }),
            evidence: vec![pb::settlement::v1::Evidence {
                kind: "certificate".to_owned(),
                reference: format!("{who}-{from}"),
                sha256: "a".repeat(64),
            }],
            ..pb_assistance::CategoryTerms::default()
        };
        let request = pb_assistance::GrantCategoryRequest {
            idempotency_key: format!("grant-{who}-{from}"),
            person_id: who.to_owned(),
            terms: Some(terms),
            operator_id: "officer".to_owned(),
            reason: "a test".to_owned(),
        };
        let granted = CategoryServiceClient::new(self.channel()).grant_category(request).await.expect("granted");
        granted.into_inner().grant.expect("a grant")
    }

    /// Takes a grant back, and what was paid for it.
    pub(super) async fn claws_back(&self, grant: &pb_assistance::CategoryGrant) -> Result<(), tonic::Status> {
        let request = pb_assistance::CorrectCategoryRequest {
            idempotency_key: uuid::Uuid::now_v7().to_string(),
            grant_id: grant.grant_id.clone(),
            version: grant.version,
            correction: Some(pb_assistance::correct_category_request::Correction::TakenBack(true)),
            claw_back: true,
            operator_id: "officer".to_owned(),
            reason: "a test".to_owned(),
        };
        CategoryServiceClient::new(self.channel()).correct_category(request).await.map(drop)
    }

    /// Waits until settlement has answered all that it was asked to decide anew.
    pub(super) async fn mended(&self) {
        let waiting = "SELECT COUNT(*) AS n FROM outbox WHERE delivered_at IS NULL";
        until("all questions are answered", async || count(&self.keeper, waiting).await == 0).await;
    }

    /// The balance of an account in the keeper's journal, in fen.
    pub(super) async fn kept(&self, account: &str) -> i64 {
        balance(&self.keeper, account).await
    }

    /// Ends a grant with a day.
    pub(super) async fn ends(&self, grant: &pb_assistance::CategoryGrant, to: &str) -> pb_assistance::CategoryGrant {
        let request = pb_assistance::EndCategoryRequest {
            idempotency_key: format!("end-{}", grant.grant_id),
            grant_id: grant.grant_id.clone(),
            version: grant.version,
            to_date: to.to_owned(),
            operator_id: "officer".to_owned(),
            reason: "a test".to_owned(),
        };
        CategoryServiceClient::new(self.channel())
            .end_category(request)
            .await
            .expect("ended")
            .into_inner()
            .grant
            .unwrap()
    }

    /// Asks for a hold that nobody will use, in fen.
    pub(super) async fn reserve(&self, who: &str, net_fen: i64) {
        let version = self.house.registry.any_head().expect("a policy").version();
        let request = pb_assistance::ReserveRequest {
            hold_id: format!("lost-{who}"),
            person_id: who.to_owned(),
            division: BY_SETTLEMENT.to_owned(),
            policy_version: version.to_string(),
            scheme: pb::r#type::v1::Scheme::Resident.into(),
            days: vec![pb_assistance::PlannedDay {
                on_date: "2035-03-01".to_owned(),
                categories: vec![Category::Destitute.into()],
                pinned: true,
            }],
            asks: vec![pb_assistance::Ask { year: 2035, payer: "assistance".to_owned(), net_fen }],
            earlier: Vec::new(),
            owner: "nobody".to_owned(),
        };
        self.reservations().reserve(request).await.expect("held");
    }

    /// Waits until everything settlement committed was told, and no hold is pending.
    pub(super) async fn told(&self) {
        let waiting = "SELECT COUNT(*) AS n FROM outbox WHERE delivered_at IS NULL";
        until("all Changes are told", async || count(&self.house.database, waiting).await == 0).await;
        until("no hold is pending", async || self.holds(&[EntryState::Pending]).await.is_empty()).await;
    }

    /// Waits until the claim of a key has this split, of fund, accounts and cash.
    pub(super) async fn becomes(&self, key: &str, shares: [i64; 4]) {
        until("the claim is decided anew", async || split(&self.standing(key).await) == shares).await;
    }

    /// What is held and what is used of the year's limit, in fen.
    pub(super) async fn limit(&self, who: &str) -> (i64, i64) {
        let request = pb_assistance::GetLimitsRequest { person_id: who.to_owned(), year: 2035 };
        let limits = self.reservations().get_limits(request).await.expect("limits").into_inner().limits;
        limits.first().map_or((0, 0), |limit| (limit.pending_fen, limit.posted_fen))
    }

    pub(super) async fn holds(&self, states: &[EntryState]) -> Vec<pb_assistance::Reservation> {
        let states = states.iter().map(|state| (*state).into()).collect();
        let request = pb_assistance::ListReservationsRequest { states, ..Default::default() };
        self.reservations().list_reservations(request).await.expect("a list").into_inner().reservations
    }

    /// The balance of the account that both journals have between them: settlement's, and the keeper's.
    pub(super) async fn due(&self) -> (i64, i64) {
        let account = format!("due:{BY_SETTLEMENT}:assistance");
        (balance(&self.house.database, &account).await, balance(&self.keeper, &account).await)
    }

    /// The balance of an account in settlement's journal, in fen.
    pub(super) async fn balance(&self, account: &str) -> i64 {
        balance(&self.house.database, account).await
    }

    pub(super) async fn reassessed(&self, key: &str, who: &str, cause: RevisionCause) -> Reassessed {
        let answered = std::sync::Mutex::new(None);
        // the keeper asks again and again until it is answered
        until("the year is decided anew", async || {
            let answer = self.one_stop().reassess(reassess(key, who, cause)).await;
            let is_answered = answer.is_ok();
            *answered.lock().expect("a lock") = answer.ok();
            is_answered
        })
        .await;
        done(answered.into_inner().expect("a lock").expect("an answer").into_inner())
    }

    /// Asks once to decide a person's year anew.
    pub(super) async fn reassessed_at_once(
        &self,
        key: &str,
        who: &str,
        cause: RevisionCause,
    ) -> Result<ReassessResponse, tonic::Status> {
        Ok(self.one_stop().reassess(reassess(key, who, cause)).await?.into_inner())
    }

    pub(super) async fn outcome(&self, request: GetHoldOutcomeRequest) -> Result<GetHoldOutcomeResponse, String> {
        let answer = self.one_stop().get_hold_outcome(request).await;
        answer.map(tonic::Response::into_inner).map_err(|status| reason(&status))
    }

    /// The claim of a key as it stands.
    pub(super) async fn standing(&self, key: &str) -> Claim {
        let request = GetOutcomeRequest { institution_id: institution(1), idempotency_key: key.to_owned() };
        self.house.client().get_outcome(request).await.expect("an outcome").into_inner().claim.expect("a claim")
    }

    /// Settles a bill as soon as the keeper is asked again.
    pub(super) async fn settles_at_last(&self, request: SettleRequest) -> Claim {
        let client = self.house.client();
        let settled = std::sync::Mutex::new(None);
        until("the bill is settled", async || {
            let answer = client.clone().settle(request.clone()).await;
            let is_settled = answer.is_ok();
            *settled.lock().expect("a lock") = answer.ok();
            is_settled
        })
        .await;
        claim_of(settled.into_inner().expect("a lock").expect("an answer").into_inner())
    }

    /// Ends both, after a look at their books.
    pub(super) async fn close(self) {
        assert!(self.house.is_sound().await > 0);
        assert_eq!(store::journal::sum(self.keeper.reader()).await.expect("a sum"), money::Fen::ZERO);
        drop(self.stop);
        self.house.close().await;
    }
}

async fn balance(database: &Database, account: &str) -> i64 {
    let amount = "CASE side WHEN 'debit' THEN amount_fen ELSE -amount_fen END";
    count(database, &format!("SELECT COALESCE(SUM({amount}), 0) AS n FROM journal_line WHERE account = '{account}'"))
        .await
}

/// The URL of a second database beside the first.
async fn beside(url: &str, first: &Database) -> String {
    use sea_orm::ConnectionTrait as _;
    if url.starts_with("sqlite:") {
        return url.replace("test.db", "keeper.db");
    }
    first.reader().execute_unprepared("CREATE DATABASE keeper").await.expect("a second database");
    format!("{}/keeper", url.strip_suffix("/postgres").expect("the server's own database"))
}
