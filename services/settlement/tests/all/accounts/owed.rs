//! What was taken back and was spent already is owed, and paid out of whatever comes onto the account next.

use pb::settlement::v1::{DebitAccountRequest, GetStatementRequest, Language, Movement, MovementKind, StatementFormat};
use pb::r#type::v1::{JournalEntry, Side};
use testkit::on_both;
use tokio::task::JoinSet;

use super::{Accounts, accounts, bind, credit, held, journal_of, movements, take_along};
use crate::counter::reason;
use crate::support::House;
use crate::world::{BY_SERVICE, Held, asks_in, claim_of, refund, split, town, verified, visit, with_lines};

const FUND: &str = "fund:990000:pooled_fund";

/// The account credit of a year, out of the fund of the tests' own place.
async fn credited(client: &mut Accounts, person: &str, id: &str, amount_fen: i64) -> Vec<JournalEntry> {
    let request = pb::settlement::v1::CreditAccountRequest {
        division: "990000".to_owned(),
        ..credit(&format!("key-{id}"), person, id, amount_fen)
    };
    client.credit_account(request).await.expect("credited").into_inner().entries
}

fn back(person: &str, id: &str, amount_fen: i64) -> DebitAccountRequest {
    DebitAccountRequest {
        kind: MovementKind::TakenBack.into(),
        about_id: id.to_owned(),
        division: "990000".to_owned(),
        payer: "pooled_fund".to_owned(),
        ..take_along(&format!("{id}-back"), person, amount_fen)
    }
}

/// Kind, amount, balance and what is owed after it, newest first.
fn told(movements: &[Movement]) -> Vec<(MovementKind, i64, i64, i64)> {
    movements.iter().map(|one| (one.kind(), one.amount_fen, one.balance_fen, one.owed_fen)).collect()
}

fn lines(entry: &JournalEntry) -> Vec<(&str, Side, i64)> {
    entry.lines.iter().map(|line| (line.account.as_str(), line.side(), line.amount_fen)).collect()
}

/// What the account holds and what is owed.
async fn stands(client: &mut Accounts, person: &str) -> (i64, i64) {
    let account = held(client, person).await;
    (account.balance_fen, account.owed_fen)
}

async fn statement(house: &House, claim: &str, revision: Option<u32>) -> String {
    let (format, language) = (StatementFormat::Text.into(), Some(Language::En.into()));
    let request = GetStatementRequest { claim_id: claim.to_owned(), revision, format, language };
    house.client().get_statement(request).await.expect("a statement").into_inner().text
}

async fn nets(house: &House, accounts: &[&str]) -> Vec<i64> {
    let mut nets = Vec::new();
    for account in accounts {
        nets.push(journal_of(house, account).await.get());
    }
    nets
}

#[test]
fn what_comes_back_of_a_credit_that_was_a_mistake_goes_to_the_fund_and_is_spent_by_nobody() {
    on_both(|url| async move {
        let house = town(&url).await;
        let mut client = accounts(&house);
        credited(&mut client, "p", "c1", 10_000).await;
        // all deductible: the account pays 80.00
        let claim = house.settles("K1", "p", &visit("B1", "2035-03-01", 8_000)).await;
        assert_eq!(split(&claim), [0, 8_000, 0, 0]);
        let answer = client.debit_account(back("p", "c1", 10_000)).await.expect("taken back").into_inner();
        assert_eq!(told(answer.movement.as_slice()), [(MovementKind::TakenBack, -10_000, 0, 8_000)]);
        assert_eq!(answer.owed_fen, 8_000);
        let expected =
            [("personal:p", Side::Debit, 2_000), ("receivable:p", Side::Debit, 8_000), (FUND, Side::Credit, 10_000)];
        assert_eq!((answer.entries.len(), lines(&answer.entries[0])), (1, expected.to_vec()));
        assert_eq!(client.debit_account(back("p", "c1", 10_000)).await.expect("known").into_inner(), answer);
        assert_eq!(stands(&mut client, "p").await, (0, 8_000));
        assert_eq!(nets(&house, &[FUND, "receivable:p", "personal:p"]).await, [0, 8_000, 0], "the fund has its claim");
        house.is_sound().await;
        house.reverses("R1", &claim).await.expect("reversed");
        assert_eq!(stands(&mut client, "p").await, (0, 0));
        let all = [
            (MovementKind::OwedPaid, -8_000, 0, 0),
            (MovementKind::Returned, 8_000, 8_000, 8_000),
            (MovementKind::TakenBack, -10_000, 0, 8_000),
            (MovementKind::Owed, 8_000, 10_000, 8_000),
            (MovementKind::Bill, -8_000, 2_000, 0),
            (MovementKind::Credit, 10_000, 10_000, 0),
        ];
        let moved = movements(&mut client, "p").await;
        assert_eq!(told(&moved), all);
        assert_eq!((&moved[0].about_id, &moved[3].about_id), (&claim.claim_id, &"c1".to_owned()));
        assert_eq!(nets(&house, &[FUND, "receivable:p", "personal:p"]).await, [0, 0, 0]);
        // the next bill is paid in cash
        assert_eq!(split(&house.settles("K2", "p", &visit("B2", "2035-03-02", 5_000)).await), [0, 0, 0, 5_000]);
        house.is_sound().await;
        house.close().await;
    });
}

