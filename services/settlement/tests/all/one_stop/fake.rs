//! Settlement beside a keeper of the third system that says what the test tells it to.

use std::collections::{BTreeSet, VecDeque};
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use host::{Server, Services};
use pb::assistance::v1 as keeper_pb;
use pb::assistance::v1::reservation_service_server::{ReservationService, ReservationServiceServer};
use pb::assistance::v1::reserve_response::Outcome;
use pb::settlement::v1::one_stop_service_client::OneStopServiceClient;
use pb::settlement::v1::{Change, GetHoldOutcomeRequest, RevisionCause, ThirdSystem};
use pb::r#type::v1::Category;
use sha2::{Digest as _, Sha256};
use testkit::on_both;
use tonic::{Request, Response, Status, Streaming};

use super::town::packs;
use super::{DAYS, SMALL};
use crate::support::{House, Wish, institution};
use crate::world::{asks, claim_of, reason, split, stay, until};

/// Everybody is destitute, every hold is granted whole, and every Change is kept, where the test says nothing else.
#[derive(Default)]
struct Keeper {
    /// Whether nobody has a category.
    assists_nobody: Mutex<bool>,
    /// What it answers to the next calls of Reserve.
    answers: Mutex<VecDeque<Outcome>>,
    reserved: Mutex<Vec<keeper_pb::ReserveRequest>>,
    posted: Mutex<Vec<Change>>,
    /// A person of whom it cannot read a Change.
    unreadable: Mutex<String>,
    /// How many Changes came in each call.
    together: Mutex<Vec<usize>>,
    /// While somebody holds this it does not answer.
    gate: tokio::sync::Mutex<()>,
}

type Answer<T> = Result<Response<T>, Status>;

#[tonic::async_trait]
impl ReservationService for Keeper {
    async fn get_standing(
        &self,
        request: Request<keeper_pb::GetStandingRequest>,
    ) -> Answer<keeper_pb::GetStandingResponse> {
        drop(self.gate.lock().await);
        let categories: &[Category] = if *self.assists_nobody.lock().unwrap() { &[] } else { &[Category::Destitute] };
        let on = |on_date: String| day(&on_date, categories);
        let days = request.into_inner().on_dates.into_iter().map(on).collect();
        Ok(Response::new(keeper_pb::GetStandingResponse { days, known_at: None }))
    }

    async fn reserve(&self, request: Request<keeper_pb::ReserveRequest>) -> Answer<keeper_pb::ReserveResponse> {
        let request = request.into_inner();
        let whole = |ask: &keeper_pb::Ask| keeper_pb::Granted {
            year: ask.year,
            payer: ask.payer.clone(),
            asked_fen: ask.net_fen,
            granted_fen: ask.net_fen,
        };
        let granted = request.asks.iter().map(whole).collect();
        let held = Outcome::Held(keeper_pb::Held { granted, expires_at: None });
        self.reserved.lock().unwrap().push(request);
        let outcome = Some(self.answers.lock().unwrap().pop_front().unwrap_or(held));
        Ok(Response::new(keeper_pb::ReserveResponse { outcome }))
    }

    async fn post_changes(
        &self,
        request: Request<keeper_pb::PostChangesRequest>,
    ) -> Answer<keeper_pb::PostChangesResponse> {
        drop(self.gate.lock().await);
        let changes = request.into_inner().changes;
        self.together.lock().unwrap().push(changes.len());
        if changes.iter().any(|change| change.person_id == *self.unreadable.lock().unwrap()) {
            return Err(Status::invalid_argument("a Change that cannot be read"));
        }
        let kept = |change: &Change| keeper_pb::PostedChange {
            change_id: change.change_id.clone(),
            outcome: keeper_pb::PostOutcome::Kept.into(),
            kept_sequence: change.sequence,
        };
        let answers = changes.iter().map(kept).collect();
        self.posted.lock().unwrap().extend(changes);
        Ok(Response::new(keeper_pb::PostChangesResponse { changes: answers }))
    }

