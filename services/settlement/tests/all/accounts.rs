//! Accounts over gRPC: no fen is spent twice, no credit booked twice, and relatives pay as long as they are bound.

mod bindings;
mod owed;
mod restarts;
mod years;

use money::Fen;
use pb::settlement::v1::account_service_client::AccountServiceClient;
use pb::settlement::v1::{
    BindFamilyAccountRequest, CreditAccountRequest, DebitAccountRequest, GetAccountRequest, GetAccountResponse,
    ListMovementsRequest, Movement, MovementKind,
};
use pb::r#type::v1::{Relation, Scheme, Side};
use testkit::on_both;
use tokio::task::JoinSet;
use tonic::Status;

use crate::counter::{Paper, fields, reason, said};
use crate::support::{House, institution, shares};

type Accounts = AccountServiceClient<rpc::Client>;

fn accounts(house: &House) -> Accounts {
    AccountServiceClient::new(house.channel())
}

fn credit(key: &str, person: &str, credit: &str, amount_fen: i64) -> CreditAccountRequest {
    CreditAccountRequest {
        idempotency_key: key.to_owned(),
        person_id: person.to_owned(),
        credit_id: credit.to_owned(),
        kind: MovementKind::Credit.into(),
        amount_fen,
        cover_year: 2022,
        division: "370800".to_owned(),
        payer: "pooled_fund".to_owned(),
    }
}

fn take_along(key: &str, person: &str, amount_fen: i64) -> DebitAccountRequest {
    DebitAccountRequest {
        idempotency_key: key.to_owned(),
        person_id: person.to_owned(),
        kind: MovementKind::TakenAlong.into(),
        amount_fen,
        about_id: format!("transfer-{key}"),
        ..Default::default()
    }
}

fn bind(key: &str, owner: &str, relative: &str, from: &str) -> BindFamilyAccountRequest {
    BindFamilyAccountRequest {
        idempotency_key: key.to_owned(),
        owner_person_id: owner.to_owned(),
        relative_person_id: relative.to_owned(),
        relation: Relation::Child.into(),
        from_date: from.to_owned(),
    }
}

async fn held(client: &mut Accounts, person: &str) -> GetAccountResponse {
    let asked = GetAccountRequest { person_id: person.to_owned() };
    client.get_account(asked).await.expect("an account").into_inner()
}

/// All movements of an account, newest first, a few at a time.
async fn movements(client: &mut Accounts, person: &str) -> Vec<Movement> {
    let mut asked = ListMovementsRequest { person_id: person.to_owned(), page_size: 3, ..Default::default() };
    let mut all = Vec::new();
    loop {
        let page = client.list_movements(asked.clone()).await.expect("a page").into_inner();
        all.extend(page.movements);
        asked.page_token = page.next_page_token;
        if asked.page_token.is_empty() {
            return all;
        }
    }
}

async fn journal_of(house: &House, account: &str) -> Fen {
    let account = account.parse().expect("an account");
    let balance = store::journal::balance(house.database.reader(), &account).await.expect("a balance");
    balance.net()
}

#[test]
fn no_account_is_ever_below_zero_however_many_want_it_at_once() {
    on_both(|url| async move {
        let house = House::open(&url).await;
        let mut client = accounts(&house);
        client.credit_account(credit("c", "P1", "credit-1", 100)).await.expect("credited");
        let mut calls = JoinSet::new();
        for number in 0..32 {
            let mut client = client.clone();
            calls.spawn(async move { client.debit_account(take_along(&format!("d{number}"), "P1", 10)).await });
        }
        let answers = calls.join_all().await;
        let refused: Vec<&Status> = answers.iter().filter_map(|answer| answer.as_ref().err()).collect();
        assert_eq!(refused.len(), 22);
        assert!(refused.iter().all(|status| said(status, "balance_fen") == ("BALANCE_TOO_LOW".into(), "0".into())));
        let mut balances: Vec<i64> = movements(&mut client, "P1").await.iter().map(|moved| moved.balance_fen).collect();
        balances.reverse();
        assert_eq!(balances, [100, 90, 80, 70, 60, 50, 40, 30, 20, 10, 0]);
        assert_eq!(held(&mut client, "P1").await, GetAccountResponse::default());
        house.close().await;
    });
}

