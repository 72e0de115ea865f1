//! Enrolments, premiums, coverage.

use std::sync::Arc;

use pb::enrolment::v1 as pb;
use pb::enrolment_service_server::EnrolmentService;
use rpc::{Fault, Violations};
use terms::{EnrolHow, PersonGroup};
use tonic::{Request, Response, Status};
use wire::read as fields;

use super::page::Page;
use super::words::{name, word};
use super::{read, write};
use crate::app::change::{Asked, change};
use crate::app::enrol::NEWEST;
use crate::app::{App, Problem, assisted, cover, end, enrol, find, newborn, pay, renew, resolve, suspend, switch};
use crate::domain::{Days, EndReason};
use crate::store::{credits, duplicates, enrolments};

/// Keeps enrolments.
#[derive(Clone)]
pub(crate) struct Enrolments(pub(crate) Arc<App>);

impl Enrolments {
    async fn enrol(&self, r: pb::EnrolRequest) -> Result<pb::EnrolResponse, Fault> {
        use pb::enrol_response::Outcome;
        let mut v = Violations::new();
        let key = fields::key(&mut v, "idempotency_key", &r.idempotency_key);
        let person = read::id(&mut v, "person_id", &r.person_id);
        let terms = read::terms(&mut v, r.terms.as_ref(), self.0.today(), None);
        let command = person.zip(terms).map(|(person, terms)| enrol::Enrol { person, terms });
        let (key, mut command) = v.finish(key.zip(command))?;
        let asked = Asked::new("Enrol", &key, &r);
        assisted::decide(&self.0, &asked, &command.person, &mut command.terms).await?;
        change(&self.0, asked, command, |app, tx, c| async move {
            Ok(match enrol::enrol(&app, &tx, &c).await? {
                Ok(done) => pb::EnrolResponse {
                    entries: write::entries(&done.entries, done.enrolment.recorded_at),
                    outcome: Some(Outcome::Enrolment(write::enrolment(&done.enrolment))),
                    other: None,
                },
                Err(no) => pb::EnrolResponse {
                    other: write::other(&no),
                    outcome: Some(Outcome::Refused(write::refused(&no))),
                    entries: Vec::new(),
                },
            })
        })
        .await
    }

    async fn newborn(&self, r: pb::EnrolNewbornRequest) -> Result<pb::EnrolNewbornResponse, Fault> {
        use pb::enrol_newborn_response::Outcome;
        let mut v = Violations::new();
        let key = fields::key(&mut v, "idempotency_key", &r.idempotency_key);
        let identity = read::identity(&mut v, "identity", r.identity.as_ref(), self.0.today());
        let parent = read::id(&mut v, "parent_person_id", &r.parent_person_id);
        let terms = read::terms(&mut v, r.terms.as_ref(), self.0.today(), None);
        if let Some(terms) = &terms {
            v.within("terms", |v| {
                if terms.group != PersonGroup::Newborn {
                    v.add("group", wire::name(terms.group), "PERSON_GROUP_NEWBORN");
                }
                if terms.how != EnrolHow::NewBirth {
                    v.add("how", wire::name(terms.how), "ENROL_HOW_NEW_BIRTH");
                }
            });
        }
        let command = (|| Some(newborn::Newborn { identity: identity?, parent: parent?, terms: terms? }))();
        let (key, command) = v.finish(key.zip(command))?;
        let asked = Asked::new("EnrolNewborn", &key, &r);
        change(&self.0, asked, command, |app, tx, c| async move {
            Ok(match newborn::newborn(&app, &tx, &c).await? {
                Ok((done, child)) => pb::EnrolNewbornResponse {
                    entries: write::entries(&done.entries, done.enrolment.recorded_at),
                    outcome: Some(Outcome::Enrolment(write::enrolment(&done.enrolment))),
                    person: Some(write::person(&child)),
                },
                Err(no) => pb::EnrolNewbornResponse {
                    outcome: Some(Outcome::Refused(write::refused(&no))),
                    person: None,
                    entries: Vec::new(),
                },
            })
        })
        .await
    }