    async fn get_reservation(
        &self,
        _: Request<keeper_pb::GetReservationRequest>,
    ) -> Answer<keeper_pb::GetReservationResponse> {
        Err(Status::unimplemented("nobody asks this"))
    }

    async fn list_reservations(
        &self,
        _: Request<keeper_pb::ListReservationsRequest>,
    ) -> Answer<keeper_pb::ListReservationsResponse> {
        Err(Status::unimplemented("nobody asks this"))
    }

    async fn get_limits(&self, _: Request<keeper_pb::GetLimitsRequest>) -> Answer<keeper_pb::GetLimitsResponse> {
        Err(Status::unimplemented("nobody asks this"))
    }

    async fn adopt_shares(
        &self,
        _: Request<Streaming<keeper_pb::AdoptSharesRequest>>,
    ) -> Answer<keeper_pb::AdoptSharesResponse> {
        Err(Status::unimplemented("nobody asks this"))
    }
}

fn day(on_date: &str, categories: &[Category]) -> keeper_pb::DayCategories {
    let categories = categories.iter().map(|category| (*category).into()).collect();
    keeper_pb::DayCategories { on_date: on_date.to_owned(), categories, grant_ids: Vec::new() }
}

/// Settlement and its keeper.
async fn both(url: &str) -> (House, Arc<Keeper>) {
    let keeper = Arc::new(Keeper::default());
    let server = Server::bind_silently("127.0.0.1:0".parse().unwrap()).await.expect("a port is free");
    let assistance = Some(format!("http://{}", server.address()));
    let services = Services::new().with(ReservationServiceServer::from_arc(Arc::clone(&keeper)));
    let never: Pin<Box<dyn Future<Output = ()> + Send>> = Box::pin(std::future::pending());
    tokio::spawn(server.serve(services, Duration::from_secs(1), never));
    let house = House::open_with(url, Wish { assistance, packs: Some(packs()), ..Wish::default() }).await;
    (house, keeper)
}

/// The holds of a call of person p, in order.
fn hold(key: &str, over: usize) -> String {
    let digest = Sha256::digest(format!("claims/{}\n{key}\np", institution(1)));
    format!("{}-{over}", hex::encode(&digest[..12]))
}

#[test]
fn a_hold_that_is_pending_ends_with_the_commit_although_the_categories_became_others_meanwhile() {
    on_both(|url| async move {
        let (house, keeper) = both(&url).await;
        // held, and nothing of it for the payer that is asked for; then the person has no category any more
        let held = Outcome::Held(keeper_pb::Held { granted: Vec::new(), expires_at: None });
        let stale = Outcome::Stale(keeper_pb::Stale { days: vec![day("2035-03-01", &[])] });
        keeper.answers.lock().unwrap().extend([held, stale]);
        let claim = house.settles("K1", "p", &stay("B1", DAYS, SMALL)).await;
        assert_eq!((split(&claim), claim.third_system()), ([80_000, 0, 0, 50_000], ThirdSystem::NotConcerned));
        until("the Change is told", async || !keeper.posted.lock().unwrap().is_empty()).await;
        let holds: Vec<String> = keeper.posted.lock().unwrap().iter().map(|change| change.hold_id.clone()).collect();
        assert_eq!(holds, [hold("K1", 0)], "it is posted with nothing, and not left to the sweep");
        house.close().await;
    });
}

#[test]
fn holds_that_were_refused_cost_no_rounds() {
    on_both(|url| async move {
        let (house, keeper) = both(&url).await;
        for over in 0..9 {
            let (hold_id, person_id) = (hold("K1", over), "p".to_owned());
            let asked = GetHoldOutcomeRequest { hold_id, person_id, after_sequence: 0 };
            let outcome = OneStopServiceClient::new(house.channel()).get_hold_outcome(asked).await.expect("an outcome");
            assert!(!outcome.into_inner().used);
        }
        let claim = house.settles("K1", "p", &stay("B1", DAYS, SMALL)).await;
        assert_eq!((split(&claim), claim.third_system()), ([105_000, 0, 0, 25_000], ThirdSystem::Whole));
        let asked: BTreeSet<String> = keeper.reserved.lock().unwrap().iter().map(|one| one.hold_id.clone()).collect();
        assert_eq!(asked, (0..10).map(|over| hold("K1", over)).collect());
        house.close().await;
    });
}

