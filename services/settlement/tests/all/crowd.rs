//! Many callers at once on few people, for a while, in a seeded order; afterwards an auditor looks at everything.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use money::Fen;
use pb::settlement::v1::{
    GetOutcomeRequest, Outcome, SettleInterimRequest, SettleRequest, settle_interim_response, settle_response,
};
use settlement::app::{Bind, Command, Credit, Debit};
use settlement::domain::MovementKind;
use store::idempotency::Call;
use testkit::{on_postgres, on_sqlite};
use tokio::task::JoinSet;
use tokio::time::Instant;
use tonic::Status;

use crate::support::{House, institution, name};
use crate::world::{
    BY_SERVICE, BY_SETTLEMENT, Lots, asks_in, count, reason, refund, reversal, reversal_by_key, stay, town, visit,
    with_lines,
};

const CALLERS: u64 = 64;
const PEOPLE: u64 = 8;
const FOR: Duration = Duration::from_secs(30);
/// What a call may be refused with here; anything else is a defect.
const EXPECTED: [&str; 5] = ["DUPLICATE", "WRONG_STATE", "REFUND_EXCEEDS_LINE", "CONTENDED", "REVERSED_BEFORE"];

/// What became known of calls, to all callers.
#[derive(Default)]
struct Known {
    /// Keys and claims that were answered as settled.
    settled: Vec<(String, String)>,
    /// Claims that were answered as reversed.
    reversed: BTreeSet<String>,
    /// Keys of bills that were answered with an error.
    failed: Vec<String>,
    calls: u64,
}

struct Caller {
    house: Arc<House>,
    number: u64,
    lots: Lots,
    known: Arc<Mutex<Known>>,
    made: u64,
}

impl Caller {
    async fn call_until(mut self, end: Instant) {
        while Instant::now() < end {
            self.made += 1;
            self.known.lock().unwrap().calls += 1;
            match self.lots.below(100) {
                0..50 => self.settle().await,
                50..62 => self.settle_part().await,
                62..84 => self.reverse().await,
                84..94 => self.refund().await,
                _ => self.credit().await,
            }
        }
    }

    fn key(&self) -> String {
        format!("K{}-{}", self.number, self.made)
    }

    fn day(&mut self) -> String {
        format!("203{}-0{}-{:02}", 3 + self.lots.below(2), 1 + self.lots.below(6), 1 + self.lots.below(28))
    }

    fn bill(&mut self, key: &str) -> SettleRequest {
        let who = self.lots.below(PEOPLE);
        // few bill ids, so that some meet
        let id = format!("B{}", self.lots.below(5_000));
        let (day, amount) = (self.day(), 1 + i64::try_from(self.lots.below(300_000)).unwrap());
        let bill = match self.lots.below(3) {
            0 => visit(&id, &day, amount),
            1 => stay(&id, (&day, &day), amount),
            _ => with_lines(&visit(&id, &day, 0), &[(10, amount / 10 + 1), (1, 5_000)]),
        };
        let division = if who.is_multiple_of(2) { BY_SETTLEMENT } else { BY_SERVICE };
        asks_in(division, key, &format!("p{who}"), &bill)
    }

    fn failed(&self, key: &str, status: &Status) {
        assert!(EXPECTED.contains(&reason(status).as_str()), "{status:?}");
        self.known.lock().unwrap().failed.push(key.to_owned());
    }

    async fn settle(&mut self) {
        let key = self.key();
        let request = self.bill(&key);
        let answer = self.house.client().settle(request.clone()).await;
        match answer {
            Ok(answer) => {
                let answer = answer.into_inner();
                if let Some(settle_response::Outcome::Claim(claim)) = &answer.outcome {
                    self.known.lock().unwrap().settled.push((key, claim.claim_id.clone()));
                }
                if self.lots.below(10) == 0 {
                    let again = self.house.client().settle(request).await.expect("the kept answer").into_inner();
                    assert_eq!(again, answer, "the same key gives the same answer");
                }
            }
            Err(status) => self.failed(&key, &status),
        }
    }

    async fn settle_part(&mut self) {
        let key = self.key();
        let mut submission = self.bill(&key).submission.unwrap();
        // a stay is of one person and one kind of care; whoever mixes them up is told so
        submission.stay_id = format!("S-{}-{}", submission.person_id, self.lots.below(4));
        let submission = Some(submission);
        if self.lots.below(3) == 0 {
            let request = SettleRequest { idempotency_key: key.clone(), submission };
            match self.house.client().settle(request).await.map(tonic::Response::into_inner) {
                Ok(answer) => {
                    if let Some(settle_response::Outcome::Claim(claim)) = answer.outcome {
                        self.known.lock().unwrap().settled.push((key, claim.claim_id));
                    }
                }
                Err(status) => self.failed(&key, &status),
            }
            return;
        }
        let request = SettleInterimRequest { idempotency_key: key.clone(), submission };
        match self.house.client().settle_interim(request).await.map(tonic::Response::into_inner) {
            Ok(answer) => {
                if let Some(settle_interim_response::Outcome::Claim(claim)) = answer.outcome {
                    self.known.lock().unwrap().settled.push((key, claim.claim_id));
                }
            }
            Err(status) => self.failed(&key, &status),
        }
    }

