//! People, households, qualifications.

use std::sync::Arc;

use pb::enrolment::v1 as pb;
use pb::person_service_server::PersonService;
use rpc::{Fault, Violations};
use tonic::{Request, Response, Status};
use wire::read as fields;

use super::page::Page;
use super::words::{name, word};
use super::{read, write};
use crate::app::change::{Asked, change};
use crate::app::enrol::NEWEST;
use crate::app::{App, Problem, correct, find, household, qualify, register};
use crate::domain::{QualificationKind, Relation};
use crate::store::qualifications;

/// Keeps people and households.
#[derive(Clone)]
pub(crate) struct People(pub(crate) Arc<App>);

impl People {
    async fn register(&self, r: pb::RegisterPersonRequest) -> Result<pb::RegisterPersonResponse, Fault> {
        let mut v = Violations::new();
        let key = fields::key(&mut v, "idempotency_key", &r.idempotency_key);
        let identity = read::identity(&mut v, "identity", r.identity.as_ref(), self.0.today());
        let home = read::optional_id(&mut v, "household_id", &r.household_id);
        let relation = r.relation.map(|number| word::<Relation>(&mut v, "relation", number));
        if r.relation.is_some() == r.household_id.is_empty() {
            v.add("relation", relation.map_or("nothing", |_| "a relation"), "present if and only if household_id is");
        }
        let household = home.flatten().zip(relation.flatten());
        let command = identity.map(|identity| register::Register { identity, household });
        let (key, command) = v.finish(key.zip(command))?;
        let asked = Asked::new("RegisterPerson", &key, &r);
        change(&self.0, asked, command, |app, tx, c| async move {
            let person = register::register(&app, &tx, &c).await?;
            Ok(pb::RegisterPersonResponse { person: Some(write::person(&person)) })
        })
        .await
    }

    async fn correct(&self, r: pb::CorrectPersonRequest) -> Result<pb::CorrectPersonResponse, Fault> {
        let mut v = Violations::new();
        let key = fields::key(&mut v, "idempotency_key", &r.idempotency_key);
        let person = read::id(&mut v, "person_id", &r.person_id);
        let identity = read::identity(&mut v, "identity", r.identity.as_ref(), self.0.today());
        let died = fields::optional_date(&mut v, "died_date", &r.died_date);
        if let Some((identity, died)) = identity.as_ref().zip(died.flatten())
            && (died < identity.born || died > self.0.today())
        {
            v.add("died_date", died, "a day from birth until today");
        }
        let operator = fields::text(&mut v, "operator_id", &r.operator_id, 100);
        let reason = fields::text(&mut v, "reason", &r.reason, 1_000);
        let command = (|| {
            let (person, identity, died) = (person?, identity?, died?);
            Some(correct::Correct { person, identity, died, operator: operator?, reason: reason? })
        })();
        let (key, command) = v.finish(key.zip(command))?;
        let asked = Asked::new("CorrectPerson", &key, &r);
        change(&self.0, asked, command, |app, tx, c| async move {
            let done = correct::correct(&app, &tx, &c).await?;
            Ok(pb::CorrectPersonResponse {
                person: Some(write::person(&done.person)),
                reopened_enrolment_ids: done.reopened,
                ended_enrolment_ids: done.ended,
                entries: write::entries(&done.entries, done.person.recorded_at),
                lost_days: done.lost.into_iter().map(write::days).collect(),
                standing_transfer_ids: done.standing,
            })
        })
        .await
    }

    async fn get(&self, r: pb::GetPersonRequest) -> Result<pb::GetPersonResponse, Fault> {
        let mut v = Violations::new();
        let id = read::id(&mut v, "person_id", &r.person_id);
        let known_at = read::known_at(&mut v, &r.known_at);
        let (id, known_at) = v.finish(id.zip(known_at))?;
        let person = find::person(&self.0, &id, known_at).await?;
        Ok(pb::GetPersonResponse { person: Some(write::person(&person)) })
    }