#[test]
fn a_caller_in_a_hurry_is_told_so_itself_and_keeps_the_third_system_from_nobody() {
    on_both(|url| async move {
        let (house, keeper) = both(&url).await;
        house.settles("K0", "q", &stay("B0", DAYS, SMALL)).await;
        let closed = keeper.gate.lock().await;
        let mut hurried = Request::new(asks("K1", "p", &stay("B1", DAYS, SMALL)));
        hurried.set_timeout(Duration::from_millis(300));
        let status = house.client().settle(hurried).await.expect_err("no time");
        assert_eq!(reason(&status), "DEADLINE");
        drop(closed);
        // at once, by somebody who has time
        let claim = house.settles("K2", "p", &stay("B2", DAYS, SMALL)).await;
        assert_eq!((split(&claim), claim.third_system()), ([105_000, 0, 0, 25_000], ThirdSystem::Whole));
        // and who came too early comes again
        let again = asks("K1", "p", &stay("B1", DAYS, SMALL));
        let again = claim_of(house.client().settle(again).await.expect("settled").into_inner());
        assert_eq!(again.third_system(), ThirdSystem::Whole);
        house.close().await;
    });
}

#[test]
fn of_changes_that_are_told_together_one_that_cannot_be_read_holds_up_none_of_the_others() {
    on_both(|url| async move {
        let (house, keeper) = both(&url).await;
        "bad".clone_into(&mut keeper.unreadable.lock().unwrap());
        for who in ["a", "b", "bad", "c", "d"] {
            house.settles(who, who, &stay(who, DAYS, SMALL)).await;
        }
        let told = || keeper.posted.lock().unwrap().iter().map(|change| change.person_id.clone()).collect();
        let others: BTreeSet<String> = ["a", "b", "c", "d"].map(str::to_owned).into();
        until("the others are told", async || {
            let told: BTreeSet<String> = told();
            told == others
        })
        .await;
        assert!(keeper.together.lock().unwrap().iter().all(|changes| *changes > 0));
        house.close().await;
    });
}

#[test]
fn a_year_decided_anew_whose_categories_became_others_on_one_day_is_decided_with_those_and_no_more_often() {
    on_both(|url| async move {
        let (house, keeper) = both(&url).await;
        *keeper.assists_nobody.lock().unwrap() = true;
        for (key, day) in [("K1", "2035-03-01"), ("K2", "2035-04-01")] {
            let claim = house.settles(key, "p", &stay(key, (day, day), SMALL)).await;
            assert_eq!(split(&claim), [80_000, 0, 0, 50_000]);
        }
        *keeper.assists_nobody.lock().unwrap() = false;
        let stale = Outcome::Stale(keeper_pb::Stale { days: vec![day("2035-03-01", &[])] });
        keeper.answers.lock().unwrap().push_back(stale);
        let mut one_stop = OneStopServiceClient::new(house.channel());
        let asked = super::reassess("R1", "p", RevisionCause::PersonChanged);
        let done = super::done(one_stop.reassess(asked).await.expect("decided anew").into_inner());
        let changed: Vec<(String, i64)> = done.adjustments.into_iter().map(|one| (one.bill_id, one.cash_fen)).collect();
        assert_eq!(changed, [("K2".to_owned(), -25_000)], "the other day has no category any more");
        let asked: Vec<Vec<String>> = keeper.reserved.lock().unwrap().iter().map(days).collect();
        assert_eq!(asked, [vec!["2035-03-01".to_owned(), "2035-04-01".to_owned()], vec!["2035-04-01".to_owned()]]);
        house.close().await;
    });
}

/// The days of a plan.
fn days(request: &keeper_pb::ReserveRequest) -> Vec<String> {
    request.days.iter().map(|day| day.on_date.clone()).collect()
}