#[test]
fn the_next_credit_pays_what_is_owed_first() {
    on_both(|url| async move {
        let house = town(&url).await;
        let mut client = accounts(&house);
        credited(&mut client, "p", "c1", 10_000).await;
        house.settles("K1", "p", &visit("B1", "2035-03-01", 10_000)).await;
        client.debit_account(back("p", "c1", 10_000)).await.expect("taken back, though nothing is there");
        assert_eq!(stands(&mut client, "p").await, (0, 10_000));
        credited(&mut client, "p", "c2", 4_000).await;
        assert_eq!(stands(&mut client, "p").await, (0, 6_000));
        let along = client.debit_account(take_along("t", "p", 1)).await.expect_err("nothing is left to take along");
        assert_eq!(reason(&along), "BALANCE_TOO_LOW");
        let entries = credited(&mut client, "p", "c3", 9_000).await;
        let expected = [
            vec![(FUND, Side::Debit, 9_000), ("personal:p", Side::Credit, 9_000)],
            vec![("personal:p", Side::Debit, 6_000), ("receivable:p", Side::Credit, 6_000)],
        ];
        assert_eq!(entries.iter().map(lines).collect::<Vec<_>>(), expected);
        assert_eq!(stands(&mut client, "p").await, (3_000, 0));
        house.is_sound().await;
        house.close().await;
    });
}

#[test]
fn bills_behind_a_reversed_one_are_paid_no_more_from_the_account_before_what_is_owed_is_paid() {
    on_both(|url| async move {
        let house = town(&url).await;
        let mut client = accounts(&house);
        credited(&mut client, "p", "c1", 30_000).await;
        let first = house.settles("K1", "p", &visit("B1", "2035-03-01", 30_000)).await;
        let second = house.settles("K2", "p", &visit("B2", "2035-03-02", 100_000)).await;
        assert_eq!([split(&first), split(&second)], [[0, 30_000, 0, 0], [80_000, 0, 0, 20_000]]);
        // a second credit, of which nothing was a mistake, pays a part of a third bill
        credited(&mut client, "p", "c2", 5_000).await;
        let third = house.settles("K3", "p", &visit("B3", "2035-03-03", 10_000)).await;
        assert_eq!(split(&third), [8_000, 2_000, 0, 0]);
        // of 200.00 credited by mistake 30.00 are there
        client.debit_account(back("p", "c1", 20_000)).await.expect("taken back");
        assert_eq!(stands(&mut client, "p").await, (0, 17_000));
        let answer = house.reverses("R1", &first).await.expect("reversed");
        // 300.00 come back: 170.00 are owed, 130.00 are left; B2 now (1000.00 - 300.00) x 0.8 = 560.00, 130.00, cash 310.00
        let claims: Vec<[i64; 4]> = answer.adjustments.iter().map(|one| shares_of(one.after.as_ref())).collect();
        assert_eq!(claims, [[56_000, 13_000, 0, 31_000], [8_000, 2_000, 0, 0]]);
        assert_eq!(stands(&mut client, "p").await, (0, 0));
        house.is_sound().await;
        house.close().await;
    });
}

fn shares_of(decision: Option<&pb::policy::v1::Decision>) -> [i64; 4] {
    let shares = crate::support::shares(decision.expect("a decision"));
    [shares.fund_fen, shares.account_fen, shares.family_account_fen, shares.cash_fen]
}

