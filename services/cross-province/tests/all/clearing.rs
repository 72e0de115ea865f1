//! The centre clears months: what provinces declare, dispute and pay, on both databases.

use crossing::{Item, ItemKind};
use pb::cross_province::v1 as pb;
use pb::{ClearingItemKind as Kind, ClearingPeriodState, ClearingRowState, ItemRefusal};
use testkit::{on_both, on_sqlite};

use crate::centre::{A, B, C, CENTRE, Centre, MAY, bill, cleared, fields, item, nets, opening, settled, state};
use crate::thin::reason;

#[test]
fn a_month_is_cleared_from_its_opening_to_its_end() {
    on_both(|url| async move {
        let centre = Centre::open(&url).await;
        let period = centre.opens(MAY).await;
        assert_eq!(period.state(), ClearingPeriodState::Declaring);
        let days =
            [&period.declare_until_date, &period.sheet_date, &period.confirm_until_date, &period.notice_until_date];
        assert_eq!(days, ["2026-06-20", "2026-06-21", "2026-06-25", "2026-06-30"]);
        // A: 1,000.00 and 500.00 of B, of which 500.00 are reversed; B: 300.00 of A; C: 70.00 of A
        let of_a =
            vec![settled(1, B, 100_000), settled(2, B, 50_000), item(2, Kind::Reversed, B, "2026-05-11", -50_000)];
        let taken = centre.declares(MAY, A, of_a.clone()).await.unwrap();
        assert_eq!((taken.taken, taken.known, taken.refused), (3, 0, 0));
        // declared again they are known, and count once
        assert_eq!(centre.declares(MAY, A, of_a).await.unwrap().known, 3);
        centre.declares(MAY, B, vec![settled(3, A, 30_000)]).await.unwrap();
        centre.declares(MAY, C, vec![settled(4, A, 7_000)]).await.unwrap();
        let sheet = centre.makes(MAY).await.unwrap();
        assert_eq!((cleared(&sheet, A, B), cleared(&sheet, B, A), cleared(&sheet, C, A)), (100_000, 30_000, 7_000));
        // in the order of codes: C receives 70.00; B pays 1,000.00 and receives 300.00; A receives 1,000.00 and pays 370.00
        assert_eq!(nets(&sheet), [(C, 7_000), (B, -70_000), (A, 63_000)]);
        // each figure drills down to its items, page by page
        let items = centre.lists(MAY, (A, B), 2).await;
        assert_eq!((items.len(), items.iter().map(|item| item.owed_fen).sum::<i64>()), (3, 100_000));
        let id = hex::encode(Item::id_of(bill(1), ItemKind::Settled, 0));
        assert!(items.iter().any(|item| item.item_id == id && item.kind() == Kind::Settled));
        // a second call gets the same sheet
        assert_eq!(centre.makes(MAY).await.unwrap(), sheet);
        let again = pb::MakeSheetRequest {
            idempotency_key: "again".to_owned(),
            month: MAY.to_owned(),
            officer_id: "li".to_owned(),
        };
        assert_eq!(centre.client().make_sheet(again).await.unwrap().into_inner().sheet.unwrap(), sheet);
        let late = centre.declares(MAY, A, vec![settled(5, B, 1)]).await.unwrap_err();
        assert_eq!((reason(&late), state(&late)), ("WRONG_STATE".to_owned(), "sheet".to_owned()));

        centre.confirms(MAY, (A, B), 100_000).await.unwrap();
        let other = centre.confirms(MAY, (B, A), 30_001).await.unwrap_err();
        assert_eq!(state(&other), "other_amount");
        centre.confirms(MAY, (B, A), 30_000).await.unwrap();
        let open = centre.issues(MAY).await.unwrap_err();
        assert_eq!((reason(&open), state(&open)), ("WRONG_STATE".to_owned(), "listed".to_owned()));
        // after the last day of confirming silence is a confirmation
        centre.clock.set("2026-06-26T01:00:00Z");
        assert_eq!(nets(&centre.issues(MAY).await.unwrap()), nets(&sheet));
        let asked = pb::GetNoticesRequest { month: MAY.to_owned(), division: A.to_owned() };
        let notices = centre.client().get_notices(asked).await.unwrap().into_inner();
        assert_eq!((notices.to_pay.len(), notices.to_receive.len(), notices.net.unwrap().net_fen), (2, 1, 63_000));
        // issued on Friday 26 June: ten working days are 29 June to 3 July and 6 to 10 July, five more end on the 17th
        let period = notices.period.unwrap();
        assert_eq!((period.pay_until_date.as_str(), period.receive_until_date.as_str()), ("2026-07-10", "2026-07-17"));
        pays_and_closes(&centre).await;
    });
}