#[test]
fn a_credit_that_was_a_mistake_goes_back_into_the_fund_that_gave_it() {
    on_both(|url| async move {
        let house = House::open(&url).await;
        let mut client = accounts(&house);
        client.credit_account(credit("a", "P1", "credit-1", 500)).await.expect("credited");
        let back = DebitAccountRequest {
            kind: MovementKind::TakenBack.into(),
            about_id: "credit-1".to_owned(),
            division: "370800".to_owned(),
            payer: "pooled_fund".to_owned(),
            ..take_along("b", "P1", 500)
        };
        let nowhere = DebitAccountRequest { division: String::new(), payer: String::new(), ..back.clone() };
        let status = client.debit_account(nowhere).await.expect_err("no fund");
        assert_eq!(fields(&status), ["division", "payer"]);
        let along = DebitAccountRequest { kind: MovementKind::TakenAlong.into(), ..back.clone() };
        assert_eq!(fields(&client.debit_account(along).await.expect_err("a fund")), ["division", "payer"]);
        // what nobody credited this person, more than was credited, and what goes nowhere
        let unknown = DebitAccountRequest { about_id: "credit-2".to_owned(), ..back.clone() };
        assert_eq!(reason(&client.debit_account(unknown).await.expect_err("no credit")), "NOT_FOUND");
        let anothers = DebitAccountRequest { person_id: "P2".to_owned(), ..back.clone() };
        assert_eq!(reason(&client.debit_account(anothers).await.expect_err("another's credit")), "NOT_FOUND");
        let more = DebitAccountRequest { amount_fen: 501, ..back.clone() };
        assert_eq!(fields(&client.debit_account(more).await.expect_err("too much")), ["amount_fen"]);
        let no_fund = DebitAccountRequest { payer: "nofund".to_owned(), ..back.clone() };
        assert_eq!(fields(&client.debit_account(no_fund).await.expect_err("no fund")), ["payer"]);
        let no_place = DebitAccountRequest { division: "990000".to_owned(), ..back.clone() };
        assert_eq!(fields(&client.debit_account(no_place).await.expect_err("no place")), ["division"]);
        let done = client.debit_account(back.clone()).await.expect("taken back").into_inner();
        assert_eq!(client.debit_account(back.clone()).await.expect("known").into_inner(), done);
        let lines: Vec<_> = done.entries[0].lines.iter().map(|line| (line.account.as_str(), line.side())).collect();
        assert_eq!(lines, [("personal:P1", Side::Debit), ("fund:370800:pooled_fund", Side::Credit)]);
        assert_eq!(journal_of(&house, "fund:370800:pooled_fund").await, Fen::ZERO);
        let other_key = DebitAccountRequest { idempotency_key: "c".to_owned(), ..back };
        assert_eq!(reason(&client.debit_account(other_key).await.expect_err("taken before")), "DUPLICATE");
        house.close().await;
    });
}

#[test]
fn a_credit_is_booked_once_whatever_key_it_comes_under() {
    on_both(|url| async move {
        let house = House::open(&url).await;
        let mut client = accounts(&house);
        let first = client.credit_account(credit("a", "P1", "credit-1", 500)).await.expect("credited").into_inner();
        let again = client.credit_account(credit("a", "P1", "credit-1", 500)).await.expect("known").into_inner();
        assert_eq!(first, again);
        let lines: Vec<_> = first.entries[0].lines.iter().map(|line| (line.account.as_str(), line.side())).collect();
        assert_eq!(lines, [("fund:370800:pooled_fund", Side::Debit), ("personal:P1", Side::Credit)]);
        let other_key = client.credit_account(credit("b", "P1", "credit-1", 500)).await.expect_err("booked before");
        assert_eq!(said(&other_key, "id"), ("DUPLICATE".into(), "credit-1".into()));
        let other_amount = client.credit_account(credit("a", "P1", "credit-1", 501)).await.expect_err("other content");
        assert_eq!(said(&other_amount, "field"), ("KEY_REUSED".into(), "amount_fen".into()));
        let other_call = client.debit_account(take_along("a", "P1", 500)).await.expect_err("another call");
        assert_eq!(reason(&other_call), "KEY_REUSED");
        let brought_in = CreditAccountRequest {
            kind: MovementKind::BroughtIn.into(),
            payer: String::new(),
            ..credit("c", "P1", "credit-2", 7)
        };
        let brought_in = client.credit_account(brought_in).await.expect("brought in").into_inner();
        assert_eq!(brought_in.entries[0].lines[0].account, "opening:370800");
        assert_eq!(held(&mut client, "P1").await.balance_fen, 507);
        house.close().await;
    });
}