#[test]
fn a_refund_pays_what_is_owed_and_bills_that_stay_keep_what_the_account_paid() {
    on_both(|url| async move {
        let house = town(&url).await;
        let mut client = accounts(&house);
        credited(&mut client, "p", "c1", 20_000).await;
        let bill = with_lines(&visit("B1", "2035-03-01", 0), &[(10, 1_000), (1, 5_000)]);
        let first = house.settles("K1", "p", &bill).await;
        let second = house.settles("K2", "p", &visit("B2", "2035-03-02", 3_000)).await;
        assert_eq!([split(&first), split(&second)], [[0, 15_000, 0, 0], [0, 3_000, 0, 0]]);
        client.debit_account(back("p", "c1", 20_000)).await.expect("taken back");
        assert_eq!(stands(&mut client, "p").await, (0, 18_000));
        let answer = house.client().refund_lines(refund("F1", &first.claim_id, &[(0, 6_000)])).await.expect("refunded");
        let answer = answer.into_inner();
        assert_eq!(split(&answer.claim.unwrap()), [0, 9_000, 0, 0]);
        // nothing is left: what came back paid the debt
        let told = statement(&house, &first.claim_id, None).await;
        assert!(!told.contains("Balance of the own account"), "{told}");
        assert!(told.contains("Came back to the own account and paid what was owed: 60.00\n"), "{told}");
        let before = statement(&house, &first.claim_id, Some(0)).await;
        assert!(
            before.contains("Balance of the own account: 50.00\n") && !before.contains("what was owed"),
            "{before}"
        );
        for one in &answer.adjustments {
            assert_eq!(shares_of(one.after.as_ref()), [0, 3_000, 0, 0]);
        }
        assert_eq!(stands(&mut client, "p").await, (0, 12_000));
        // the next refund says what it gave back itself, and no balance below zero
        house.client().refund_lines(refund("F2", &first.claim_id, &[(0, 3_000)])).await.expect("refunded");
        assert_eq!(stands(&mut client, "p").await, (0, 9_000));
        let told = statement(&house, &first.claim_id, None).await;
        assert!(told.contains("Came back to the own account and paid what was owed: 30.00\n"), "{told}");
        assert!(!told.contains("Balance of the own account"), "{told}");
        house.reverses("R1", &first).await.expect("reversed");
        assert_eq!(stands(&mut client, "p").await, (0, 3_000));
        house.reverses("R2", &second).await.expect("reversed");
        assert_eq!(stands(&mut client, "p").await, (0, 0));
        assert_eq!(nets(&house, &[FUND, "receivable:p", "personal:p"]).await, [0, 0, 0]);
        house.is_sound().await;
        house.close().await;
    });
}

#[test]
fn a_late_bill_takes_nothing_from_the_bills_behind_it_for_an_account_that_owes() {
    on_both(|url| async move {
        let house = town(&url).await;
        let mut client = accounts(&house);
        credited(&mut client, "p", "c1", 10_000).await;
        let settle = async |key: &str, bill| {
            let request = asks_in(BY_SERVICE, key, "p", &bill);
            claim_of(house.client().settle(request).await.expect("settled").into_inner())
        };
        let behind = settle("K2", visit("B2", "2035-03-02", 10_000)).await;
        client.debit_account(back("p", "c1", 10_000)).await.expect("taken back");
        let late = settle("K1", visit("B1", "2035-03-01", 8_000)).await;
        assert_eq!([split(&behind), split(&late)], [[0, 10_000, 0, 0], [0, 0, 0, 8_000]]);
        assert_eq!(stands(&mut client, "p").await, (0, 10_000));
        house.is_sound().await;
        house.close().await;
    });
}