async fn pays_and_closes(centre: &Centre) {
    let close = |key: &str| pb::ClosePeriodRequest {
        idempotency_key: key.to_owned(),
        month: MAY.to_owned(),
        officer_id: "wang".to_owned(),
    };
    assert_eq!(state(&centre.client().close_period(close("c1")).await.unwrap_err()), "noticed");
    for (care, insured, fen) in [(A, B, 100_000), (B, A, 30_000), (C, A, 7_000)] {
        let paid = pb::ReportPaidRequest {
            idempotency_key: format!("paid-{care}-{insured}"),
            month: MAY.to_owned(),
            care_division: care.to_owned(),
            insured_division: insured.to_owned(),
            payer_division: insured.to_owned(),
            paid_fen: fen,
            paid_date: "2026-07-01".to_owned(),
            reference: "R1".to_owned(),
        };
        let wrong = pb::ReportPaidRequest { payer_division: care.to_owned(), ..paid.clone() };
        assert_eq!(reason(&centre.client().report_paid(wrong).await.unwrap_err()), "WRONG_PROVINCE");
        let less = pb::ReportPaidRequest { paid_fen: fen - 1, ..paid.clone() };
        assert_eq!(state(&centre.client().report_paid(less).await.unwrap_err()), "other_amount");
        let received = pb::ReportReceivedRequest {
            idempotency_key: format!("received-{care}-{insured}"),
            month: MAY.to_owned(),
            care_division: care.to_owned(),
            insured_division: insured.to_owned(),
            receiver_division: care.to_owned(),
            received_fen: fen,
            received_date: "2026-07-02".to_owned(),
        };
        assert_eq!(state(&centre.client().report_received(received.clone()).await.unwrap_err()), "noticed");
        centre.client().report_paid(paid.clone()).await.unwrap();
        let early = pb::ReportReceivedRequest { received_date: "2026-06-30".to_owned(), ..received.clone() };
        assert_eq!(fields(&centre.client().report_received(early).await.unwrap_err()), ["received_date"]);
        let row = centre.client().report_received(received).await.unwrap().into_inner().row.unwrap();
        assert_eq!(row.state(), ClearingRowState::Received);
    }
    let closed = centre.client().close_period(close("c2")).await.unwrap().into_inner().period.unwrap();
    assert_eq!(closed.state(), ClearingPeriodState::Closed);
}