    async fn renew(&self, r: pb::RenewEnrolmentRequest) -> Result<pb::RenewEnrolmentResponse, Fault> {
        use pb::renew_enrolment_response::Outcome;
        let mut v = Violations::new();
        let key = fields::key(&mut v, "idempotency_key", &r.idempotency_key);
        let enrolment = read::id(&mut v, "enrolment_id", &r.enrolment_id);
        let today = self.0.today();
        let terms = match &r.terms {
            None => Some(None),
            terms => read::terms(&mut v, terms.as_ref(), today, None).map(Some),
        };
        let command =
            enrolment.zip(terms).map(|(enrolment, terms)| renew::Renew { enrolment, terms, today, granted: None });
        let (key, mut command) = v.finish(key.zip(command))?;
        let asked = Asked::new("RenewEnrolment", &key, &r);
        let enrolment = &command.enrolment;
        match &mut command.terms {
            Some(terms) => assisted::decide_after(&self.0, &asked, enrolment, terms).await?,
            None => command.granted = assisted::granted_after(&self.0, &asked, (enrolment, today)).await?,
        }
        change(&self.0, asked, command, |app, tx, c| async move {
            Ok(match renew::renew(&app, &tx, &c).await? {
                Ok(done) => pb::RenewEnrolmentResponse {
                    entries: write::entries(&done.entries, done.enrolment.recorded_at),
                    outcome: Some(Outcome::Enrolment(write::enrolment(&done.enrolment))),
                },
                Err(no) => pb::RenewEnrolmentResponse {
                    outcome: Some(Outcome::Refused(write::refused(&no))),
                    entries: Vec::new(),
                },
            })
        })
        .await
    }

    async fn pay(&self, r: pb::PayPremiumRequest) -> Result<pb::PayPremiumResponse, Fault> {
        use pb::pay_premium_response::Outcome;
        let mut v = Violations::new();
        let key = fields::key(&mut v, "idempotency_key", &r.idempotency_key);
        let enrolment = read::id(&mut v, "enrolment_id", &r.enrolment_id);
        let given = v.required("payment", r.payment.as_ref(), "what is paid");
        let payment = given.and_then(|given| read::payment(&mut v, given, self.0.today()));
        let command = enrolment.zip(payment).map(|(enrolment, payment)| pay::Pay { enrolment, payment });
        let (key, command) = v.finish(key.zip(command))?;
        let asked = Asked::new("PayPremium", &key, &r);
        pay::from_relative(&self.0, &command).await?;
        change(&self.0, asked, command, |app, tx, c| async move {
            Ok(match pay::pay(&app, &tx, &c).await? {
                Ok(done) => pb::PayPremiumResponse {
                    entries: write::entries(&done.entries, done.enrolment.recorded_at),
                    outcome: Some(Outcome::Enrolment(write::enrolment(&done.enrolment))),
                },
                Err(no) => {
                    pb::PayPremiumResponse { outcome: Some(Outcome::Refused(write::refused(&no))), entries: Vec::new() }
                }
            })
        })
        .await
    }

    async fn suspend(&self, r: pb::SuspendEnrolmentRequest) -> Result<pb::SuspendEnrolmentResponse, Fault> {
        let (key, command) = pausing(&r.idempotency_key, &r.enrolment_id, &r.from_date, &r.reason)?;
        let asked = Asked::new("SuspendEnrolment", &key, &r);
        change(&self.0, asked, command, |app, tx, c| async move {
            let (enrolment, lost) = suspend::suspend(&app, &tx, &c).await?;
            let lost_days = lost.into_iter().map(write::days).collect();
            Ok(pb::SuspendEnrolmentResponse { enrolment: Some(write::enrolment(&enrolment)), lost_days })
        })
        .await
    }

    async fn resume(&self, r: pb::ResumeEnrolmentRequest) -> Result<pb::ResumeEnrolmentResponse, Fault> {
        let (key, command) = pausing(&r.idempotency_key, &r.enrolment_id, &r.from_date, &r.reason)?;
        let asked = Asked::new("ResumeEnrolment", &key, &r);
        change(&self.0, asked, command, |app, tx, c| async move {
            let enrolment = suspend::resume(&app, &tx, &c).await?;
            Ok(pb::ResumeEnrolmentResponse { enrolment: Some(write::enrolment(&enrolment)) })
        })
        .await
    }

