//! Bulk import: kept and rejected rows, restart, progress.

use ::pb::r#type::v1::{Category, EnrolHow};
use pb::enrolment::v1 as pb;
use testkit::on_both;
use tokio_stream::iter;

use crate::support::{World, employee, fault, fields, identity, payment, resident};

/// A row of a resident who paid.
pub(crate) fn row(number: u32) -> pb::ImportRow {
    pb::ImportRow {
        row: number.into(),
        identity: Some(identity(number, "1980-05-06")),
        household_reference: format!("house {}", number / 3),
        terms: Some(resident()),
        payment: Some(payment(30_000, "2021-11-01", pb::PremiumSource::Own)),
    }
}

/// Messages of so many rows each.
pub(crate) fn messages(name: &str, rows: &[pb::ImportRow], each: usize, last: bool) -> Vec<pb::ImportPeopleRequest> {
    let count = rows.len().div_ceil(each);
    let message = |(at, rows): (usize, &[pb::ImportRow])| pb::ImportPeopleRequest {
        idempotency_key: if at == 0 { name.to_owned() } else { String::new() },
        source: if at == 0 { "a file of the tax bureau".to_owned() } else { String::new() },
        rows_total: u64::try_from(rows.len()).unwrap(),
        rows: rows.to_vec(),
        last: last && at + 1 == count,
    };
    rows.chunks(each).enumerate().map(message).collect()
}

async fn import(world: &World, messages: Vec<pb::ImportPeopleRequest>) -> pb::ImportPeopleResponse {
    world.imports.clone().import_people(iter(messages)).await.unwrap().into_inner()
}

#[test]
fn good_rows_are_kept_and_bad_ones_listed_with_everything_that_is_wrong() {
    on_both(|url| async move {
        let world = World::new(&url).await;
        let mut rows: Vec<pb::ImportRow> = (1..=10).map(row).collect();
        rows[2].identity.as_mut().unwrap().name = String::new();
        rows[2].terms.as_mut().unwrap().how = 0;
        rows[3].payment.as_mut().unwrap().amount_fen = 1;
        rows[4].identity = rows[0].identity.clone();
        rows[5].terms.as_mut().unwrap().division = "990900".to_owned();
        rows[6].terms.as_mut().unwrap().categories = vec![Category::Destitute.into()];
        rows[6].payment = None;
        rows[7].payment = None;
        rows[8].payment.as_mut().unwrap().receipt = "R1".to_owned();
        rows[9].payment.as_mut().unwrap().receipt = "R1".to_owned();
        let answer = import(&world, messages("i1", &rows, 4, true)).await;
        let import = answer.import.unwrap();
        assert_eq!((import.rows_read, import.rows_kept, import.rows_rejected, import.done), (10, 5, 5, true));
        // rows 1, 2, 8 and 9 are due 300 yuan, row 7 is paid by assistance
        assert_eq!((import.own_fen, import.assisted_fen, import.subsidy_fen), (120_000, 30_000, 300_000));
        let said: Vec<(u64, Vec<(String, String)>)> = answer
            .rejects
            .iter()
            .map(|reject| {
                (reject.row, reject.problems.iter().map(|one| (one.field.clone(), one.reason.clone())).collect())
            })
            .collect();
        let problem = |field: &str, reason: &str| (field.to_owned(), reason.to_owned());
        let expected = [
            (3, vec![problem("identity.name", "invalid_fields"), problem("terms.how", "invalid_fields")]),
            (4, vec![problem("payment.amount_fen", "wrong_premium")]),
            (5, vec![problem("terms", "duplicate")]),
            (6, vec![problem("terms", "unknown_division")]),
            (10, vec![problem("payment.receipt", "duplicate")]),
        ];
        assert_eq!(said, expected);
        let request = pb::ListImportRejectsRequest { import_id: "i1".to_owned(), page_size: 3, ..Default::default() };
        let page = world.imports.clone().list_import_rejects(request.clone()).await.unwrap().into_inner();
        assert_eq!(page.rejects, answer.rejects[..3]);
        let next = pb::ListImportRejectsRequest { page_token: page.next_page_token, ..request.clone() };
        let page = world.imports.clone().list_import_rejects(next).await.unwrap().into_inner();
        assert_eq!((page.rejects.as_slice(), page.next_page_token.as_str()), (&answer.rejects[3..], ""));
        let other = pb::ListImportRejectsRequest { page_token: "0123456789abcdef-3".to_owned(), ..request };
        assert_eq!(fields(&world.imports.clone().list_import_rejects(other).await.unwrap_err()), ["page_token"]);
        let request = pb::ListAccountCreditsRequest::default();
        let credits = world.enrolments.clone().list_account_credits(request).await.unwrap().into_inner();
        assert!(credits.credits.is_empty());
    });
}