#[test]
fn one_credit_for_many_people_at_once_is_booked_for_one_of_them() {
    on_both(|url| async move {
        let house = House::open(&url).await;
        let client = accounts(&house);
        for round in 0..8 {
            let mut calls = JoinSet::new();
            for person in 0..8 {
                let (mut client, key) = (client.clone(), format!("{round}-{person}"));
                let asked = credit(&key, &format!("P{person}"), &format!("credit-{round}"), 1);
                calls.spawn(async move { client.credit_account(asked).await });
            }
            let answers = calls.join_all().await;
            let refused: Vec<String> = answers.iter().filter_map(|answer| answer.as_ref().err()).map(reason).collect();
            assert_eq!(refused, ["DUPLICATE"; 7]);
        }
        house.close().await;
    });
}

#[test]
fn a_relatives_bill_is_paid_from_the_bound_account() {
    on_both(|url| async move {
        let house = House::open(&url).await;
        house.clock.set("2022-06-15T02:00:00Z");
        let mut client = accounts(&house);
        client.credit_account(credit("c", "mother", "credit-1", 6_000)).await.expect("credited");
        client.bind_family_account(bind("b", "mother", "child", "")).await.expect("bound");
        assert_eq!(held(&mut client, "child").await.family_account_fen, 6_000);
        let hospital = institution(1);
        let paper =
            Paper { person: "child", institution: &hospital, bill: "B1", scheme: Scheme::Employee, fen: 10_000 };
        let claim = paper.settle(&mut house.client()).await;
        let paid = shares(claim.decision.as_ref().expect("a decision"));
        assert_eq!((paid.account_fen, paid.family_account_fen, paid.cash_fen), (0, 6_000, 4_000));
        let moved = &movements(&mut client, "mother").await[0];
        assert_eq!(
            (moved.kind(), moved.amount_fen, moved.balance_fen, moved.about_id.as_str()),
            (MovementKind::RelativeBill, -6_000, 0, claim.claim_id.as_str())
        );
        assert_eq!(moved.relative_person_id, "child");
        assert_eq!(movements(&mut client, "child").await, []);
        let booked = [journal_of(&house, "personal:mother").await, journal_of(&house, "family:child").await];
        assert_eq!(booked, [Fen::ZERO; 2]);
        house.close().await;
    });
}

#[test]
fn two_bills_that_race_for_the_last_of_an_account_share_it() {
    on_both(|url| async move {
        let house = House::open(&url).await;
        house.clock.set("2022-06-15T02:00:00Z");
        let mut client = accounts(&house);
        client.bind_family_account(bind("b", "owner", "relative", "")).await.expect("bound");
        for round in 0..5 {
            let credit_id = format!("credit-{round}");
            client.credit_account(credit(&credit_id, "owner", &credit_id, 10_000)).await.expect("credited");
            let mut bills = JoinSet::new();
            for person in ["owner", "relative"] {
                let mut settlements = house.client();
                bills.spawn(async move {
                    let (hospital, bill) = (institution(round), format!("{person}-{round}"));
                    let (institution, bill) = (hospital.as_str(), bill.as_str());
                    let paper = Paper { person, institution, bill, scheme: Scheme::Employee, fen: 10_000 };
                    let claim = paper.settle(&mut settlements).await;
                    shares(claim.decision.as_ref().expect("a decision"))
                });
            }
            let paid = bills.join_all().await;
            let from_account: i64 = paid.iter().map(|paid| paid.account_fen + paid.family_account_fen).sum();
            let cash: i64 = paid.iter().map(|paid| paid.cash_fen).sum();
            assert_eq!((from_account, cash), (10_000, 10_000));
            assert_eq!(held(&mut client, "owner").await.balance_fen, 0);
        }
        assert!(movements(&mut client, "owner").await.iter().all(|moved| moved.balance_fen >= 0));
        house.close().await;
    });
}