#[test]
fn a_relative_who_owes_pays_out_of_what_a_bill_gives_back_and_lends_the_rest_again() {
    on_both(|url| async move {
        let house = town(&url).await;
        let mut client = accounts(&house);
        credited(&mut client, "mother", "c1", 6_000).await;
        credited(&mut client, "father", "c2", 10_000).await;
        for owner in ["mother", "father"] {
            client.bind_family_account(bind(owner, owner, "child", "2035-01-01")).await.expect("bound");
        }
        let first = house.settles("K1", "child", &visit("B1", "2035-03-01", 8_000)).await;
        assert_eq!(split(&first), [0, 0, 8_000, 0]);
        client.debit_account(back("mother", "c1", 5_000)).await.expect("taken back");
        assert_eq!(
            [stands(&mut client, "mother").await, stands(&mut client, "father").await],
            [(0, 5_000), (8_000, 0)]
        );
        // what the father has is offered, whatever the mother owes
        let second = house.settles("K2", "child", &visit("B2", "2035-03-02", 20_000)).await;
        assert_eq!(split(&second), [0, 0, 8_000, 12_000]);
        // 60.00 of the mother's come back: 50.00 are owed, 10.00 and the father's 20.00 go to the second bill
        house.reverses("R1", &first).await.expect("reversed");
        assert_eq!([stands(&mut client, "mother").await, stands(&mut client, "father").await], [(0, 0), (0, 0)]);
        let kinds = told(&movements(&mut client, "mother").await[..3]);
        let expected = [
            (MovementKind::RelativeBill, -1_000, 0, 0),
            (MovementKind::OwedPaid, -5_000, 1_000, 0),
            (MovementKind::Returned, 6_000, 6_000, 5_000),
        ];
        assert_eq!(kinds, expected);
        house.is_sound().await;
        house.close().await;
    });
}

#[test]
fn takings_back_bills_and_credits_that_race_overspend_nothing_and_lose_nothing_that_is_owed() {
    on_both(|url| async move {
        let house = town(&url).await;
        let mut client = accounts(&house);
        for number in 0..6 {
            credited(&mut client, "p", &format!("c{number}"), 1_000).await;
        }
        let mut calls = JoinSet::new();
        for number in 0..6 {
            let (mut takes, mut gives, mut settles) = (client.clone(), client.clone(), house.client());
            calls.spawn(async move {
                let taken = takes.debit_account(back("p", &format!("c{number}"), 1_000)).await.expect("taken back");
                assert!(taken.into_inner().movement.expect("a movement").balance_fen >= 0);
            });
            calls.spawn(async move { drop(credited(&mut gives, "p", &format!("d{number}"), 700).await) });
            let request =
                crate::world::asks(&format!("K{number}"), "p", &visit(&format!("B{number}"), "2035-03-01", 900));
            calls.spawn(async move { drop(settles.settle(request).await.expect("settled")) });
        }
        calls.join_all().await;
        let (balance, owed) = stands(&mut client, "p").await;
        let paid: i64 = -nets(&house, &["personal:p"]).await[0];
        assert_eq!((balance, balance == 0 || owed == 0), (paid, true));
        let moved = movements(&mut client, "p").await;
        assert!(moved.iter().all(|one| one.balance_fen >= 0 && one.owed_fen >= 0));
        let bills: i64 = moved.iter().filter(|one| one.kind() == MovementKind::Bill).map(|one| -one.amount_fen).sum();
        // 42.00 were credited for good, and bills took so much
        assert_eq!(balance - owed, 4_200 - bills);
        assert_eq!(nets(&house, &["receivable:p"]).await, [owed]);
        house.is_sound().await;
        house.close().await;
    });
}

#[test]
fn verifying_finds_an_amount_owed_that_is_not_what_the_movements_say() {
    on_both(|url| async move {
        let house = town(&url).await;
        let mut client = accounts(&house);
        credited(&mut client, "p", "c1", 1_000).await;
        house.settles("K1", "p", &visit("B1", "2035-03-01", 1_000)).await;
        client.debit_account(back("p", "c1", 1_000)).await.expect("taken back");
        house.is_sound().await;
        let tampered = "UPDATE account SET owed_fen = 999 WHERE person = 'p'";
        Held::done(&url, tampered).await;
        let (_, differences) = verified(&house.channel()).await;
        assert_eq!(differences.len(), 2, "{differences:?}");
        assert!(differences[0].contains("owed") && differences[0].contains("9.99"), "{differences:?}");
        let below = Held::refused(&url, "UPDATE account SET owed_fen = -1 WHERE person = 'p'").await;
        let both = Held::refused(&url, "UPDATE account SET balance_fen = 1 WHERE person = 'p'").await;
        assert!(below && both, "an account owes nothing or holds nothing");
        house.close().await;
    });
}