    fn some_claim(&mut self) -> Option<(String, String)> {
        let known = self.known.lock().unwrap();
        let many = u64::try_from(known.settled.len()).unwrap();
        let at = self.lots.below(many.max(1));
        known.settled.get(usize::try_from(at).unwrap()).cloned()
    }

    async fn reverse(&mut self) {
        let Some((original, claim)) = self.some_claim() else { return };
        let key = self.key();
        let by_key = self.lots.below(2) == 0;
        let request = if by_key { reversal_by_key(&key, &original) } else { reversal(&key, &claim) };
        match self.house.client().reverse_claim(request).await {
            Ok(answer) => {
                assert!(answer.into_inner().reversed, "an answered claim is there to be reversed");
                self.known.lock().unwrap().reversed.insert(claim);
            }
            Err(status) => assert!(["WRONG_STATE", "CONTENDED"].contains(&reason(&status).as_str()), "{status:?}"),
        }
    }

    async fn refund(&mut self) {
        let Some((_, claim)) = self.some_claim() else { return };
        let request = refund(&self.key(), &claim, &[(1, 1_000 + i64::try_from(self.lots.below(3_000)).unwrap())]);
        let mut request = request;
        request.lines[0].quantity = "0.1".to_owned();
        if let Err(status) = self.house.client().refund_lines(request).await {
            let told = reason(&status);
            assert!(EXPECTED.contains(&told.as_str()) || told == "INVALID_FIELDS", "{status:?}");
        }
    }

    async fn credit(&mut self) {
        let person = name(&format!("p{}", self.lots.below(PEOPLE)));
        let (credit, amount) = (name(&self.key()), Fen::new(1 + i64::try_from(self.lots.below(20_000)).unwrap()));
        let call = Call::new("test", credit.as_str());
        let (kind, division) = (MovementKind::BroughtIn, "100000".parse().unwrap());
        let credit = Credit { call, person, credit, kind, amount, division, payer: None };
        let about = credit.credit;
        self.house.carry_out(Command::Credit(credit)).await;
        if self.lots.below(3) == 0 {
            // it was a mistake: whatever of it is spent by now is owed
            let (call, kind) = (Call::new("test", &format!("{about}-back")), MovementKind::TakenBack);
            let back = Some((division, None));
            self.house
                .carry_out(Command::Debit(Debit { call, person, kind, amount, about, relative: None, back }))
                .await;
        }
    }
}

async fn crowd(url: String) {
    let house = Arc::new(town(&url).await);
    for (owner, relative) in [("p0", "p1"), ("p1", "p0"), ("p2", "p0"), ("p3", "p4"), ("p5", "p6"), ("p6", "p7")] {
        house.credit(owner, Fen::new(200_000)).await;
        let call = Call::new("test", &format!("{owner} {relative}"));
        let (owner, relative, from) = (name(owner), name(relative), Some("2030-01-01".parse().unwrap()));
        house.carry_out(Command::Bind(Bind { call, owner, relative, relation: "parent".to_owned(), from })).await;
    }
    let known: Arc<Mutex<Known>> = Arc::default();
    let end = Instant::now() + FOR;
    let mut callers = JoinSet::new();
    for number in 0..CALLERS {
        let (house, known) = (Arc::clone(&house), Arc::clone(&known));
        let caller = Caller { house, number, lots: Lots::new(number), known, made: 0 };
        callers.spawn(caller.call_until(end));
    }
    callers.join_all().await;
    let known = Arc::into_inner(known).expect("all callers have ended").into_inner().unwrap();
    audit(&house, &known).await;
    Arc::into_inner(house).expect("all callers have ended").close().await;
}

/// What was answered is there, what was refused is not, and every sum is what its parts are.
async fn audit(house: &House, known: &Known) {
    println!("{} calls, {} settled, {} reversed", known.calls, known.settled.len(), known.reversed.len());
    assert!(known.settled.len() > 100 && known.reversed.len() > 20, "a crowd that does nothing finds nothing");
    house.is_sound().await;
    assert_eq!(count(&house.database, "SELECT COUNT(*) AS n FROM account WHERE balance_fen < 0").await, 0);
    let kept = count(&house.database, "SELECT COUNT(*) AS n FROM claim").await;
    assert_eq!(usize::try_from(kept).unwrap(), known.settled.len(), "what is kept is what was answered");
    let asked = |key: &str| GetOutcomeRequest { idempotency_key: key.to_owned(), institution_id: institution(1) };
    for (key, claim) in &known.settled {
        let answer = house.client().get_outcome(asked(key)).await.expect("an outcome").into_inner();
        assert_eq!(&answer.claim.as_ref().expect("a claim").claim_id, claim);
        if known.reversed.contains(claim) {
            assert_eq!(answer.outcome(), Outcome::Reversed);
        }
    }
    for key in &known.failed {
        let answer = house.client().get_outcome(asked(key)).await.expect("an outcome").into_inner();
        assert_eq!(answer.outcome(), Outcome::NeverSeen, "{key}");
    }
}

#[test]
fn sixty_four_callers_on_eight_people_leave_sound_books_on_sqlite() {
    on_sqlite(crowd);
}

#[test]
fn sixty_four_callers_on_eight_people_leave_sound_books_on_postgresql() {
    on_postgres(crowd);
}
