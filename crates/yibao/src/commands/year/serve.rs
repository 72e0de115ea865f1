//! The services as a year's callers ask them: people are registered, categories are granted, bills settled person by person, and waited until both services
//! have kept everything.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use pb::assistance::v1::category_service_client::CategoryServiceClient;
use pb::assistance::v1::report_service_client::ReportServiceClient;
use pb::assistance::v1::reservation_service_client::ReservationServiceClient;
use pb::assistance::v1::stream_report_response::Part;
use pb::assistance::v1::{
    ListReassessmentsRequest, ListReservationsRequest, ReassessmentState, ReportTerms, StreamReportRequest,
};
use pb::enrolment::v1::person_service_client::PersonServiceClient;
use pb::enrolment::v1::{DocumentType, Identity, RegisterPersonRequest, RegisterPersonResponse, Sex};
use pb::settlement::v1::settlement_service_client::SettlementServiceClient;
use pb::settlement::v1::{Claim, GetClaimRequest, SettleRequest, SettleResponse, ThirdSystem, settle_response};
use pb::r#type::v1::EntryState;
use rpc::Client;
use rpc::limits::DEADLINE_MAX;
use tokio::task::JoinSet;
use tokio::time::{Instant, interval};
use tonic::{Code, Request, Status};

use super::audit::{Audit, Told};
use super::generate::{GENERATED, Person, Year};
use crate::error::Error;
use crate::granting::granting;
use crate::progress::Progress;

/// How long is waited for both services to keep what is under way when nothing more comes.
const PATIENCE: Duration = Duration::from_secs(60);
/// How often it is looked whether they have.
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// How often a call is made that a busy service did not answer, and how long is paused before it is made again.
const TRIES: u32 = 10;
const PAUSE: Duration = Duration::from_millis(100);

/// The birthday of everybody made up.
const BORN: &str = "1970-01-01";

/// Who calls.
pub(super) struct Callers {
    settlement: Client,
    enrolment: Client,
    assistance: Client,
    many: usize,
}

/// The work of the callers: who comes next, and how much is done.
struct Queue {
    year: Year,
    next: AtomicUsize,
    done: AtomicU64,
}

impl Callers {
    /// So many, behind the addresses of settlement, enrolment and assistance.
    pub(super) fn new([settlement, enrolment, assistance]: [&str; 3], many: NonZeroU32) -> Result<Self, Error> {
        let (settlement, enrolment) = (rpc::channel(settlement)?, rpc::channel(enrolment)?);
        let assistance = rpc::channel(assistance)?;
        Ok(Self { settlement, enrolment, assistance, many: usize::try_from(many.get()).unwrap_or(1) })
    }

    /// A client of reports.
    pub(super) fn reports(&self) -> ReportServiceClient<Client> {
        ReportServiceClient::new(self.assistance.clone())
    }

    /// Registers who is to be granted a category: from here on the person has the id that enrolment knows.
    pub(super) async fn register(&self, year: &mut Year) -> Result<(), Error> {
        let seed = year.seed;
        let assisted: Vec<(usize, &mut Person)> =
            year.people.iter_mut().filter(|person| person.category.is_some()).enumerate().collect();
        let (progress, total) = (Progress::new(), u64::try_from(assisted.len()).unwrap_or_default());
        for (number, person) in assisted {
            let identity = Identity {
                name: format!("生成{number}"),
                document_type: DocumentType::Passport.into(),
                document_number: format!("G{seed}-{number:06}"),
                born_date: BORN.to_owned(),
                sex: Sex::Female.into(),
                phone: String::new(),
            };
            let request = RegisterPersonRequest {
                idempotency_key: format!("{seed}-{}", person.id),
                identity: Some(identity),
                ..RegisterPersonRequest::default()
            };
            let client = PersonServiceClient::new(self.enrolment.clone());
            let call = move || {
                let (mut client, request) = (client.clone(), request.clone());
                async move { client.register_person(request).await }
            };
            let RegisterPersonResponse { person: known } = answered("register a person", call).await?;
            person.id = known.map(|known| known.person_id).unwrap_or_default();
            progress.at("people", u64::try_from(number).unwrap_or_default(), total);
        }
        Ok(())
    }