    async fn end(&self, r: pb::EndEnrolmentRequest) -> Result<pb::EndEnrolmentResponse, Fault> {
        let mut v = Violations::new();
        let key = fields::key(&mut v, "idempotency_key", &r.idempotency_key);
        let enrolment = read::id(&mut v, "enrolment_id", &r.enrolment_id);
        let reason: Option<EndReason> = word(&mut v, "reason", r.reason);
        let to = match reason {
            Some(EndReason::Mistake) => fields::optional_date(&mut v, "to_date", &r.to_date),
            _ => fields::date(&mut v, "to_date", &r.to_date).map(Some),
        };
        if let Some(reason @ (EndReason::Switched | EndReason::Transferred | EndReason::Duplicate)) = reason {
            v.add(
                "reason",
                name(reason),
                "a reason that has no call of its own: SwitchScheme, TransferOut or ResolveDuplicate",
            );
        }
        let command = (|| Some(end::End { enrolment: enrolment?, to: to?, reason: reason? }))();
        let (key, command) = v.finish(key.zip(command))?;
        let asked = Asked::new("EndEnrolment", &key, &r);
        change(&self.0, asked, command, |app, tx, c| async move {
            let ended = end::end(&app, &tx, &c).await?;
            Ok(pb::EndEnrolmentResponse {
                enrolment: Some(write::enrolment(&ended.enrolment)),
                lost_days: ended.lost.into_iter().map(write::days).collect(),
                entries: write::entries(&ended.entries, ended.enrolment.recorded_at),
                taken_back: ended.taken_back.iter().map(write::credit).collect(),
                reopened_enrolment_ids: ended.reopened,
            })
        })
        .await
    }

    async fn switch(&self, r: pb::SwitchSchemeRequest) -> Result<pb::SwitchSchemeResponse, Fault> {
        use pb::switch_scheme_response::Outcome;
        let mut v = Violations::new();
        let key = fields::key(&mut v, "idempotency_key", &r.idempotency_key);
        let enrolment = read::id(&mut v, "enrolment_id", &r.enrolment_id);
        let to = fields::date(&mut v, "to_date", &r.to_date);
        let terms = read::terms(&mut v, r.terms.as_ref(), self.0.today(), to.and_then(|to| to.succ_opt()));
        let command = (|| Some(switch::Switch { enrolment: enrolment?, to: to?, terms: terms? }))();
        let (key, mut command) = v.finish(key.zip(command))?;
        let asked = Asked::new("SwitchScheme", &key, &r);
        assisted::decide_after(&self.0, &asked, &command.enrolment, &mut command.terms).await?;
        change(&self.0, asked, command, |app, tx, c| async move {
            Ok(match switch::switch(&app, &tx, &c).await? {
                Ok(switched) => pb::SwitchSchemeResponse {
                    outcome: Some(Outcome::Enrolment(write::enrolment(&switched.done.enrolment))),
                    ended: Some(write::enrolment(&switched.ended)),
                    lost_days: switched.lost.into_iter().map(write::days).collect(),
                },
                Err(no) => pb::SwitchSchemeResponse {
                    outcome: Some(Outcome::Refused(write::refused(&no))),
                    ended: None,
                    lost_days: Vec::new(),
                },
            })
        })
        .await
    }

    async fn get(&self, r: pb::GetEnrolmentRequest) -> Result<pb::GetEnrolmentResponse, Fault> {
        let mut v = Violations::new();
        let id = read::id(&mut v, "enrolment_id", &r.enrolment_id);
        let known_at = read::known_at(&mut v, &r.known_at);
        let (id, known_at) = v.finish(id.zip(known_at))?;
        let enrolment = find::enrolment(&self.0, &id, known_at.unwrap_or(NEWEST)).await?;
        Ok(pb::GetEnrolmentResponse { enrolment: Some(write::enrolment(&enrolment)) })
    }

