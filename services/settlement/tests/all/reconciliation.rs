//! Reconciliation over gRPC: totals, and claim by claim where they differ.

mod streams;

use pb::settlement::v1::reconciliation_service_client::ReconciliationServiceClient;
use pb::settlement::v1::reverse_claim_request::Original;
use pb::settlement::v1::{
    Claim, ClaimState, Difference, DifferenceKind, Evidence, GetReconciliationRequest, ListDifferencesRequest,
    ReconcileDetailsRequest, ReconcileDetailsResponse, ReconcileTotalsRequest, Reconciliation, ReconciliationState,
    ReimburseRequest, ReimbursementReason, ReverseClaimRequest, SettleRequest, TheirClaim, Totals, reimburse_response,
    settle_response,
};
use pb::r#type::v1::{Care, Period, Scheme};
use testkit::on_both;
use tonic::Status;

use crate::counter::{Paper, fields, said};
use crate::support::{House, institution, shares};

type Books = ReconciliationServiceClient<rpc::Client>;

const DAY: &str = "2022-06-15";

fn books(house: &House) -> Books {
    ReconciliationServiceClient::new(house.channel())
}

/// Settles employees' bills of one hospital, each of a person of its own, on [`DAY`].
async fn settled(house: &House, hospital: &str, bills: &[(&str, i64)]) -> Vec<Claim> {
    let mut client = house.client();
    let mut claims = Vec::new();
    for (bill, fen) in bills {
        let person = format!("person-{bill}");
        let paper = Paper { person: &person, institution: hospital, bill, scheme: Scheme::Employee, fen: *fen };
        claims.push(paper.settle(&mut client).await);
    }
    claims
}

async fn reverse(house: &House, claim: &Claim) {
    let request = ReverseClaimRequest {
        idempotency_key: format!("reverse-{}", claim.claim_id),
        institution_id: claim.institution_id.clone(),
        reason: "test".to_owned(),
        original: Some(Original::ClaimId(claim.claim_id.clone())),
    };
    house.client().reverse_claim(request).await.expect("reversed");
}

/// The hospital's copy of a claim as it got it.
fn copy(claim: &Claim) -> TheirClaim {
    let paid = shares(claim.decision.as_ref().expect("a decision"));
    let bill = claim.bill.as_ref().expect("a bill");
    TheirClaim {
        claim_id: claim.claim_id.clone(),
        bill_id: bill.bill_id.clone(),
        scheme: claim.person_facts.as_ref().expect("facts").schemes[0],
        care: bill.care,
        reversed: false,
        total_fen: bill.total_fen,
        fund_fen: 0,
        account_fen: paid.account_fen + paid.family_account_fen,
        cash_fen: paid.cash_fen,
    }
}

/// A group of standing claims that cash paid, and of reversed ones.
fn group(scheme: Scheme, claims: u64, claims_reversed: u64, total_fen: i64) -> Totals {
    let (scheme, care) = (scheme.into(), Care::Inpatient.into());
    Totals { scheme, care, claims, claims_reversed, total_fen, cash_fen: total_fen, ..Totals::default() }
}

fn day(key: &str, hospital: &str, totals: Vec<Totals>) -> ReconcileTotalsRequest {
    let settled = Some(Period { from_date: DAY.to_owned(), to_date: DAY.to_owned() });
    ReconcileTotalsRequest { idempotency_key: key.to_owned(), institution_id: hospital.to_owned(), settled, totals }
}

async fn compared(client: &mut Books, request: ReconcileTotalsRequest) -> Reconciliation {
    let reply = client.reconcile_totals(request).await.expect("compared").into_inner();
    reply.reconciliation.expect("a reconciliation")
}

/// Streams claims, two a message; the key and the reconciliation are in the first alone.
async fn streamed(
    client: &mut Books,
    key: &str,
    reconciliation: &str,
    claims: &[TheirClaim],
) -> Result<ReconcileDetailsResponse, Status> {
    let first = ReconcileDetailsRequest {
        idempotency_key: key.to_owned(),
        reconciliation_id: reconciliation.to_owned(),
        claims: Vec::new(),
    };
    let rest = claims.chunks(2).map(|some| ReconcileDetailsRequest { claims: some.to_vec(), ..Default::default() });
    let messages: Vec<_> = std::iter::once(first).chain(rest).collect();
    client.reconcile_details(tokio_stream::iter(messages)).await.map(tonic::Response::into_inner)
}

fn kinds(differences: &[Difference]) -> Vec<(&str, DifferenceKind)> {
    differences.iter().map(|one| (one.bill_id.as_str(), one.kind())).collect()
}