    /// Grants every category from the year's first day on.
    pub(super) async fn grant(&self, year: &Year) -> Result<(), Error> {
        let assisted: Vec<&Person> = year.people.iter().filter(|person| person.category.is_some()).collect();
        let (progress, total) = (Progress::new(), u64::try_from(assisted.len()).unwrap_or_default());
        let mut calls = JoinSet::new();
        for (done, person) in (0..).zip(assisted) {
            let Some(category) = person.category else { continue };
            let request = granting(person.id.clone(), category, year.division, year.from, GENERATED);
            let client = CategoryServiceClient::new(self.assistance.clone());
            let call = move || {
                let (mut client, request) = (client.clone(), request.clone());
                async move { client.grant_category(request).await }
            };
            calls.spawn(async move { answered("grant a category", call).await.map(drop) });
            if calls.len() >= self.many {
                ended(calls.join_next().await)?;
            }
            progress.at("categories", done, total);
        }
        while !calls.is_empty() {
            ended(calls.join_next().await)?;
        }
        Ok(())
    }

    /// Settles every bill, the bills of a person one after the other; what was answered, by claim.
    pub(super) async fn settle(&self, year: Year) -> Result<BTreeMap<String, Told>, Error> {
        let (total, progress) = (year.bills(), Progress::new());
        let queue = Arc::new(Queue { year, next: AtomicUsize::new(0), done: AtomicU64::new(0) });
        let mut callers = JoinSet::new();
        for _ in 0..self.many {
            callers.spawn(call(SettlementServiceClient::new(self.settlement.clone()), Arc::clone(&queue)));
        }
        let (mut told, mut anew, mut looks) = (BTreeMap::<String, Told>::new(), Vec::new(), interval(LOOK_EVERY));
        while !callers.is_empty() {
            tokio::select! {
                _ = looks.tick() => progress.at("bills", queue.done.load(Ordering::Relaxed), total),
                caller = callers.join_next() => {
                    let answers = ended(caller)?;
                    anew.extend(answers.anew);
                    told.extend(answers.told);
                }
            }
        }
        for claim in anew {
            if let Some(told) = told.get_mut(&claim) {
                told.is_open = true;
            }
        }
        // when a share follows, every later bill of the person's year is decided anew
        let people: BTreeSet<String> =
            told.values().filter(|told| told.is_open).map(|told| told.person.clone()).collect();
        told.values_mut().for_each(|told| told.is_open = people.contains(&told.person));
        Ok(told)
    }

    /// Waits until both services have kept everything, and compares the report with what was told; the differences.
    pub(super) async fn compare(&self, audit: &mut Audit, terms: &ReportTerms) -> Result<Vec<String>, Error> {
        let (mut until, mut kept, mut looks) = (Instant::now() + PATIENCE, 0, interval(LOOK_EVERY));
        let progress = Progress::new();
        loop {
            looks.tick().await;
            let mut is_quiet = self.is_quiet().await?;
            if is_quiet {
                for told in audit.open() {
                    let claim = self.claim(&told.claim).await?;
                    is_quiet &= claim.third_system() != ThirdSystem::Follows;
                    told.renew(&claim);
                }
            }
            let report = self.report(terms).await?;
            if report.bills() > kept {
                (kept, until) = (report.bills(), Instant::now() + PATIENCE);
            }
            progress.at("bills kept", kept, audit.bills());
            let is_late = Instant::now() > until;
            if is_late || (is_quiet && kept == audit.bills()) {
                let differences = audit.differences(&report);
                // the last Changes of bills that were decided anew may still be on their way
                if is_late || differences.is_empty() {
                    return Ok(differences);
                }
            }
        }
    }

    /// Whether no hold is pending and no year waits to be decided anew.
    async fn is_quiet(&self) -> Result<bool, Error> {
        let failed = |status| Error::call("look what is under way", status);
        let states = vec![EntryState::Pending.into()];
        let request = ListReservationsRequest { states, page_size: 1, ..ListReservationsRequest::default() };
        let holds = ReservationServiceClient::new(self.assistance.clone()).list_reservations(request).await;
        let states = vec![ReassessmentState::Asked.into()];
        let request = ListReassessmentsRequest { states, page_size: 1, ..ListReassessmentsRequest::default() };
        let years = CategoryServiceClient::new(self.assistance.clone()).list_reassessments(request).await;
        let (holds, years) = (holds.map_err(failed)?.into_inner(), years.map_err(failed)?.into_inner());
        Ok(holds.reservations.is_empty() && years.reassessments.is_empty())
    }

