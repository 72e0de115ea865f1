//! Whatever is settled and granted at once: in the end every claim has the categories of its day, and nobody asks any more.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use ::pb::assistance::v1 as pb;
use ::pb::settlement::v1 as settlement_pb;
use ::pb::r#type::v1::Category;
use pb::reservation_service_client::ReservationServiceClient;
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;
use rpc::Client;
use settlement_pb::{ClaimStand, ThirdSystem};
use testkit::on_both;
use tokio::sync::Mutex;
use tokio::task::JoinSet;

use crate::support::{World, change, eventually, nothing_changed, stand, terms};

const CATEGORIES: [Category; 3] = [Category::Destitute, Category::LowIncome, Category::Monitored];

/// What happens: a bill of a day of a month, or a category from a month on.
#[derive(Clone, Copy, Debug)]
enum Step {
    Settle(u8),
    Grant(usize, u8),
}

fn steps() -> impl Strategy<Value = Vec<(usize, Step)>> {
    let month = 1..10_u8;
    let step = prop_oneof![
        2 => month.clone().prop_map(Step::Settle),
        1 => (0..CATEGORIES.len(), month).prop_map(|(category, month)| Step::Grant(category, month)),
    ];
    prop::collection::vec((0..2_usize, step), 16..24)
}

/// A person's books at settlement: Changes made, and of each claim its revision, day and categories.
#[derive(Default)]
struct Books {
    made: u64,
    claims: BTreeMap<String, (u32, String, Vec<Category>)>,
}

/// As much of settlement as renews claims: it reads the categories, commits under the person's lock, and delivers in its own time.
struct Settling {
    people: BTreeMap<String, Mutex<Books>>,
    assistance: ReservationServiceClient<Client>,
    on_their_way: AtomicUsize,
}

impl Settling {
    async fn standing(&self, person: &str, day: &str) -> Vec<Category> {
        let (person_id, on_dates) = (person.to_owned(), vec![day.to_owned()]);
        let request = pb::GetStandingRequest { person_id, on_dates, known_at: None };
        let found = self.assistance.clone().get_standing(request).await.unwrap().into_inner();
        found.days[0].categories().collect()
    }

    /// Commits how a claim stands, and sends the Change on its way.
    fn commit(self: &Arc<Self>, person: &str, books: &mut Books, claim: &str, day: &str, categories: &[Category]) {
        let (revision, ..) = books.claims.get(claim).map_or((0, ()), |(revision, ..)| (revision + 1, ()));
        books.claims.insert(claim.to_owned(), (revision, day.to_owned(), categories.to_vec()));
        books.made += 1;
        let mut change = change(person, books.made, "", &[(claim, revision, 0)]);
        change.years[0].claims = vec![ClaimStand {
            rules_date: day.to_owned(),
            categories: categories.iter().map(|category| (*category).into()).collect(),
            category: categories.first().copied().unwrap_or(Category::NoCategory).into(),
            third_system: ThirdSystem::Whole.into(),
            ..stand(claim, revision, 0)
        }];
        self.on_their_way.fetch_add(1, Ordering::SeqCst);
        let settling = Arc::clone(self);
        tokio::spawn(async move {
            loop {
                let request = pb::PostChangesRequest { changes: vec![change.clone()] };
                let answer = settling.assistance.clone().post_changes(request).await;
                let outcome = answer.ok().map(|answer| answer.into_inner().changes[0].outcome());
                if matches!(outcome, Some(pb::PostOutcome::Kept | pb::PostOutcome::Known)) {
                    break;
                }
                assert_ne!(outcome, Some(pb::PostOutcome::Refused));
                tokio::task::yield_now().await;
            }
            settling.on_their_way.fetch_sub(1, Ordering::SeqCst);
        });
    }

