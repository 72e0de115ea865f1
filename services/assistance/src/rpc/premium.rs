//! Premium assistance.

use std::sync::Arc;

use ::pb::assistance::v1 as pb;
use ::pb::r#type::v1::EntryState;
use money::Fen;
use pb::premium_service_server::PremiumService;
use rpc::{Fault, Violations};
use tonic::{Request, Response, Status};
use wire::{read as fields, write as messages};

use crate::app::change::{Asked, change, is_known};
use crate::app::{App, Problem, premium};
use crate::domain::{Premium, PremiumRow, PremiumSum, Told};
use crate::store::premiums;

/// Keeps what the assistance fund pays of premiums.
#[derive(Clone)]
pub(crate) struct Premiums(pub(crate) Arc<App>);

impl Premiums {
    async fn book(&self, r: pb::BookPremiumAssistanceRequest) -> Result<pb::BookPremiumAssistanceResponse, Fault> {
        let mut v = Violations::new();
        let key = fields::key(&mut v, "idempotency_key", &r.idempotency_key);
        let premium = read(&mut v, r.assistance.as_ref());
        let (key, (premium, told)) = v.finish(key.zip(premium))?;
        let asked = Asked::new("BookPremiumAssistance", &key, &r);
        if !is_known(&self.0, &asked).await? {
            premium::check(&self.0, &premium, told).await?;
        }
        change(&self.0, asked, premium, |app, tx, premium| async move {
            let (entry, at) = premium::booked(&app, &tx, &premium).await?;
            Ok(pb::BookPremiumAssistanceResponse { entries: vec![messages::entry(&entry, EntryState::Posted, at)] })
        })
        .await
    }

    async fn reverse(
        &self,
        r: pb::ReversePremiumAssistanceRequest,
    ) -> Result<pb::ReversePremiumAssistanceResponse, Fault> {
        let mut v = Violations::new();
        let key = fields::key(&mut v, "idempotency_key", &r.idempotency_key);
        let enrolment = fields::id(&mut v, "enrolment_id", &r.enrolment_id);
        let on = fields::date(&mut v, "reversed_date", &r.reversed_date);
        let (key, command) = v.finish(key.zip(enrolment.zip(on)))?;
        let asked = Asked::new("ReversePremiumAssistance", &key, &r);
        change(&self.0, asked, command, |app, tx, command| async move {
            let (entry, at) = premium::reversed(&app, &tx, *command).await?;
            Ok(pb::ReversePremiumAssistanceResponse { entries: vec![messages::entry(&entry, EntryState::Posted, at)] })
        })
        .await
    }

    async fn get(&self, r: pb::GetPremiumAssistanceRequest) -> Result<pb::GetPremiumAssistanceResponse, Fault> {
        let mut v = Violations::new();
        let enrolment = fields::id(&mut v, "enrolment_id", &r.enrolment_id);
        let enrolment = v.finish(enrolment)?;
        let found = premiums::newest(self.0.database.reader(), enrolment).await.map_err(Problem::Store)?;
        let booked = found.ok_or_else(|| Fault::not_found("premium_assistance", enrolment.as_str()))?;
        Ok(pb::GetPremiumAssistanceResponse {
            assistance: Some(write(&booked.premium)),
            booked_at: Some(messages::moment(booked.booked_at)),
            reversed_at: booked.reversed_at.map(messages::moment),
        })
    }
}

fn read(v: &mut Violations, given: Option<&pb::PremiumAssistance>) -> Option<(Premium, Told)> {
    let given = v.required("assistance", given, "what is booked")?;
    v.within("assistance", |v| {
        let enrolment = fields::id(v, "enrolment_id", &given.enrolment_id);
        let person = fields::id(v, "person_id", &given.person_id);
        let division = fields::division(v, "division", &given.division);
        let cover_year = fields::year(v, "cover_year", given.cover_year);
        let category = fields::word(v, "category", given.category);
        let amount = fields::fen(v, "amount_fen", given.amount_fen);
        if amount == Some(Fen::ZERO) {
            v.add("amount_fen", 0, "an amount above zero");
        }
        let version = fields::version(v, "policy_version", &given.policy_version);
        let paid = fields::date(v, "paid_date", &given.paid_date);
        let enrolled = fields::optional_date(v, "enrolled_date", &given.enrolled_date);
        let group = fields::optional_word(v, "group", given.group);
        let county = fields::optional_word(v, "county", given.county);
        let college = fields::optional_word(v, "college", given.college);
        let told = Told { enrolled: enrolled?, group: group?, county: county?, college: college? };
        let premium = Premium {
            enrolment: enrolment?,
            person: person?,
            division: division?,
            cover_year: cover_year?,
            category: category?,
            handed_in: given.categories_handed_in,
            amount: amount?,
            version: version?,
            paid: paid?,
        };
        Some((premium, told))
    })
}

fn write(premium: &Premium) -> pb::PremiumAssistance {
    pb::PremiumAssistance {
        enrolment_id: premium.enrolment.to_string(),
        person_id: premium.person.to_string(),
        division: premium.division.to_string(),
        cover_year: u32::try_from(premium.cover_year).unwrap_or_default(),
        category: messages::word(premium.category),
        amount_fen: premium.amount.get(),
        policy_version: premium.version.to_string(),
        paid_date: messages::date(premium.paid),
        categories_handed_in: premium.handed_in,
        ..pb::PremiumAssistance::default()
    }
}

/// Premiums of one division, month and category, for a report.
pub(super) fn row(row: &PremiumRow) -> pb::PremiumRow {
    pb::PremiumRow {
        division: row.division.to_string(),
        month: row.month.to_string(),
        category: messages::word(row.category),
        sum: Some(sum(row.sum)),
    }
}

/// A sum over premiums.
pub(super) fn sum(sum: PremiumSum) -> pb::PremiumSum {
    let PremiumSum { people, premiums, handed_in, amount } = sum;
    pb::PremiumSum { people, premiums, premiums_handed_in: handed_in, amount_fen: amount.get() }
}

#[tonic::async_trait]
impl PremiumService for Premiums {
    async fn book_premium_assistance(
        &self,
        request: Request<pb::BookPremiumAssistanceRequest>,
    ) -> Result<Response<pb::BookPremiumAssistanceResponse>, Status> {
        Ok(Response::new(self.book(request.into_inner()).await?))
    }

    async fn reverse_premium_assistance(
        &self,
        request: Request<pb::ReversePremiumAssistanceRequest>,
    ) -> Result<Response<pb::ReversePremiumAssistanceResponse>, Status> {
        Ok(Response::new(self.reverse(request.into_inner()).await?))
    }

    async fn get_premium_assistance(
        &self,
        request: Request<pb::GetPremiumAssistanceRequest>,
    ) -> Result<Response<pb::GetPremiumAssistanceResponse>, Status> {
        Ok(Response::new(self.get(request.into_inner()).await?))
    }
}