    async fn find(&self, r: pb::FindPersonRequest) -> Result<pb::FindPersonResponse, Fault> {
        let mut v = Violations::new();
        let kind = word(&mut v, "document_type", r.document_type);
        if r.document_number.is_empty() {
            v.add("document_number", "nothing", "the document's number");
        }
        let kind = v.finish(kind)?;
        let person = find::by_document(&self.0, kind, &r.document_number).await?;
        Ok(pb::FindPersonResponse { person: Some(write::person(&person)) })
    }

    async fn found(&self, r: pb::CreateHouseholdRequest) -> Result<pb::CreateHouseholdResponse, Fault> {
        let mut v = Violations::new();
        let key = fields::key(&mut v, "idempotency_key", &r.idempotency_key);
        let head = read::id(&mut v, "head_person_id", &r.head_person_id);
        let division = fields::division(&mut v, "division", &r.division);
        let from = read::date_or(&mut v, "from_date", &r.from_date, self.0.today());
        let command = (|| Some(household::Found { head: head?, division: division?, from: from? }))();
        let (key, command) = v.finish(key.zip(command))?;
        let asked = Asked::new("CreateHousehold", &key, &r);
        change(&self.0, asked, command, |app, tx, c| async move {
            let household = household::found(&app, &tx, &c).await?;
            Ok(pb::CreateHouseholdResponse { household: Some(write::household(&household)) })
        })
        .await
    }

    async fn join(&self, r: pb::JoinHouseholdRequest) -> Result<pb::JoinHouseholdResponse, Fault> {
        let mut v = Violations::new();
        let key = fields::key(&mut v, "idempotency_key", &r.idempotency_key);
        let home = read::id(&mut v, "household_id", &r.household_id);
        let person = read::id(&mut v, "person_id", &r.person_id);
        let relation: Option<Relation> = word(&mut v, "relation", r.relation);
        if relation == Some(Relation::Own) {
            v.add("relation", name(Relation::Own), "what the person is to the head, who is somebody else");
        }
        let from = read::date_or(&mut v, "from_date", &r.from_date, self.0.today());
        let command =
            (|| Some(household::Join { household: home?, person: person?, relation: relation?, from: from? }))();
        let (key, command) = v.finish(key.zip(command))?;
        let asked = Asked::new("JoinHousehold", &key, &r);
        change(&self.0, asked, command, |app, tx, c| async move {
            let household = household::take_in(&app, &tx, &c).await?;
            Ok(pb::JoinHouseholdResponse { household: Some(write::household(&household)) })
        })
        .await
    }

    async fn leave(&self, r: pb::LeaveHouseholdRequest) -> Result<pb::LeaveHouseholdResponse, Fault> {
        let mut v = Violations::new();
        let key = fields::key(&mut v, "idempotency_key", &r.idempotency_key);
        let home = read::id(&mut v, "household_id", &r.household_id);
        let person = read::id(&mut v, "person_id", &r.person_id);
        let to = read::date_or(&mut v, "to_date", &r.to_date, self.0.today());
        let command = (|| Some(household::Leave { household: home?, person: person?, to: to? }))();
        let (key, command) = v.finish(key.zip(command))?;
        let asked = Asked::new("LeaveHousehold", &key, &r);
        change(&self.0, asked, command, |app, tx, c| async move {
            let household = household::leave(&app, &tx, &c).await?;
            Ok(pb::LeaveHouseholdResponse { household: Some(write::household(&household)) })
        })
        .await
    }

    async fn home(&self, r: pb::GetHouseholdRequest) -> Result<pb::GetHouseholdResponse, Fault> {
        let mut v = Violations::new();
        let id = read::id(&mut v, "household_id", &r.household_id);
        let on = read::date_or(&mut v, "on_date", &r.on_date, self.0.today());
        let known_at = read::known_at(&mut v, &r.known_at);
        let ((id, on), known_at) = v.finish(id.zip(on).zip(known_at))?;
        let household = find::household(&self.0, &id, on, known_at.unwrap_or(NEWEST)).await?;
        Ok(pb::GetHouseholdResponse { household: Some(write::household(&household)) })
    }