    async fn settle(self: &Arc<Self>, person: &str, claim: &str, day: &str) {
        let categories = self.standing(person, day).await;
        // whatever is granted from here on, the bill does not know of it
        tokio::task::yield_now().await;
        self.commit(person, &mut *self.people[person].lock().await, claim, day, &categories);
    }

    async fn reassess(self: Arc<Self>, request: settlement_pb::ReassessRequest) -> settlement_pb::ReassessResponse {
        let books = &self.people[&request.person_id];
        let known: Vec<(String, String)> =
            books.lock().await.claims.iter().map(|(claim, (_, day, _))| (claim.clone(), day.clone())).collect();
        let mut now = Vec::new();
        for (claim, day) in known {
            now.push((claim, self.standing(&request.person_id, &day).await, day));
        }
        let mut books = books.lock().await;
        let mut has_changed = false;
        for (claim, categories, day) in now {
            if books.claims[&claim].2 != categories {
                self.commit(&request.person_id, &mut books, &claim, &day, &categories);
                has_changed = true;
            }
        }
        if !has_changed {
            return nothing_changed();
        }
        let done = settlement_pb::reassess_response::Outcome::Done(settlement_pb::Reassessed::default());
        settlement_pb::ReassessResponse { outcome: Some(done), ..Default::default() }
    }
}

async fn at_once(world: &Arc<World>, settling: &Arc<Settling>, people: &[String], steps: &[(usize, Step)]) {
    let mut under_way = JoinSet::new();
    for (number, (person, step)) in steps.iter().copied().enumerate() {
        let (world, settling, person) = (Arc::clone(world), Arc::clone(settling), people[person].clone());
        under_way.spawn(async move {
            match step {
                Step::Settle(month) => {
                    settling.settle(&person, &format!("{person}-{number}"), &format!("2022-0{month}-15")).await;
                }
                Step::Grant(category, month) => {
                    // another grant of the category may hold on these days: then nothing is granted
                    let terms = terms(CATEGORIES[category], &format!("2022-0{month}-01"), "");
                    drop(world.try_grant(&person, terms).await);
                }
            }
        });
    }
    while let Some(done) = under_way.join_next().await {
        done.unwrap();
    }
}

#[test]
fn whatever_is_settled_and_granted_at_once_every_claim_ends_with_the_categories_of_its_day() {
    on_both(|url| async move {
        let world = Arc::new(World::new(&url).await);
        let mut runner = TestRunner::deterministic();
        for case in 0..4 {
            let steps = steps().new_tree(&mut runner).unwrap().current();
            let people: Vec<String> = (0..2).map(|at| format!("P{case}-{at}")).collect();
            let settling = Arc::new(Settling {
                people: people.iter().map(|person| (person.clone(), Mutex::default())).collect(),
                assistance: world.reservations.clone(),
                on_their_way: AtomicUsize::new(0),
            });
            let deciding = Arc::clone(&settling);
            *world.settlement.decides.lock().unwrap() =
                Some(Arc::new(move |request| Box::pin(Arc::clone(&deciding).reassess(request))));
            at_once(&world, &settling, &people, &steps).await;
            let all_answered = || async {
                for person in &people {
                    let open = |one: &pb::Reassessment| one.state() == pb::ReassessmentState::Asked;
                    if world.reassessments(person).await.iter().any(open) {
                        return false;
                    }
                }
                true
            };
            let look = || async {
                let is_quiet =
                    all_answered().await && settling.on_their_way.load(Ordering::SeqCst) == 0 && all_answered().await;
                is_quiet.then_some(())
            };
            eventually(look).await;
            for person in &people {
                for (claim, (_, day, categories)) in &settling.people[person].lock().await.claims {
                    assert_eq!(*categories, world.on(person, day).await, "{claim} of {day}: {steps:?}");
                }
                assert_eq!(world.lacking(person).await, 0, "{steps:?}");
                assert!(world.reassessments(person).await.len() <= steps.len(), "{steps:?}");
            }
        }
    });
}