    async fn claim(&self, id: &str) -> Result<Claim, Error> {
        let request = GetClaimRequest { claim_id: id.to_owned(), ..GetClaimRequest::default() };
        let answer = SettlementServiceClient::new(self.settlement.clone()).get_claim(request).await;
        let answer = answer.map_err(|status| Error::call("get a claim", status))?;
        Ok(answer.into_inner().claim.unwrap_or_default())
    }

    /// The report, as messages.
    async fn report(&self, terms: &ReportTerms) -> Result<Reported, Error> {
        let failed = |status| Error::call("report", status);
        let mut request = Request::new(StreamReportRequest { terms: Some(terms.clone()) });
        request.set_timeout(DEADLINE_MAX);
        let mut parts = self.reports().stream_report(request).await.map_err(failed)?.into_inner();
        let mut reported = Vec::new();
        while let Some(message) = parts.message().await.map_err(failed)? {
            reported.extend(message.part);
        }
        Ok(Reported(reported))
    }
}

/// What a report said: of a generated year it is no more than its cells.
pub(super) struct Reported(pub(super) Vec<Part>);

impl Reported {
    fn bills(&self) -> u64 {
        let all = self.0.iter().find_map(|part| match part {
            Part::Row(row) if row.division.is_empty() && row.month.is_empty() && row.category.is_none() => {
                row.sum.as_ref()
            }
            _ => None,
        });
        all.map(|sum| sum.bills).unwrap_or_default()
    }
}

/// What a caller was answered.
#[derive(Default)]
struct Answers {
    told: Vec<(String, Told)>,
    /// Claims that a later bill changed.
    anew: Vec<String>,
}

/// Takes person after person to settlement.
async fn call(client: SettlementServiceClient<Client>, queue: Arc<Queue>) -> Result<Answers, Error> {
    let mut answers = Answers::default();
    while let Some(person) = queue.year.people.get(queue.next.fetch_add(1, Ordering::Relaxed)) {
        for billed in &person.bills {
            let SettleResponse { outcome, adjustments } = settled(&client, queue.year.request(person, billed)).await?;
            let claim = match outcome {
                Some(settle_response::Outcome::Claim(claim)) => claim,
                other => return Err(Error::NotSettled(billed.id.clone(), format!("{other:?}"))),
            };
            answers.told.push((claim.claim_id.clone(), Told::new(person, billed, &claim)));
            answers.anew.extend(adjustments.into_iter().map(|adjustment| adjustment.claim_id));
            queue.done.fetch_add(1, Ordering::Relaxed);
        }
    }
    Ok(answers)
}

async fn settled(client: &SettlementServiceClient<Client>, request: SettleRequest) -> Result<SettleResponse, Error> {
    let call = || {
        let (mut client, request) = (client.clone(), request.clone());
        async move { client.settle(request).await }
    };
    answered("settle", call).await
}

/// Calls, and again where the service was busy: the key makes it one call.
async fn answered<R, F>(what: &str, call: impl Fn() -> F) -> Result<R, Error>
where
    F: Future<Output = Result<tonic::Response<R>, Status>>,
{
    let (mut tries, mut pauses) = (1, interval(PAUSE));
    loop {
        pauses.tick().await;
        match call().await {
            Ok(answer) => return Ok(answer.into_inner()),
            Err(status) => {
                let is_busy = matches!(status.code(), Code::Unavailable | Code::Aborted | Code::DeadlineExceeded);
                if !is_busy || tries >= TRIES {
                    return Err(Error::call(what, status));
                }
                tries += 1;
            }
        }
    }
}

fn ended<T: Default>(ended: Option<Result<Result<T, Error>, tokio::task::JoinError>>) -> Result<T, Error> {
    match ended {
        None => Ok(T::default()),
        Some(Ok(ended)) => ended,
        Some(Err(broken)) => Err(Error::Service(broken.into())),
    }
}