    async fn list(&self, r: pb::ListEnrolmentsRequest) -> Result<pb::ListEnrolmentsResponse, Fault> {
        let mut v = Violations::new();
        let question = pb::ListEnrolmentsRequest { page_size: 0, page_token: String::new(), ..r.clone() };
        let page = Page::read(&mut v, &question, r.page_size, &r.page_token);
        let person = read::optional_id(&mut v, "person_id", &r.person_id);
        if r.person_id.is_empty() && r.division.is_empty() {
            v.add("person_id", "nothing", "a person or a division");
        }
        let divisions = self.below(&mut v, &r.division);
        let year = if r.cover_year == 0 { Some(None) } else { read::year(&mut v, r.cover_year).map(Some) };
        let states: Option<Vec<_>> = r
            .states
            .iter()
            .enumerate()
            .map(|(at, number)| word(&mut v, &format!("states[{at}]"), *number))
            .collect::<Vec<_>>()
            .into_iter()
            .collect();
        let known_at = read::known_at(&mut v, &r.known_at);
        let wanted = (|| {
            Some(enrolments::Wanted { person: person?, divisions: divisions?, cover_year: year?, states: states? })
        })();
        let ((page, wanted), known_at) = v.finish(page.zip(wanted).zip(known_at))?;
        let reader = self.0.database.reader();
        let found = enrolments::list(reader, &wanted, known_at.unwrap_or(NEWEST), page.range()).await;
        let (found, next_page_token) = page.cut(found.map_err(Problem::Store)?);
        let enrolments = found.iter().map(write::enrolment).collect();
        Ok(pb::ListEnrolmentsResponse { enrolments, next_page_token })
    }

    async fn coverage(&self, r: pb::GetCoverageRequest) -> Result<pb::GetCoverageResponse, Fault> {
        use pb::get_coverage_response::Outcome;
        let mut v = Violations::new();
        let person = read::id(&mut v, "person_id", &r.person_id);
        let on = fields::date(&mut v, "on_date", &r.on_date);
        let known_at = read::known_at(&mut v, &r.known_at);
        let ((person, on), known_at) = v.finish(person.zip(on).zip(known_at))?;
        let known_at = known_at.unwrap_or_else(|| self.0.now());
        let cover = cover::coverage(&self.0, &person, on, known_at).await?;
        Ok(pb::GetCoverageResponse {
            outcome: Some(match &cover.answer {
                Ok(person) => Outcome::Person(wire::write::person(person)),
                Err(no) => Outcome::Refused(write::refused(no)),
            }),
            interval: cover.interval.as_ref().map(|interval| write::interval(&self.0.policies, interval)),
            enrolment_ids: cover.enrolments,
            clauses: write::clauses(cover.policy.as_deref(), &cover.cite),
            cite: cover.cite,
            known_at: Some(wire::write::moment(known_at)),
        })
    }

    async fn intervals(&self, r: pb::ListCoverageIntervalsRequest) -> Result<pb::ListCoverageIntervalsResponse, Fault> {
        let mut v = Violations::new();
        let question = pb::ListCoverageIntervalsRequest { page_size: 0, page_token: String::new(), ..r.clone() };
        let page = Page::read(&mut v, &question, r.page_size, &r.page_token);
        let person = read::id(&mut v, "person_id", &r.person_id);
        let days = fields::period(&mut v, "days", &r.days);
        let known_at = read::known_at(&mut v, &r.known_at);
        let (((page, person), days), known_at) = v.finish(page.zip(person).zip(days).zip(known_at))?;
        let days = days.map(|days| Days { from: days.from, to: days.to });
        let found = cover::timeline(&self.0, &person, days, known_at.unwrap_or(NEWEST)).await?;
        let (found, next_page_token) = page.of(found);
        let intervals = found.iter().map(|interval| write::interval(&self.0.policies, interval)).collect();
        Ok(pb::ListCoverageIntervalsResponse { intervals, next_page_token })
    }

