//! The calls of `AccountService`.

mod read;
mod write;

use std::sync::Arc;

use chrono::{Datelike as _, NaiveDate};
use pb::settlement::v1::account_service_server::AccountService;
use pb::settlement::v1::{
    BindFamilyAccountRequest, BindFamilyAccountResponse, CreditAccountRequest, CreditAccountResponse,
    DebitAccountRequest, DebitAccountResponse, GetAccountRequest, GetAccountResponse, GetAccumulatorsRequest,
    GetAccumulatorsResponse, ListFamilyBindingsRequest, ListFamilyBindingsResponse, ListMovementsRequest,
    ListMovementsResponse, OpenYearRequest, OpenYearResponse, UnbindFamilyAccountRequest, UnbindFamilyAccountResponse,
};
use prost::Message;
use rpc::{Fault, Violations};
use terms::{Division, Name};
use tonic::{Request, Response, Status};
use wire::read::{id, page as page_size, year};

use super::page::Place;
use super::{Settlement, page};
use crate::app::{Command, Done, day_of, store_fault};
use crate::domain::{Binding, Movement, PersonYear, Policies, balances_of};
use crate::store as tables;

type Answer<T> = Result<Response<T>, Status>;

/// Hands a request on and wraps what comes back.
macro_rules! hand_on {
    ($answer:expr) => {
        $answer.await.map(Response::new).map_err(Status::from)
    };
}

#[tonic::async_trait]
impl AccountService for Settlement {
    async fn get_accumulators(&self, request: Request<GetAccumulatorsRequest>) -> Answer<GetAccumulatorsResponse> {
        hand_on!(self.accumulated(request.into_inner()))
    }

    async fn open_year(&self, request: Request<OpenYearRequest>) -> Answer<OpenYearResponse> {
        hand_on!(self.open(request.into_inner()))
    }

    async fn get_account(&self, request: Request<GetAccountRequest>) -> Answer<GetAccountResponse> {
        hand_on!(self.account(request.into_inner()))
    }

    async fn list_movements(&self, request: Request<ListMovementsRequest>) -> Answer<ListMovementsResponse> {
        hand_on!(self.movements(request.into_inner()))
    }

    async fn credit_account(&self, request: Request<CreditAccountRequest>) -> Answer<CreditAccountResponse> {
        let command = read::credit(&request.into_inner()).and_then(|credit| {
            self.known_fund(credit.division, credit.payer)?;
            Ok(Command::Credit(credit))
        });
        hand_on!(self.change(command, write::credited))
    }

    async fn debit_account(&self, request: Request<DebitAccountRequest>) -> Answer<DebitAccountResponse> {
        let command = read::debit(&request.into_inner()).and_then(|debit| {
            debit.back.map(|(division, payer)| self.known_fund(division, payer)).transpose()?;
            Ok(Command::Debit(debit))
        });
        hand_on!(self.change(command, write::debited))
    }

    async fn bind_family_account(
        &self,
        request: Request<BindFamilyAccountRequest>,
    ) -> Answer<BindFamilyAccountResponse> {
        let command = read::bind(&request.into_inner()).map(Command::Bind);
        hand_on!(self.change(command, write::bound))
    }

    async fn unbind_family_account(
        &self,
        request: Request<UnbindFamilyAccountRequest>,
    ) -> Answer<UnbindFamilyAccountResponse> {
        let command = read::unbind(&request.into_inner()).map(Command::Unbind);
        hand_on!(self.change(command, write::unbound))
    }

    async fn list_family_bindings(
        &self,
        request: Request<ListFamilyBindingsRequest>,
    ) -> Answer<ListFamilyBindingsResponse> {
        hand_on!(self.bindings(request.into_inner()))
    }
}

impl Settlement {
    async fn open(&self, request: OpenYearRequest) -> Result<OpenYearResponse, Fault> {
        let command = Command::OpenYear(read::open_year(&request, &self.bench.registry, self.today())?);
        let encode = |policies: &Policies, done: &Done| Ok(write::opened(policies, done)?.encode_to_vec());
        let bytes = self.one_stop.commit(command, false, Arc::new(encode)).await?;
        OpenYearResponse::decode(bytes.as_slice()).map_err(Fault::internal)
    }

    /// What is credited comes from a fund that the policy of its division knows, and goes back to one.
    fn known_fund(&self, division: Division, payer: Option<Name>) -> Result<(), Fault> {
        let Some(payer) = payer else { return Ok(()) };
        let mut v = Violations::new();
        match self.bench.registry.head(division) {
            Some(policy) if policy.divisions().any(|known| known.code == division) => {
                if !policy.knows_payer(division, payer.as_str()) {
                    v.add("payer", payer, "a fund of the division, as its policy has it");
                }
            }
            _ => v.add("division", division, "a division whose policy is published here"),
        }
        v.finish(Some(()))
    }