#[test]
fn a_day_on_which_both_say_the_same_is_equal() {
    on_both(|url| async move {
        let house = House::open(&url).await;
        house.clock.set("2022-06-15T02:00:00Z");
        let (hospital, mut client) = (institution(1), books(&house));
        let claims = settled(&house, &hospital, &[("a", 1_000), ("b", 2_000), ("c", 4_000)]).await;
        reverse(&house, &claims[2]).await;
        // what others bill, and what was settled the day after, is not of this day and house
        settled(&house, &institution(2), &[("d", 5_000)]).await;
        house.clock.set("2022-06-15T16:00:00Z");
        settled(&house, &hospital, &[("e", 6_000)]).await;
        let said = vec![group(Scheme::Employee, 2, 1, 3_000), group(Scheme::Resident, 0, 0, 0)];
        let made = compared(&mut client, day("k", &hospital, said.clone())).await;
        assert_eq!(made.state(), ReconciliationState::Equal);
        let sides: Vec<_> = made.groups.iter().map(|one| (one.theirs, one.ours, one.equal)).collect();
        assert_eq!(sides, [(Some(said[1]), None, true), (Some(said[0]), Some(said[0]), true)]);
        let asked = GetReconciliationRequest { reconciliation_id: made.reconciliation_id.clone() };
        let stored = client.get_reconciliation(asked).await.expect("it is kept").into_inner().reconciliation;
        assert_eq!(stored.as_ref(), Some(&made));
        assert_eq!(compared(&mut client, day("k", &hospital, said)).await, made);
        let other = client.reconcile_totals(day("k", &hospital, vec![])).await.expect_err("another day's totals");
        assert_eq!(crate::counter::said(&other, "field"), ("KEY_REUSED".into(), "totals".into()));
        let late = streamed(&mut client, "d", &made.reconciliation_id, &[]).await.expect_err("nothing is awaited");
        assert_eq!(crate::counter::said(&late, "state"), ("WRONG_STATE".into(), "equal".into()));
        house.close().await;
    });
}

#[test]
fn every_kind_of_difference_is_told_apart() {
    on_both(|url| async move {
        let house = House::open(&url).await;
        house.clock.set("2022-06-15T02:00:00Z");
        let (hospital, mut client) = (institution(1), books(&house));
        let bills = [("a", 100), ("b", 200), ("c", 300), ("d", 400), ("e", 500), ("f", 600)];
        let claims = settled(&house, &hospital, &bills).await;
        reverse(&house, &claims[3]).await;
        let mut theirs: Vec<TheirClaim> = claims.iter().map(copy).collect();
        (theirs[1].total_fen, theirs[1].cash_fen) = (201, 201);
        theirs[2].reversed = true;
        theirs[4].scheme = Scheme::Resident.into();
        let stranger = TheirClaim { claim_id: String::new(), bill_id: "z".to_owned(), ..theirs[0].clone() };
        theirs[5] = stranger; // f is missing there
        let totals = vec![group(Scheme::Employee, 4, 1, 801), group(Scheme::Resident, 1, 0, 500)];
        let made = compared(&mut client, day("k", &hospital, totals)).await;
        assert_eq!(made.state(), ReconciliationState::Different);
        let told = streamed(&mut client, "d", &made.reconciliation_id, &theirs).await.expect("compared");
        let expected = [
            ("b", DifferenceKind::Amount),
            ("c", DifferenceKind::ReversedThere),
            ("d", DifferenceKind::ReversedHere),
            ("e", DifferenceKind::Group),
            ("f", DifferenceKind::MissingThere),
            ("z", DifferenceKind::MissingHere),
        ];
        assert_eq!(kinds(&told.differences), expected);
        let ours = told.differences[0].ours.as_ref().expect("ours");
        let without = Claim { decision: None, entries: vec![], place_in_year: 0, ..claims[1].clone() };
        assert_eq!(*ours, without);
        assert_eq!(told.differences[0].theirs.as_ref(), Some(&theirs[1]));
        assert_eq!(told.differences[2].ours.as_ref().expect("ours").state(), ClaimState::Reversed);
        assert!(told.differences[4].theirs.is_none() && told.differences[5].ours.is_none());
        assert!(told.differences.iter().all(|one| !one.advice_zh.is_empty()));
        let after = told.reconciliation.clone().expect("a reconciliation");
        assert_eq!((after.state(), after.differences), (ReconciliationState::Classified, 6));
        assert_eq!(after.groups_unexplained, 0, "their details add up to their totals");
        // what was compared stays as it was, whatever becomes of the claim
        reverse(&house, &claims[1]).await;
        assert_eq!(streamed(&mut client, "d", &made.reconciliation_id, &theirs).await.expect("known"), told);
        theirs.reverse();
        assert_eq!(streamed(&mut client, "d", &made.reconciliation_id, &theirs).await.expect("in any order"), told);
        let mut asked = ListDifferencesRequest {
            reconciliation_id: made.reconciliation_id.clone(),
            page_size: 4,
            page_token: String::new(),
        };
        let first = client.list_differences(asked.clone()).await.expect("a page").into_inner();
        asked.page_token = first.next_page_token;
        let second = client.list_differences(asked).await.expect("a page").into_inner();
        assert_eq!([first.differences, second.differences].concat(), told.differences);
        assert_eq!(second.next_page_token, "");
        house.close().await;
    });
}