#[test]
fn a_disputed_bill_is_cleared_in_one_later_month_and_stops_nothing() {
    on_both(|url| async move {
        let centre = Centre::open(&url).await;
        centre.opens(MAY).await;
        centre
            .declares(MAY, A, vec![settled(1, B, 100_000), settled(2, B, 50_000), settled(3, B, 20_000)])
            .await
            .unwrap();
        centre.makes(MAY).await.unwrap();
        let left = centre.disputes(MAY, (A, B), &[2, 3]).await.unwrap();
        assert_eq!(
            (left.cleared_fen, left.item_count, left.disputed_fen, left.disputed_count),
            (100_000, 1, 70_000, 2)
        );
        // the same call again is the same answer, another dispute of the same bills finds them gone
        assert_eq!(centre.disputes(MAY, (A, B), &[2, 3]).await.unwrap(), left);
        let gone = centre.disputes(MAY, (A, B), &[3, 9, 2]).await.unwrap_err();
        assert_eq!(fields(&gone), ["bills[2].bill_id", "bills[0].bill_id", "bills[1].bill_id"]);
        // the month goes on without them
        centre.confirms(MAY, (A, B), 100_000).await.unwrap();
        assert_eq!(state(&centre.disputes(MAY, (A, B), &[1]).await.unwrap_err()), "confirmed");
        assert_eq!(nets(&centre.issues(MAY).await.unwrap()), [(B, -100_000), (A, 100_000)]);

        // of bill 2 nothing is taken off, of bill 3 50.00; two officers each
        assert_eq!(reason(&centre.resolves(2, 0, "li").await.unwrap_err()), "WRONG_STATE");
        centre.proposes(2, 0, "wang").await.unwrap();
        assert_eq!(reason(&centre.resolves(2, 0, "wang").await.unwrap_err()), "NOT_ALLOWED");
        assert_eq!(state(&centre.resolves(2, 1, "li").await.unwrap_err()), "proposed");
        // no later month declares yet
        assert_eq!(state(&centre.resolves(2, 0, "li").await.unwrap_err()), "no_period");
        centre.clock.set("2026-07-21T01:00:00Z");
        centre.opens("2026-06").await;
        assert_eq!(centre.resolves(2, 0, "li").await.unwrap().resolved_month, "2026-06");
        assert_eq!(fields(&centre.proposes(3, 20_001, "wang").await.unwrap_err()), ["deducted_fen"]);
        centre.proposes(3, 5_000, "wang").await.unwrap();
        centre.resolves(3, 5_000, "li").await.unwrap();
        assert_eq!(state(&centre.proposes(3, 0, "wang").await.unwrap_err()), "resolved");

        // declared again they are known and stay where they are; a row of June has them, once
        let again = centre.declares("2026-06", A, vec![settled(1, B, 100_000), settled(2, B, 50_000)]).await.unwrap();
        assert_eq!((again.taken, again.known), (0, 2));
        let june = centre.makes("2026-06").await.unwrap();
        assert_eq!(cleared(&june, A, B), 65_000);
        assert_eq!(june.rows[0].deducted_fen, -5_000);
        let items = centre.lists("2026-06", (A, B), 1).await;
        let ids: Vec<&str> =
            items.iter().filter(|item| item.kind() == Kind::Settled).map(|item| item.bill_id.as_str()).collect();
        let (two, three) = (bill(2).to_string(), bill(3).to_string());
        assert!(items.len() == 3 && ids.contains(&two.as_str()) && ids.contains(&three.as_str()), "{items:?}");
        assert_eq!(centre.lists(MAY, (A, B), 100).await.len(), 1);
        // what officers have decided is not disputed again
        assert_eq!(fields(&centre.disputes("2026-06", (A, B), &[2]).await.unwrap_err()), ["bills[0].bill_id"]);
        assert_eq!(cleared(&centre.sheet(MAY).await, A, B), 100_000);
        let asked = pb::ListDisputesRequest { month: MAY.to_owned(), ..pb::ListDisputesRequest::default() };
        let disputes = centre.client().list_disputes(asked).await.unwrap().into_inner().disputes;
        assert!(disputes.iter().all(|dispute| dispute.state() == pb::DisputeState::Resolved && dispute.month == MAY));
    });
}

#[test]
fn what_is_late_or_otherwise_is_refused_with_its_reason_and_the_rest_is_taken() {
    on_both(|url| async move {
        let centre = Centre::open(&url).await;
        centre.opens(MAY).await;
        let on = |number, day| item(number, Kind::Settled, B, day, 100);
        // two months late at most: March is taken, February is not; and nothing of June
        let items = vec![on(1, "2026-03-01"), on(2, "2026-02-28"), on(3, "2026-06-01"), on(4, "2026-05-31")];
        let said = centre.declares(MAY, A, items).await.unwrap();
        assert_eq!((said.taken, said.refused), (2, 2));
        let why: Vec<(String, ItemRefusal)> =
            said.refusals.iter().map(|one| (one.bill_id.clone(), one.why())).collect();
        assert_eq!(why, [(bill(2).to_string(), ItemRefusal::TooLate), (bill(3).to_string(), ItemRefusal::NotYet)]);
        assert!(said.refusals.iter().all(|one| !one.advice.is_empty()));
        // a bill with another amount, day or province than it was declared with
        let other = [
            settled(1, B, 100),
            item(1, Kind::Settled, B, "2026-03-01", 101),
            item(1, Kind::Settled, C, "2026-03-01", 100),
        ];
        for item in other {
            let said = centre.declares(MAY, A, vec![item]).await.unwrap();
            assert_eq!((said.taken, said.known, said.refusals[0].why()), (0, 0, ItemRefusal::OtherContent));
        }
        // nor may another place of care have it
        assert_eq!(
            centre.declares(MAY, C, vec![on(1, "2026-03-01")]).await.unwrap().refusals[0].why(),
            ItemRefusal::OtherContent
        );
        // a year is closed with its last month: costs of December are in February's at the latest
        centre.clock.set("2027-04-21T01:00:00Z");
        centre.opens("2027-03").await;
        let said = centre.declares("2027-03", A, vec![on(9, "2026-12-31"), on(8, "2027-01-01")]).await.unwrap();
        assert_eq!((said.taken, said.refusals[0].why()), (1, ItemRefusal::YearClosed));
    });
}

