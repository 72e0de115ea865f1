//! Two provinces with real bills and a centre: after a month is cleared, the books of both say what the sheet says, to the fen.

use pb::clearing_service_client::ClearingServiceClient;
use pb::cross_province::v1 as pb;
use pb::province_clearing_service_client::ProvinceClearingServiceClient;
use pb::{ReverseBillRequest, reverse_bill_request};
use rpc::Client;
use store::sea_orm::ConnectionTrait as _;
use testkit::{on_both, on_sqlite};

use crate::pair::{CARE, INSURED, Lines, Pair, Province, hospital, visit};
use crate::thin::{is_even, reason};

fn own(province: &Province) -> ProvinceClearingServiceClient<Client> {
    ProvinceClearingServiceClient::new(rpc::channel(&format!("http://{}", province.calls)).unwrap())
}

fn centre(pair: &Pair) -> ClearingServiceClient<Client> {
    ClearingServiceClient::new(rpc::channel(&format!("http://{}", pair.hub.as_ref().unwrap().line)).unwrap())
}

fn declaring(key: &str, month: &str, closes: bool) -> pb::DeclareMonthRequest {
    pb::DeclareMonthRequest { idempotency_key: key.to_owned(), month: month.to_owned(), months_before: 2, closes }
}

fn booking(key: &str, month: &str) -> pb::BookNoticesRequest {
    pb::BookNoticesRequest { idempotency_key: key.to_owned(), month: month.to_owned() }
}

/// Opens a month, declares it, and takes 100.00 off a bill.
async fn declared(pair: &Pair, month: &str, bill: &str) {
    let request = pb::OpenPeriodRequest {
        idempotency_key: "o".to_owned(),
        month: month.to_owned(),
        officer_id: "wang".to_owned(),
    };
    centre(pair).open_period(request).await.unwrap();
    let said = own(&pair.care).declare_month(declaring("d1", month, false)).await.unwrap().into_inner();
    let said = said.declared.unwrap();
    assert_eq!((said.taken, said.known, said.refused), (4, 0, 0));
    let deduction =
        pb::Deduction { bill_id: bill.to_owned(), deducted_fen: 10_000, reason: "a bed that was not used".to_owned() };
    let request = pb::DeductBillsRequest {
        idempotency_key: "d".to_owned(),
        month: month.to_owned(),
        care_division: CARE.to_owned(),
        deductions: vec![deduction],
    };
    centre(pair).deduct_bills(request).await.unwrap();
    // again: everything is known, and the declaration is closed now
    let said = own(&pair.care).declare_month(declaring("d2", month, true)).await.unwrap().into_inner();
    assert_eq!(said.declared.as_ref().unwrap().known, 4);
    assert_eq!(own(&pair.care).declare_month(declaring("d2", month, true)).await.unwrap().into_inner(), said);
}

async fn sheet(pair: &Pair, month: &str) -> pb::ClearingSheet {
    let request = pb::MakeSheetRequest {
        idempotency_key: "m".to_owned(),
        month: month.to_owned(),
        officer_id: "wang".to_owned(),
    };
    centre(pair).make_sheet(request).await.unwrap().into_inner().sheet.unwrap()
}

async fn issues(pair: &Pair, month: &str) -> pb::ClearingSheet {
    let request = pb::IssueNoticesRequest {
        idempotency_key: "i".to_owned(),
        month: month.to_owned(),
        officer_id: "wang".to_owned(),
    };
    centre(pair).issue_notices(request).await.unwrap().into_inner().sheet.unwrap()
}

/// Two bills that stand and one that was taken back; the month they are of, and the first bill's id.
async fn three_bills(pair: &Pair) -> (String, String) {
    // 300.00 deductible once, 80 % of the rest: 800.00 and 1,040.00, and the third 1,040.00 that is taken back
    let first = pair.settles("K1", visit("B1", 130_000)).await;
    let second = pair.settles("K2", visit("B2", 130_000)).await;
    let third = pair.settles("K3", visit("B3", 130_000)).await;
    assert_eq!((first.owed_fen, second.owed_fen, third.owed_fen), (80_000, 104_000, 104_000));
    let undo = ReverseBillRequest {
        idempotency_key: "R3".to_owned(),
        original: Some(reverse_bill_request::Original::BillId(third.bill_id)),
        institution_id: hospital(),
        reason: "a test".to_owned(),
    };
    pair.hospital().reverse_bill(undo).await.unwrap();
    (first.settled_date[..7].to_owned(), first.bill_id)
}