    /// Commits a command and answers with what it gave, or with what it gave before under the same key.
    async fn change<T: Message + Default + 'static>(
        &self,
        command: Result<Command, Fault>,
        write: fn(&Done) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        let encode = Arc::new(move |_: &Policies, done: &Done| Ok(write(done)?.encode_to_vec()));
        let bytes = self.one_stop.commit(command?, false, encode).await?;
        T::decode(bytes.as_slice()).map_err(Fault::internal)
    }

    async fn accumulated(&self, request: GetAccumulatorsRequest) -> Result<GetAccumulatorsResponse, Fault> {
        let mut v = Violations::new();
        let person = id(&mut v, "person_id", &request.person_id);
        let year = year(&mut v, "year", request.year);
        let (person, year) = v.finish(person.zip(year))?;
        let reader = self.bench.database.reader();
        let found = tables::years(reader, Some(&person), Some(year), None, 1).await.map_err(store_fault)?.pop();
        let year = found.unwrap_or_else(|| PersonYear::new(person, year));
        let last = tables::last_claim(reader, &year).await.map_err(store_fault)?;
        let account = tables::account(reader, &person).await.map_err(store_fault)?;
        let family = tables::offered(reader, &person, self.today()).await.map_err(store_fault)?;
        Ok(GetAccumulatorsResponse {
            accumulators: Some(wire::write::accumulators(&balances_of(&year.state, account.balance, family))),
            claims: u32::try_from(year.claims).unwrap_or(u32::MAX),
            last_claim_id: last.map(|id| id.to_string()).unwrap_or_default(),
            opening_id: year.opening.map(|opening| opening.id.to_string()).unwrap_or_default(),
        })
    }

    async fn account(&self, request: GetAccountRequest) -> Result<GetAccountResponse, Fault> {
        let mut v = Violations::new();
        let person = id(&mut v, "person_id", &request.person_id);
        let person = v.finish(person)?;
        let reader = self.bench.database.reader();
        let account = tables::account(reader, &person).await.map_err(store_fault)?;
        let family = tables::offered(reader, &person, self.today()).await.map_err(store_fault)?;
        Ok(GetAccountResponse {
            balance_fen: account.balance.get(),
            reserved_fen: account.reserved.get(),
            family_account_fen: family.get(),
            owed_fen: account.owed.get(),
        })
    }

    async fn movements(&self, request: ListMovementsRequest) -> Result<ListMovementsResponse, Fault> {
        let question = ListMovementsRequest { page_token: String::new(), page_size: 0, ..request.clone() };
        let question = question.encode_to_vec();
        let mut v = Violations::new();
        let person = id(&mut v, "person_id", &request.person_id);
        let most = page_size(&mut v, request.page_size);
        let after = page::place(&mut v, "page_token", &request.page_token, &question);
        let (person, (most, after)) = v.finish(person.zip(most.zip(after)))?;
        let below = after.map(|place| place.number);
        let found = tables::movements(self.bench.database.reader(), &person, below, most + 1).await;
        let place_of = |movement: &Movement| Place { number: movement.number, id: movement.id.to_string() };
        let (page, next_page_token) = cut(found.map_err(store_fault)?, most, &question, place_of);
        Ok(ListMovementsResponse { movements: page.iter().map(write::movement).collect(), next_page_token })
    }

    async fn bindings(&self, request: ListFamilyBindingsRequest) -> Result<ListFamilyBindingsResponse, Fault> {
        let question = ListFamilyBindingsRequest { page_token: String::new(), page_size: 0, ..request.clone() };
        let question = question.encode_to_vec();
        let mut v = Violations::new();
        let person = id(&mut v, "person_id", &request.person_id);
        let most = page_size(&mut v, request.page_size);
        let after = page::place(&mut v, "page_token", &request.page_token, &question);
        let (person, (most, after)) = v.finish(person.zip(most.zip(after)))?;
        let after = after.map(|place| (day_numbered(place.number), place.id));
        let found = tables::bindings(self.bench.database.reader(), &person, after, most + 1).await;
        let place_of =
            |binding: &Binding| Place { number: binding.from.num_days_from_ce().into(), id: binding.id.to_string() };
        let (page, next_page_token) = cut(found.map_err(store_fault)?, most, &question, place_of);
        let bindings = page.iter().map(write::binding).collect::<Result<_, _>>()?;
        Ok(ListFamilyBindingsResponse { bindings, next_page_token })
    }

    fn today(&self) -> NaiveDate {
        day_of(self.bench.clock.now())
    }
}

/// The day of a token's number; the first of all for one that no token of ours has.
fn day_numbered(number: i64) -> NaiveDate {
    i32::try_from(number).ok().and_then(NaiveDate::from_num_days_from_ce_opt).unwrap_or_default()
}

/// A page out of one item more than it may hold, and where the next begins.
fn cut<T>(mut found: Vec<T>, most: u32, question: &[u8], place_of: impl Fn(&T) -> Place) -> (Vec<T>, String) {
    let is_last = found.len() <= most as usize;
    found.truncate(most as usize);
    let last = found.last().filter(|_| !is_last);
    let next = last.map(|last| page::token(question, &place_of(last))).unwrap_or_default();
    (found, next)
}