#[test]
fn what_an_audit_takes_off_is_a_line_of_its_own_and_never_more_than_the_bill() {
    on_both(|url| async move {
        let centre = Centre::open(&url).await;
        centre.opens(MAY).await;
        centre.declares(MAY, A, vec![settled(1, B, 100_000), settled(2, C, 100)]).await.unwrap();
        let deduct = |key: &str, of: &[(u8, i64)]| pb::DeductBillsRequest {
            idempotency_key: key.to_owned(),
            month: MAY.to_owned(),
            care_division: A.to_owned(),
            deductions: of
                .iter()
                .map(|(number, fen)| pb::Deduction {
                    bill_id: bill(*number).to_string(),
                    deducted_fen: *fen,
                    reason: "twice".to_owned(),
                })
                .collect(),
        };
        // all of them, or none: bill 9 is unknown, and of bill 2 there is less
        let wrong = centre.client().deduct_bills(deduct("d0", &[(1, 1), (9, 1), (2, 101)])).await.unwrap_err();
        assert_eq!(fields(&wrong), ["deductions[2].deducted_fen", "deductions[1].bill_id"]);
        for _ in 0..2 {
            let answer = centre.client().deduct_bills(deduct("d1", &[(1, 60_000)])).await.unwrap().into_inner();
            assert_eq!(answer.deducted_fen, 60_000);
        }
        // 400.00 are left
        assert_eq!(
            fields(&centre.client().deduct_bills(deduct("d2", &[(1, 40_001)])).await.unwrap_err()),
            ["deductions[0].deducted_fen"]
        );
        centre.client().deduct_bills(deduct("d3", &[(1, 10_000)])).await.unwrap();
        let held = centre.declares(MAY, A, vec![item(1, Kind::Reversed, B, "2026-05-20", -100_000)]).await.unwrap();
        assert_eq!(held.refusals[0].why(), ItemRefusal::Held);

        let close = |key: &str, item_count, owed_fen| pb::CloseDeclarationRequest {
            idempotency_key: key.to_owned(),
            month: MAY.to_owned(),
            care_division: A.to_owned(),
            item_count,
            owed_fen,
        };
        let status = centre.client().close_declaration(close("k1", 4, 100_100)).await.unwrap_err();
        assert_eq!(state(&status), "other_items");
        centre.client().close_declaration(close("k2", 4, 30_100)).await.unwrap();
        // what is known may come again, what is new may not
        assert_eq!(centre.declares(MAY, A, vec![settled(1, B, 100_000)]).await.unwrap().known, 1);
        assert_eq!(state(&centre.declares(MAY, A, vec![settled(3, B, 1)]).await.unwrap_err()), "declaration_closed");
        assert_eq!(
            state(&centre.client().deduct_bills(deduct("d4", &[(2, 1)])).await.unwrap_err()),
            "declaration_closed"
        );
        // every place of care is done: the sheet need not wait for the last day
        centre.clock.set("2026-06-10T01:00:00Z");
        let sheet = centre.makes(MAY).await.unwrap();
        let row = sheet.rows.iter().find(|row| row.insured_division == B).unwrap();
        assert_eq!((row.settled_fen, row.deducted_fen, row.cleared_fen, row.item_count), (100_000, -70_000, 30_000, 3));
        let items = centre.lists(MAY, (A, B), 100).await;
        assert_eq!(items.iter().filter(|item| item.reason == "twice").count(), 2);
    });
}

#[test]
fn before_the_last_day_the_sheet_waits_for_who_declares() {
    on_sqlite(|url| async move {
        let centre = Centre::open(&url).await;
        centre.opens(MAY).await;
        centre.declares(MAY, A, vec![settled(1, B, 100)]).await.unwrap();
        centre.clock.set("2026-06-20T15:59:59Z");
        assert_eq!(state(&centre.makes(MAY).await.unwrap_err()), "declaring");
        // nothing of that attempt stayed
        assert_eq!(cleared(&centre.sheet(MAY).await, A, B), 100);
        centre.declares(MAY, A, vec![settled(2, B, 11)]).await.unwrap();
        centre.clock.set("2026-06-20T16:00:00Z");
        assert_eq!(cleared(&centre.makes(MAY).await.unwrap(), A, B), 111);
        assert_eq!(
            reason(
                &centre
                    .client()
                    .open_period(pb::OpenPeriodRequest { idempotency_key: "o2".to_owned(), ..opening(MAY) })
                    .await
                    .unwrap_err()
            ),
            "DUPLICATE"
        );
        assert_eq!(state(&centre.client().open_period(opening("2026-07")).await.unwrap_err()), "not_begun");
        assert_eq!(state(&centre.client().open_period(opening("2022-06")).await.unwrap_err()), "no_timetable");
    });
}