#[test]
fn both_provinces_book_what_the_sheet_says() {
    on_both(|url| async move {
        let pair = Pair::over(&url, Lines::Cleared).await;
        let (month, bill) = three_bills(&pair).await;
        declared(&pair, &month, &bill).await;
        let made = sheet(&pair, &month).await;
        // 800.00 + 1,040.00 + 1,040.00 settled, 1,040.00 reversed, 100.00 taken off
        let row = &made.rows[0];
        let figures = (row.settled_fen, row.reversed_fen, row.deducted_fen, row.cleared_fen, row.item_count);
        assert_eq!(figures, (288_000, -104_000, -10_000, 174_000, 5));
        let request = pb::AnswerSheetRequest { idempotency_key: "a".to_owned(), month: month.clone() };
        let answered = own(&pair.insured).answer_sheet(request).await.unwrap().into_inner();
        assert_eq!((answered.disputed_count, answered.confirmed[0].cleared_fen), (0, 174_000));
        assert_eq!(reason(&own(&pair.care).book_notices(booking("b0", &month)).await.unwrap_err()), "WRONG_STATE");
        issues(&pair, &month).await;
        for key in ["b1", "b2", "b1"] {
            let here = own(&pair.care).book_notices(booking(key, &month)).await.unwrap().into_inner();
            let there = own(&pair.insured).book_notices(booking(key, &month)).await.unwrap().into_inner();
            // what was booked under the first key is not booked under another
            let entries = if key == "b1" { 2 } else { 0 };
            assert_eq!((here.entry_count, here.net_fen), (entries, 174_000));
            assert_eq!((there.entry_count, there.net_fen), (entries, -174_000));
        }
        // nothing stands between the provinces any more but what the notices say, on both sides the same
        let net = |database, account| Pair::net(database, account);
        let (care, insured) = (&pair.care.database, &pair.insured.database);
        assert_eq!((net(care, "province:%").await, net(insured, "province:%").await), (0, 0));
        assert_eq!((net(care, "clearing:980000").await, net(insured, "clearing:990000").await), (174_000, -174_000));
        // the hospital is owed 100.00 less; the books that settle have not heard of it yet
        assert_eq!(net(care, "payable:%").await, -174_000);
        assert_eq!(net(&pair.settlement, "cross:%").await + net(insured, "cross:%").await, -10_000);
        let items = "SELECT CAST(SUM(owed_fen) AS BIGINT) AS n FROM item";
        assert_eq!((Pair::count(care, items).await, Pair::count(insured, items).await), (174_000, 174_000));
    });
}

#[test]
fn what_the_place_of_insurance_has_not_booked_so_is_disputed_and_the_rest_is_cleared() {
    on_sqlite(|url| async move {
        let pair = Pair::over(&url, Lines::Cleared).await;
        let (month, _) = three_bills(&pair).await;
        is_even(&pair).await;
        // the place of care declares a bill the other side has never seen
        let request = pb::OpenPeriodRequest {
            idempotency_key: "o".to_owned(),
            month: month.clone(),
            officer_id: "wang".to_owned(),
        };
        centre(&pair).open_period(request).await.unwrap();
        let forged = pb::ClearingItem {
            bill_id: "f".repeat(32),
            kind: pb::ClearingItemKind::Settled.into(),
            insured_division: INSURED.to_owned(),
            booked_date: format!("{month}-01"),
            owed_fen: 5_000,
        };
        let request =
            pb::DeclareItemsRequest { items: vec![forged], month: month.clone(), care_division: CARE.to_owned() };
        centre(&pair).declare_items(tokio_stream::once(request)).await.unwrap();
        own(&pair.care).declare_month(declaring("d", &month, true)).await.unwrap();
        assert_eq!(sheet(&pair, &month).await.rows[0].cleared_fen, 189_000);
        let request = pb::AnswerSheetRequest { idempotency_key: "a".to_owned(), month: month.clone() };
        let answered = own(&pair.insured).answer_sheet(request.clone()).await.unwrap().into_inner();
        let row = &answered.confirmed[0];
        assert_eq!((answered.disputed_count, row.cleared_fen, row.disputed_fen), (1, 184_000, 5_000));
        assert_eq!(own(&pair.insured).answer_sheet(request).await.unwrap().into_inner(), answered);
        issues(&pair, &month).await;
        own(&pair.care).book_notices(booking("b", &month)).await.unwrap();
        own(&pair.insured).book_notices(booking("b", &month)).await.unwrap();
        for province in [&pair.care, &pair.insured] {
            assert_eq!(Pair::net(&province.database, "province:%").await, 0);
        }
        // no item leaves the centre's tables, whoever asks the database
        let hub = &pair.hub.as_ref().unwrap().database;
        let writer = store::Database::open(&url.replace("test.db", "hub.db")).await.unwrap();
        for statement in [
            "DELETE FROM clearing_item",
            "UPDATE clearing_item SET owed_fen = 1",
            "UPDATE clearing_row SET settled_fen = 1",
        ] {
            let tried =
                writer.transaction(|tx| async move { Ok::<_, store::Error>(tx.execute_unprepared(statement).await?) });
            assert!(tried.await.is_err(), "{statement}");
        }
        assert_eq!(Pair::count(hub, "SELECT COUNT(*) AS n FROM clearing_item").await, 5);
    });
}

#[test]
fn without_a_centre_nothing_is_cleared_from_a_province() {
    on_sqlite(|url| async move {
        let pair = Pair::open(&url).await;
        let refused = own(&pair.care).book_notices(booking("b", "2026-05")).await.unwrap_err();
        assert_eq!(reason(&refused), "NOT_ALLOWED");
    });
}