    async fn duplicates(&self, r: pb::ListDuplicatesRequest) -> Result<pb::ListDuplicatesResponse, Fault> {
        let mut v = Violations::new();
        let question = pb::ListDuplicatesRequest { page_size: 0, page_token: String::new(), ..r.clone() };
        let page = Page::read(&mut v, &question, r.page_size, &r.page_token);
        let person = read::optional_id(&mut v, "person_id", &r.person_id);
        let divisions = self.below(&mut v, &r.division);
        let with_resolved = r.with_resolved;
        let wanted = (|| Some(duplicates::Wanted { person: person?, divisions: divisions?, with_resolved }))();
        let (page, wanted) = v.finish(page.zip(wanted))?;
        let reader = self.0.database.reader();
        let found = duplicates::list(reader, &wanted, page.range()).await.map_err(Problem::Store)?;
        let (found, next_page_token) = page.cut(found);
        let ids: Vec<String> = found.iter().flat_map(|duplicate| duplicate.enrolments.clone()).collect();
        let all = enrolments::by_ids(reader, &ids, NEWEST).await.map_err(Problem::Store)?;
        let of = |ids: &[String]| all.iter().filter(|one| ids.contains(&one.id)).cloned().collect::<Vec<_>>();
        let duplicates = found.iter().map(|one| write::duplicate(one, &of(&one.enrolments))).collect();
        Ok(pb::ListDuplicatesResponse { duplicates, next_page_token })
    }

    async fn resolve(&self, r: pb::ResolveDuplicateRequest) -> Result<pb::ResolveDuplicateResponse, Fault> {
        let mut v = Violations::new();
        let key = fields::key(&mut v, "idempotency_key", &r.idempotency_key);
        let duplicate = read::id(&mut v, "duplicate_id", &r.duplicate_id);
        let keep = read::optional_id(&mut v, "standing_enrolment_id", &r.standing_enrolment_id);
        let reason = fields::optional_text(&mut v, "reason", &r.reason, 1_000);
        let operator = fields::text(&mut v, "operator_id", &r.operator_id, 100);
        let command =
            (|| Some(resolve::Resolve { duplicate: duplicate?, keep: keep?, reason: reason?, operator: operator? }))();
        let (key, command) = v.finish(key.zip(command))?;
        let asked = Asked::new("ResolveDuplicate", &key, &r);
        change(&self.0, asked, command, |app, tx, c| async move {
            let (duplicate, enrolments, lost) = resolve::resolve(&app, &tx, &c).await?;
            Ok(pb::ResolveDuplicateResponse {
                duplicate: Some(write::duplicate(&duplicate, &enrolments)),
                lost_days: lost.into_iter().map(write::days).collect(),
            })
        })
        .await
    }

    async fn credits(&self, r: pb::ListAccountCreditsRequest) -> Result<pb::ListAccountCreditsResponse, Fault> {
        let mut v = Violations::new();
        let question = pb::ListAccountCreditsRequest { page_size: 0, page_token: String::new(), ..r.clone() };
        let page = Page::read(&mut v, &question, r.page_size, &r.page_token);
        let person = read::optional_id(&mut v, "person_id", &r.person_id);
        let (page, person) = v.finish(page.zip(person))?;
        let reader = self.0.database.reader();
        let found = credits::list(reader, person.as_deref(), r.undelivered, page.range()).await;
        let (found, next_page_token) = page.cut(found.map_err(Problem::Store)?);
        Ok(pb::ListAccountCreditsResponse { credits: found.iter().map(write::credit).collect(), next_page_token })
    }

    /// The codes of a division and of all below it; none where nothing is said.
    fn below(&self, v: &mut Violations, division: &str) -> Option<Option<Vec<String>>> {
        if division.is_empty() {
            return Some(None);
        }
        fields::division(v, "division", division).map(|division| Some(find::below(&self.0, division)))
    }
}

fn pausing(key: &str, enrolment: &str, from: &str, reason: &str) -> Result<(String, suspend::Suspend), Fault> {
    let mut v = Violations::new();
    let key = fields::key(&mut v, "idempotency_key", key);
    let enrolment = read::id(&mut v, "enrolment_id", enrolment);
    let from = fields::date(&mut v, "from_date", from);
    let reason = fields::text(&mut v, "reason", reason, 1_000);
    let command = (|| Some(suspend::Suspend { enrolment: enrolment?, from: from?, reason: reason? }))();
    v.finish(key.zip(command))
}