#[test]
fn an_import_that_broke_off_goes_on_where_it_stopped_and_keeps_nothing_twice() {
    on_both(|url| async move {
        let world = World::new(&url).await;
        let rows: Vec<pb::ImportRow> = (1..=50).map(row).collect();
        let all = messages("i1", &rows, 10, true);
        // the caller goes away after three of five messages
        let (sender, receiver) = tokio::sync::mpsc::channel(1);
        let mut imports = world.imports.clone();
        let streaming =
            tokio::spawn(
                async move { imports.import_people(tokio_stream::wrappers::ReceiverStream::new(receiver)).await },
            );
        for message in all.iter().take(3) {
            sender.send(message.clone()).await.unwrap();
        }
        let request = || pb::GetImportRequest { import_id: "i1".to_owned() };
        let progress = || async {
            let found = world.imports.clone().get_import(request()).await.ok()?.into_inner().import?;
            (found.rows_read >= 20).then_some(found)
        };
        let progress = crate::support::eventually(progress).await;
        assert!(!progress.done);
        streaming.abort();
        drop(streaming.await);
        let answer = import(&world, all.clone()).await.import.unwrap();
        assert_eq!((answer.rows_read, answer.rows_kept, answer.done), (50, 50, true));
        let again = import(&world, all).await.import.unwrap();
        assert_eq!(again, answer);
        let balances = store::journal::balances(world.database.reader()).await.unwrap();
        let fund = balances.iter().find(|(account, _)| account.to_string() == "fund:990100:pool").unwrap().1;
        assert_eq!(-fund.net(), money::Fen::new(50 * 90_000));
        let changed = vec![pb::ImportPeopleRequest {
            idempotency_key: "i1".to_owned(),
            source: "another file".to_owned(),
            ..Default::default()
        }];
        let status = world.imports.clone().import_people(iter(changed)).await.unwrap_err();
        assert_eq!(fault(&status).0, "KEY_REUSED");
        let gap = messages("i2", &rows[5..8], 10, true);
        let status = world.imports.clone().import_people(iter(gap)).await.unwrap_err();
        assert_eq!(fields(&status), ["rows[0].row"]);
    });
}

#[test]
fn a_paid_row_in_another_scheme_is_kept_as_duplicate_and_one_stands_by_the_rule() {
    on_both(|url| async move {
        let world = World::new(&url).await;
        let mut rows: Vec<pb::ImportRow> = vec![row(1), row(2), row(2), row(1)];
        rows[2] = pb::ImportRow {
            terms: Some(employee()),
            payment: Some(payment(600_000, "2021-11-01", pb::PremiumSource::Employer)),
            ..row(2)
        };
        rows[3].terms = Some(employee());
        rows[3].payment = None;
        for (number, row) in (1..).zip(&mut rows) {
            row.row = number;
        }
        let answer = import(&world, messages("i1", &rows, 2, true)).await;
        assert_eq!(answer.import.unwrap().rows_kept, 3);
        assert_eq!(answer.rejects[0].problems[0].reason, "two_schemes");
        let list = |with_resolved| pb::ListDuplicatesRequest {
            division: "990000".to_owned(),
            with_resolved,
            ..Default::default()
        };
        let mut calls = world.enrolments.clone();
        let found = calls.list_duplicates(list(false)).await.unwrap().into_inner().duplicates;
        assert_eq!((found.len(), found[0].enrolments.len()), (1, 2));
        let employee = found[0].enrolments.iter().find(|one| one.terms.as_ref().unwrap().premium_base_fen > 0).unwrap();
        assert_eq!(found[0].standing_enrolment_id, employee.enrolment_id);
        assert_eq!(found[0].rule.as_ref().unwrap().cite[0], "GX-17");
        let person = found[0].person_id.clone();
        let covered = world.coverage(&person, "2022-03-01").await;
        let Some(pb::get_coverage_response::Outcome::Person(facts)) = covered.outcome else { panic!("refused") };
        assert_eq!(facts.schemes.len(), 2, "the policy refuses two schemes at once");
        assert_eq!(covered.cite, ["GX-17", "DM-3.5"]);
        let resolve = pb::ResolveDuplicateRequest {
            idempotency_key: "r1".to_owned(),
            duplicate_id: found[0].duplicate_id.clone(),
            operator_id: "officer".to_owned(),
            ..Default::default()
        };
        let other = found[0].enrolments.iter().find(|one| one.enrolment_id != employee.enrolment_id).unwrap();
        let against =
            pb::ResolveDuplicateRequest { standing_enrolment_id: other.enrolment_id.clone(), ..resolve.clone() };
        assert_eq!(fields(&calls.resolve_duplicate(against).await.unwrap_err()), ["reason"]);
        let resolved = calls.resolve_duplicate(resolve.clone()).await.unwrap().into_inner().duplicate.unwrap();
        let ended = resolved.enrolments.iter().find(|one| one.enrolment_id == other.enrolment_id).unwrap();
        assert_eq!((resolved.resolved, ended.state()), (true, pb::EnrolmentState::Ended));
        let again = pb::ResolveDuplicateRequest { idempotency_key: "r2".to_owned(), ..resolve };
        assert_eq!(fault(&calls.resolve_duplicate(again).await.unwrap_err()).1["state"], "resolved");
        assert!(calls.list_duplicates(list(false)).await.unwrap().into_inner().duplicates.is_empty());
        assert_eq!(calls.list_duplicates(list(true)).await.unwrap().into_inner().duplicates.len(), 1);
        let covered = world.coverage(&person, "2022-03-01").await;
        let Some(pb::get_coverage_response::Outcome::Person(facts)) = covered.outcome else { panic!("refused") };
        assert_eq!(facts.schemes.len(), 1);
    });
}

#[test]
fn a_rejected_row_uses_up_neither_receipt_nor_document() {
    on_both(|url| async move {
        let world = World::new(&url).await;
        let mut rows: Vec<pb::ImportRow> = vec![row(1), row(1)];
        // three months of waiting and twelve more: benefits would begin after the cover year
        let history = Some(pb::InsuranceHistory { broken_years: 12, ..Default::default() });
        rows[0].terms = Some(pb::EnrolmentTerms { how: EnrolHow::Late.into(), history, ..resident() });
        for (number, row) in (1..).zip(&mut rows) {
            row.row = number;
            row.payment.as_mut().unwrap().receipt = "R1".to_owned();
        }
        let answer = import(&world, messages("i1", &rows, 2, true)).await;
        assert_eq!(answer.import.unwrap().rows_kept, 1);
        let reject = &answer.rejects[0];
        assert_eq!((reject.row, reject.problems[0].reason.as_str()), (1, "not_covered"));
    });
}