    async fn recognise(&self, r: pb::RecogniseDiseaseRequest) -> Result<pb::RecogniseDiseaseResponse, Fault> {
        let mut v = Violations::new();
        let key = fields::key(&mut v, "idempotency_key", &r.idempotency_key);
        let person = read::id(&mut v, "person_id", &r.person_id);
        let name = fields::name(&mut v, "disease", &r.disease);
        let days = from_to(&mut v, &r.from_date, &r.to_date);
        let evidence = fields::optional_text(&mut v, "evidence_reference", &r.evidence_reference, 200);
        let operator = fields::text(&mut v, "operator_id", &r.operator_id, 100);
        let command = (|| {
            let (from, to) = days?;
            let (kind, name) = (QualificationKind::Disease, name?.to_string());
            let (evidence, operator) = (evidence?, operator?);
            Some(qualify::Qualify { person: person?, kind, name, from, to, evidence, operator })
        })();
        let (key, command) = v.finish(key.zip(command))?;
        let asked = Asked::new("RecogniseDisease", &key, &r);
        change(&self.0, asked, command, |app, tx, c| async move {
            let qualification = qualify::qualify(&app, &tx, &c).await?;
            Ok(pb::RecogniseDiseaseResponse { qualification: Some(write::qualification(&qualification)) })
        })
        .await
    }

    async fn plan(&self, r: pb::JoinPlanRequest) -> Result<pb::JoinPlanResponse, Fault> {
        let mut v = Violations::new();
        let key = fields::key(&mut v, "idempotency_key", &r.idempotency_key);
        let person = read::id(&mut v, "person_id", &r.person_id);
        let name = fields::name(&mut v, "plan", &r.plan);
        let days = from_to(&mut v, &r.from_date, &r.to_date);
        let command = (|| {
            let (from, to) = days?;
            let (kind, name) = (QualificationKind::Plan, name?.to_string());
            let (evidence, operator) = (String::new(), String::new());
            Some(qualify::Qualify { person: person?, kind, name, from, to, evidence, operator })
        })();
        let (key, command) = v.finish(key.zip(command))?;
        let asked = Asked::new("JoinPlan", &key, &r);
        change(&self.0, asked, command, |app, tx, c| async move {
            let qualification = qualify::qualify(&app, &tx, &c).await?;
            Ok(pb::JoinPlanResponse { qualification: Some(write::qualification(&qualification)) })
        })
        .await
    }

    async fn end(&self, r: pb::EndQualificationRequest) -> Result<pb::EndQualificationResponse, Fault> {
        let mut v = Violations::new();
        let key = fields::key(&mut v, "idempotency_key", &r.idempotency_key);
        let qualification = read::id(&mut v, "qualification_id", &r.qualification_id);
        let to = fields::date(&mut v, "to_date", &r.to_date);
        let reason = fields::text(&mut v, "reason", &r.reason, 1_000);
        let command =
            (|| Some(qualify::EndQualification { qualification: qualification?, to: to?, reason: reason? }))();
        let (key, command) = v.finish(key.zip(command))?;
        let asked = Asked::new("EndQualification", &key, &r);
        change(&self.0, asked, command, |app, tx, c| async move {
            let qualification = qualify::end(&app, &tx, &c).await?;
            Ok(pb::EndQualificationResponse { qualification: Some(write::qualification(&qualification)) })
        })
        .await
    }