#[tonic::async_trait]
impl EnrolmentService for Enrolments {
    async fn enrol(&self, request: Request<pb::EnrolRequest>) -> Result<Response<pb::EnrolResponse>, Status> {
        Ok(Response::new(self.enrol(request.into_inner()).await?))
    }

    async fn enrol_newborn(
        &self,
        request: Request<pb::EnrolNewbornRequest>,
    ) -> Result<Response<pb::EnrolNewbornResponse>, Status> {
        Ok(Response::new(self.newborn(request.into_inner()).await?))
    }

    async fn renew_enrolment(
        &self,
        request: Request<pb::RenewEnrolmentRequest>,
    ) -> Result<Response<pb::RenewEnrolmentResponse>, Status> {
        Ok(Response::new(self.renew(request.into_inner()).await?))
    }

    async fn pay_premium(
        &self,
        request: Request<pb::PayPremiumRequest>,
    ) -> Result<Response<pb::PayPremiumResponse>, Status> {
        Ok(Response::new(self.pay(request.into_inner()).await?))
    }

    async fn suspend_enrolment(
        &self,
        request: Request<pb::SuspendEnrolmentRequest>,
    ) -> Result<Response<pb::SuspendEnrolmentResponse>, Status> {
        Ok(Response::new(self.suspend(request.into_inner()).await?))
    }

    async fn resume_enrolment(
        &self,
        request: Request<pb::ResumeEnrolmentRequest>,
    ) -> Result<Response<pb::ResumeEnrolmentResponse>, Status> {
        Ok(Response::new(self.resume(request.into_inner()).await?))
    }

    async fn end_enrolment(
        &self,
        request: Request<pb::EndEnrolmentRequest>,
    ) -> Result<Response<pb::EndEnrolmentResponse>, Status> {
        Ok(Response::new(self.end(request.into_inner()).await?))
    }

    async fn switch_scheme(
        &self,
        request: Request<pb::SwitchSchemeRequest>,
    ) -> Result<Response<pb::SwitchSchemeResponse>, Status> {
        Ok(Response::new(self.switch(request.into_inner()).await?))
    }

    async fn get_enrolment(
        &self,
        request: Request<pb::GetEnrolmentRequest>,
    ) -> Result<Response<pb::GetEnrolmentResponse>, Status> {
        Ok(Response::new(self.get(request.into_inner()).await?))
    }

    async fn list_enrolments(
        &self,
        request: Request<pb::ListEnrolmentsRequest>,
    ) -> Result<Response<pb::ListEnrolmentsResponse>, Status> {
        Ok(Response::new(self.list(request.into_inner()).await?))
    }

    async fn get_coverage(
        &self,
        request: Request<pb::GetCoverageRequest>,
    ) -> Result<Response<pb::GetCoverageResponse>, Status> {
        Ok(Response::new(self.coverage(request.into_inner()).await?))
    }

    async fn list_coverage_intervals(
        &self,
        request: Request<pb::ListCoverageIntervalsRequest>,
    ) -> Result<Response<pb::ListCoverageIntervalsResponse>, Status> {
        Ok(Response::new(self.intervals(request.into_inner()).await?))
    }

    async fn list_duplicates(
        &self,
        request: Request<pb::ListDuplicatesRequest>,
    ) -> Result<Response<pb::ListDuplicatesResponse>, Status> {
        Ok(Response::new(self.duplicates(request.into_inner()).await?))
    }

    async fn resolve_duplicate(
        &self,
        request: Request<pb::ResolveDuplicateRequest>,
    ) -> Result<Response<pb::ResolveDuplicateResponse>, Status> {
        Ok(Response::new(self.resolve(request.into_inner()).await?))
    }

    async fn list_account_credits(
        &self,
        request: Request<pb::ListAccountCreditsRequest>,
    ) -> Result<Response<pb::ListAccountCreditsResponse>, Status> {
        Ok(Response::new(self.credits(request.into_inner()).await?))
    }
}