/// Named regression of hospitals' ledgers: a bill that exists on one side only, and a refund or reversal on one side only.
#[test]
fn a_bill_that_exists_on_one_side_only_is_found_on_its_day() {
    on_both(|url| async move {
        let house = House::open(&url).await;
        house.clock.set("2022-06-15T02:00:00Z");
        let (hospital, mut client) = (institution(1), books(&house));
        let claims = settled(&house, &hospital, &[("here", 1_000), ("undone", 2_000), ("both", 3_000)]).await;
        reverse(&house, &claims[1]).await;
        let mut theirs: Vec<TheirClaim> = claims[1..].iter().map(copy).collect();
        theirs.push(TheirClaim { claim_id: String::new(), bill_id: "there".to_owned(), ..theirs[1].clone() });
        let made = compared(&mut client, day("k", &hospital, vec![group(Scheme::Employee, 3, 0, 8_000)])).await;
        assert_eq!(made.state(), ReconciliationState::Different);
        let told = streamed(&mut client, "d", &made.reconciliation_id, &theirs).await.expect("compared");
        let expected = [
            ("here", DifferenceKind::MissingThere),
            ("there", DifferenceKind::MissingHere),
            ("undone", DifferenceKind::ReversedHere),
        ];
        assert_eq!(kinds(&told.differences), expected);
        house.close().await;
    });
}

#[test]
fn a_bill_reversed_and_settled_again_is_no_difference() {
    on_both(|url| async move {
        let house = House::open(&url).await;
        house.clock.set("2022-06-15T02:00:00Z");
        let (hospital, mut client) = (institution(1), books(&house));
        let first = settled(&house, &hospital, &[("a", 1_000)]).await.remove(0);
        reverse(&house, &first).await;
        let paper =
            Paper { person: "person-a", institution: &hospital, bill: "a", scheme: Scheme::Employee, fen: 2_000 };
        let settle =
            |key: &str| SettleRequest { idempotency_key: key.to_owned(), submission: Some(paper.submission()) };
        let reply = house.client().settle(settle("again")).await.expect("settled again").into_inner();
        let Some(settle_response::Outcome::Claim(second)) = reply.outcome else { panic!("not settled") };
        // two claims of one bill never stand together
        let twice = house.client().settle(settle("twice")).await.expect_err("it stands");
        assert_eq!(said(&twice, "claim_id"), ("DUPLICATE".into(), second.claim_id.clone()));
        let unlike = group(Scheme::Employee, 1, 0, 2_000);
        let details = async |key: &str, theirs: Vec<TheirClaim>| {
            let made = compared(&mut books(&house), day(key, &hospital, vec![unlike])).await;
            streamed(&mut books(&house), &format!("{key}-d"), &made.reconciliation_id, &theirs).await
        };
        let told = details("last", vec![copy(&second)]).await.expect("compared");
        assert_eq!(kinds(&told.differences), []);
        let history = [TheirClaim { reversed: true, ..copy(&first) }, copy(&second)];
        let told = details("whole", history.to_vec()).await.expect("compared");
        assert_eq!(kinds(&told.differences), []);
        let older = TheirClaim { claim_id: first.claim_id.clone(), ..copy(&second) };
        let told = details("older", vec![older]).await.expect("compared");
        assert_eq!(kinds(&told.differences), [("a", DifferenceKind::Claim)]);
        assert!(told.differences[0].advice_zh.contains(&second.claim_id), "{}", told.differences[0].advice_zh);
        let both_stand = details("both", vec![copy(&first), copy(&second)]).await.expect_err("one bill stands once");
        assert_eq!(fields(&both_stand), ["messages[1].claims[1].bill_id"]);
        let day_after = compared(&mut client, day("k", &hospital, vec![group(Scheme::Employee, 1, 1, 2_000)])).await;
        assert_eq!(day_after.state(), ReconciliationState::Equal);
        house.close().await;
    });
}