    async fn qualifications(&self, r: pb::ListQualificationsRequest) -> Result<pb::ListQualificationsResponse, Fault> {
        let mut v = Violations::new();
        let question = pb::ListQualificationsRequest { page_size: 0, page_token: String::new(), ..r.clone() };
        let page = Page::read(&mut v, &question, r.page_size, &r.page_token);
        let person = read::id(&mut v, "person_id", &r.person_id);
        let known_at = read::known_at(&mut v, &r.known_at);
        let ((page, person), known_at) = v.finish(page.zip(person).zip(known_at))?;
        find::person(&self.0, &person, known_at).await?;
        let known_at = known_at.unwrap_or(NEWEST);
        let found =
            qualifications::of_person(self.0.database.reader(), &person, known_at).await.map_err(Problem::Store)?;
        let (found, next_page_token) = page.of(found);
        let qualifications = found.iter().map(write::qualification).collect();
        Ok(pb::ListQualificationsResponse { qualifications, next_page_token })
    }
}

/// First and last day of a qualification.
fn from_to(v: &mut Violations, from: &str, to: &str) -> Option<(chrono::NaiveDate, Option<chrono::NaiveDate>)> {
    let from = fields::date(v, "from_date", from);
    let to = fields::optional_date(v, "to_date", to);
    if let Some((from, to)) = from.zip(to.flatten()).filter(|(from, to)| to < from) {
        v.add("to_date", to, format!("a day not before {from}"));
    }
    from.zip(to)
}

#[tonic::async_trait]
impl PersonService for People {
    async fn register_person(
        &self,
        request: Request<pb::RegisterPersonRequest>,
    ) -> Result<Response<pb::RegisterPersonResponse>, Status> {
        Ok(Response::new(self.register(request.into_inner()).await?))
    }

    async fn correct_person(
        &self,
        request: Request<pb::CorrectPersonRequest>,
    ) -> Result<Response<pb::CorrectPersonResponse>, Status> {
        Ok(Response::new(self.correct(request.into_inner()).await?))
    }

    async fn get_person(
        &self,
        request: Request<pb::GetPersonRequest>,
    ) -> Result<Response<pb::GetPersonResponse>, Status> {
        Ok(Response::new(self.get(request.into_inner()).await?))
    }

    async fn find_person(
        &self,
        request: Request<pb::FindPersonRequest>,
    ) -> Result<Response<pb::FindPersonResponse>, Status> {
        Ok(Response::new(self.find(request.into_inner()).await?))
    }

    async fn create_household(
        &self,
        request: Request<pb::CreateHouseholdRequest>,
    ) -> Result<Response<pb::CreateHouseholdResponse>, Status> {
        Ok(Response::new(self.found(request.into_inner()).await?))
    }

    async fn join_household(
        &self,
        request: Request<pb::JoinHouseholdRequest>,
    ) -> Result<Response<pb::JoinHouseholdResponse>, Status> {
        Ok(Response::new(self.join(request.into_inner()).await?))
    }

    async fn leave_household(
        &self,
        request: Request<pb::LeaveHouseholdRequest>,
    ) -> Result<Response<pb::LeaveHouseholdResponse>, Status> {
        Ok(Response::new(self.leave(request.into_inner()).await?))
    }

    async fn get_household(
        &self,
        request: Request<pb::GetHouseholdRequest>,
    ) -> Result<Response<pb::GetHouseholdResponse>, Status> {
        Ok(Response::new(self.home(request.into_inner()).await?))
    }

    async fn recognise_disease(
        &self,
        request: Request<pb::RecogniseDiseaseRequest>,
    ) -> Result<Response<pb::RecogniseDiseaseResponse>, Status> {
        Ok(Response::new(self.recognise(request.into_inner()).await?))
    }

    async fn join_plan(&self, request: Request<pb::JoinPlanRequest>) -> Result<Response<pb::JoinPlanResponse>, Status> {
        Ok(Response::new(self.plan(request.into_inner()).await?))
    }

    async fn end_qualification(
        &self,
        request: Request<pb::EndQualificationRequest>,
    ) -> Result<Response<pb::EndQualificationResponse>, Status> {
        Ok(Response::new(self.end(request.into_inner()).await?))
    }

    async fn list_qualifications(
        &self,
        request: Request<pb::ListQualificationsRequest>,
    ) -> Result<Response<pb::ListQualificationsResponse>, Status> {
        Ok(Response::new(self.qualifications(request.into_inner()).await?))
    }
}