#[test]
fn everything_that_is_wrong_is_said_at_once() {
    on_sqlite(|url| async move {
        let centre = Centre::open(&url).await;
        let wrong = pb::ClearingItem {
            bill_id: "x".to_owned(),
            kind: Kind::Deducted.into(),
            insured_division: "980100".to_owned(),
            booked_date: "2026-02-30".to_owned(),
            owed_fen: 1,
        };
        let items = vec![wrong, settled(1, A, 5), settled(1, B, -5), item(1, Kind::Reversed, B, "2026-05-01", 5)];
        let status = centre.declares("2026-5", A, items).await.unwrap_err();
        let all = [
            "month",
            "items[0].bill_id",
            "items[0].insured_division",
            "items[0].booked_date",
            "items[0].kind",
            "items[1].insured_division",
            "items[2].owed_fen",
            "items[3].owed_fen",
        ];
        assert_eq!(fields(&status), all);
        assert_eq!(fields(&centre.declares(MAY, CENTRE, Vec::new()).await.unwrap_err()), ["care_division", "items"]);
        assert_eq!(reason(&centre.declares(MAY, A, vec![settled(1, B, 5)]).await.unwrap_err()), "NOT_FOUND");
        let nothing = centre.client().report_paid(pb::ReportPaidRequest::default()).await.unwrap_err();
        let all = [
            "idempotency_key",
            "month",
            "care_division",
            "insured_division",
            "payer_division",
            "paid_fen",
            "paid_date",
            "reference",
        ];
        assert_eq!(fields(&nothing), all);
        let nothing = centre.client().dispute_bills(pb::DisputeBillsRequest::default()).await.unwrap_err();
        assert_eq!(fields(&nothing), ["idempotency_key", "month", "care_division", "insured_division", "bills"]);
    });
}

#[test]
fn confirming_disputing_and_making_at_once_leave_one_right_sheet() {
    on_both(|url| async move {
        let centre = Centre::open(&url).await;
        centre.opens(MAY).await;
        // items that come while the sheet is made are in it or are refused, never neither
        let mut declares = tokio::task::JoinSet::new();
        for number in 1..=40_u8 {
            let mut client = centre.client();
            declares.spawn(async move {
                let request = pb::DeclareItemsRequest {
                    items: vec![settled(number, B, 100)],
                    month: MAY.to_owned(),
                    care_division: A.to_owned(),
                };
                client.declare_items(tokio_stream::once(request)).await.is_ok()
            });
        }
        let sheet = centre.makes(MAY).await.unwrap();
        let mut taken = 0;
        while let Some(ended) = declares.join_next().await {
            taken += i64::from(ended.unwrap());
        }
        let sheet_now = centre.sheet(MAY).await;
        assert_eq!(sheet_now.rows, sheet.rows);
        assert_eq!(cleared(&sheet, A, B), taken * 100);
        if taken < 2 {
            return;
        }
        // of a confirmation and a dispute at once the row is confirmed as it was seen, or not at all
        let there = centre.lists(MAY, (A, B), 1).await;
        let number = u8::from_str_radix(&there[0].bill_id[..2], 16).unwrap();
        let (confirmed, disputed) = tokio::join!(
            centre.confirms(MAY, (A, B), taken * 100),
            centre.disputes(MAY, (A, B), std::slice::from_ref(&number))
        );
        assert!(confirmed.is_ok() != disputed.is_ok(), "{confirmed:?} {disputed:?}");
        let row = centre.sheet(MAY).await.rows[0].clone();
        let items: i64 = centre.lists(MAY, (A, B), 100).await.iter().map(|item| item.owed_fen).sum();
        assert_eq!((row.cleared_fen, row.cleared_fen + row.disputed_fen), (items, taken * 100));
    });
}