#[test]
fn an_institutions_details_are_held_to_its_own_totals() {
    on_both(|url| async move {
        let house = House::open(&url).await;
        house.clock.set("2022-06-15T02:00:00Z");
        let (hospital, mut client) = (institution(1), books(&house));
        let claims = settled(&house, &hospital, &[("a", 1_000), ("b", 2_000)]).await;
        // by its totals it has 60.00 of three claims and 5.00 of residents, by its details 30.00 of two
        let said = [group(Scheme::Employee, 3, 0, 6_000), group(Scheme::Resident, 1, 0, 500)];
        let made = compared(&mut client, day("k", &hospital, said.to_vec())).await;
        assert!(
            made.groups_unexplained == 0 && made.groups.iter().all(|one| one.details.is_none() && !one.unexplained)
        );
        let theirs: Vec<TheirClaim> = claims.iter().map(copy).collect();
        let told = streamed(&mut client, "d", &made.reconciliation_id, &theirs).await.expect("compared");
        assert_eq!(kinds(&told.differences), [], "claim by claim nothing differs");
        let after = told.reconciliation.expect("a reconciliation");
        let details: Vec<_> = after.groups.iter().map(|one| (one.theirs, one.details, one.unexplained)).collect();
        let sums = [group(Scheme::Employee, 2, 0, 3_000), group(Scheme::Resident, 0, 0, 0)];
        let expected = [(Some(said[1]), Some(sums[1]), true), (Some(said[0]), Some(sums[0]), true)];
        assert_eq!((details, after.groups_unexplained), (expected.to_vec(), 2));
        let asked = GetReconciliationRequest { reconciliation_id: made.reconciliation_id };
        let stored = client.get_reconciliation(asked).await.expect("it is kept").into_inner().reconciliation;
        assert_eq!(stored, Some(after));
        house.close().await;
    });
}

/// Named regression of hospitals' ledgers: a double submission counted twice.
#[test]
fn a_hospitals_own_double_submission_is_told_and_counts_once_here() {
    on_both(|url| async move {
        let house = House::open(&url).await;
        house.clock.set("2022-06-15T02:00:00Z");
        let (hospital, mut client) = (institution(1), books(&house));
        let claims = settled(&house, &hospital, &[("a", 1_000)]).await;
        let made = compared(&mut client, day("k", &hospital, vec![group(Scheme::Employee, 2, 0, 2_000)])).await;
        let id = made.reconciliation_id;
        assert_eq!(made.groups[0].ours, Some(group(Scheme::Employee, 1, 0, 1_000)));
        let twice = [copy(&claims[0]), copy(&claims[0])];
        let refused = streamed(&mut client, "d", &id, &twice).await.expect_err("one bill twice");
        assert_eq!(fields(&refused), ["messages[1].claims[1].bill_id"]);
        // under another bill id, with the claim id it got the first time
        let again = TheirClaim { bill_id: "a2".to_owned(), ..copy(&claims[0]) };
        let told = streamed(&mut client, "d", &id, &[again, copy(&claims[0])]).await.expect("compared");
        assert_eq!(kinds(&told.differences), [("a2", DifferenceKind::MissingHere)]);
        let other_key = streamed(&mut client, "d2", &id, &[]).await.expect_err("compared already");
        assert_eq!(said(&other_key, "state"), ("WRONG_STATE".into(), "classified".into()));
        house.close().await;
    });
}

#[test]
fn what_was_reimbursed_by_hand_is_in_no_hospitals_books() {
    on_both(|url| async move {
        let house = House::open(&url).await;
        house.clock.set("2022-06-15T02:00:00Z");
        let (hospital, mut client) = (institution(1), books(&house));
        let paper = Paper { person: "P", institution: &hospital, bill: "a", scheme: Scheme::Employee, fen: 1_000 };
        let invoice =
            Evidence { kind: "invoice".to_owned(), reference: "invoice-1".to_owned(), sha256: "0".repeat(64) };
        let request = ReimburseRequest {
            idempotency_key: "by-hand".to_owned(),
            submission: Some(paper.submission()),
            reason: ReimbursementReason::Other.into(),
            remark: "test".to_owned(),
            evidence: vec![invoice],
            operator_id: "officer".to_owned(),
            ..ReimburseRequest::default()
        };
        let reply = house.client().reimburse(request).await.expect("decided").into_inner();
        assert!(matches!(reply.outcome, Some(reimburse_response::Outcome::Claim(_))));
        let made = compared(&mut client, day("k", &hospital, vec![])).await;
        assert_eq!((made.state(), made.groups), (ReconciliationState::Equal, vec![]));
        house.close().await;
    });
}