#[test]
fn all_that_is_wrong_with_a_request_is_said_at_once() {
    on_both(|url| async move {
        let house = House::open(&url).await;
        let mut client = accounts(&house);
        let nothing = client.credit_account(CreditAccountRequest::default()).await.expect_err("nothing of it");
        assert_eq!(fields(&nothing), ["idempotency_key", "person_id", "credit_id", "kind", "amount_fen", "division"]);
        let no_payer = CreditAccountRequest { payer: String::new(), cover_year: 7, ..credit("a", "P1", "c", -1) };
        let no_payer = client.credit_account(no_payer).await.expect_err("no fund");
        assert_eq!(fields(&no_payer), ["amount_fen", "cover_year", "payer"]);
        let brought_in = CreditAccountRequest { kind: MovementKind::BroughtIn.into(), ..credit("a", "P1", "c", 1) };
        assert_eq!(fields(&client.credit_account(brought_in).await.expect_err("a fund")), ["payer"]);
        let premium = DebitAccountRequest {
            kind: MovementKind::RelativePremium.into(),
            relative_person_id: "P1".to_owned(),
            ..take_along("a", "P1", 0)
        };
        let premium = client.debit_account(premium).await.expect_err("a relative of oneself");
        assert_eq!(fields(&premium), ["amount_fen", "relative_person_id"]);
        let along = DebitAccountRequest { relative_person_id: "P2".to_owned(), ..take_along("a", "P1", 1) };
        assert_eq!(fields(&client.debit_account(along).await.expect_err("a relative")), ["relative_person_id"]);
        let alone = BindFamilyAccountRequest { relation: Relation::Other.into(), ..bind("a", "P1", "P1", "2022-6-1") };
        let alone = client.bind_family_account(alone).await.expect_err("bound to oneself");
        assert_eq!(fields(&alone), ["relative_person_id", "relation", "from_date"]);
        let page = ListMovementsRequest { page_token: "x".to_owned(), page_size: 1_001, ..Default::default() };
        let page = client.list_movements(page).await.expect_err("no page");
        assert_eq!(fields(&page), ["person_id", "page_size", "page_token"]);
        house.close().await;
    });
}

#[test]
fn what_a_debit_is_for_is_taken_off_once_whatever_the_key() {
    on_both(|url| async move {
        let house = House::open(&url).await;
        let mut client = accounts(&house);
        client.credit_account(credit("C", "P1", "c", 1_000)).await.expect("credited");
        client.debit_account(take_along("D1", "P1", 400)).await.expect("taken along");
        let again = DebitAccountRequest { idempotency_key: "D2".to_owned(), ..take_along("D1", "P1", 400) };
        let again = client.debit_account(again).await.expect_err("taken along twice");
        assert_eq!(reason(&again), "DUPLICATE");
        assert_eq!(held(&mut client, "P1").await.balance_fen, 600);
        house.close().await;
    });
}

#[test]
fn a_credit_comes_from_a_fund_and_a_division_that_the_policy_knows() {
    on_both(|url| async move {
        let house = House::open(&url).await;
        let mut client = accounts(&house);
        let nobody = CreditAccountRequest { payer: "nobody".to_owned(), ..credit("a", "P1", "c", 1) };
        assert_eq!(fields(&client.credit_account(nobody).await.expect_err("no fund")), ["payer"]);
        let nowhere = CreditAccountRequest { division: "980000".to_owned(), ..credit("a", "P1", "c", 1) };
        assert_eq!(fields(&client.credit_account(nowhere).await.expect_err("no division")), ["division"]);
        house.close().await;
    });
}
