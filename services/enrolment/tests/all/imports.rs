//! Bulk import: kept and rejected rows, restart, progress.

use std::collections::BTreeSet;

use ::pb::r#type::v1::{Category, EnrolHow, Scheme};
use pb::enrolment::v1 as pb;
use testkit::on_both;
use tokio_stream::iter;

use crate::mistakes::funding;
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
    let (count, total) = (rows.len().div_ceil(each), u64::try_from(rows.len()).unwrap());
    let message = |(at, rows): (usize, &[pb::ImportRow])| pb::ImportPeopleRequest {
        idempotency_key: if at == 0 { name.to_owned() } else { String::new() },
        source: if at == 0 { "a file of the tax bureau".to_owned() } else { String::new() },
        rows_total: total,
        rows: rows.to_vec(),
        last: last && at + 1 == count,
    };
    rows.chunks(each).enumerate().map(message).collect()
}

pub(crate) async fn import(world: &World, messages: Vec<pb::ImportPeopleRequest>) -> pb::ImportPeopleResponse {
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
        // rows 1, 2 and 9 paid 300 yuan, row 7 is paid by assistance, row 8 is not paid
        assert_eq!((import.own_fen, import.assisted_fen, import.subsidy_fen), (90_000, 30_000, 240_000));
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
        let before = funding(&world, Scheme::Resident, None).await;
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
        let answer = calls.resolve_duplicate(resolve.clone()).await.unwrap().into_inner();
        assert_eq!(crate::late::spans(&answer.lost_days), [("2022-01-01", "2022-12-31")]);
        let resolved = answer.duplicate.unwrap();
        let ended = resolved.enrolments.iter().find(|one| one.enrolment_id == other.enrolment_id).unwrap();
        assert_eq!((resolved.resolved, ended.state()), (true, pb::EnrolmentState::Ended));
        let again = pb::ResolveDuplicateRequest { idempotency_key: "r2".to_owned(), ..resolve };
        assert_eq!(fault(&calls.resolve_duplicate(again).await.unwrap_err()).1["state"], "resolved");
        assert!(calls.list_duplicates(list(false)).await.unwrap().into_inner().duplicates.is_empty());
        assert_eq!(calls.list_duplicates(list(true)).await.unwrap().into_inner().duplicates.len(), 1);
        let covered = world.coverage(&person, "2022-03-01").await;
        let Some(pb::get_coverage_response::Outcome::Person(facts)) = covered.outcome else { panic!("refused") };
        assert_eq!(facts.schemes.len(), 1);
        // of the resident's enrolment no day is left: it counts as never made
        let after = funding(&world, Scheme::Resident, None).await;
        assert_eq!((before.people, after.people), (2, 1));
        assert_eq!((after.premium_fen, after.subsidy_fen), (before.premium_fen / 2, before.subsidy_fen / 2));
        assert!(enrolment::verify(&world.database).await.unwrap().is_clean());
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

#[test]
fn a_row_that_is_sent_again_with_other_content_is_named_and_nothing_is_passed_over_unseen() {
    on_both(|url| async move {
        let world = World::new(&url).await;
        let rows: Vec<pb::ImportRow> = (1..=6).map(row).collect();
        import(&world, messages("i1", &rows[..4], 2, false).into_iter().map(any_number).collect()).await;
        let mut other = rows.clone();
        other[2].payment.as_mut().unwrap().paid_date = "2021-11-02".to_owned();
        let status = refused(&world, messages("i1", &other, 2, true)).await;
        let (reason, metadata) = fault(&status);
        assert_eq!((reason.as_str(), metadata["field"].as_str()), ("KEY_REUSED", "rows[0]"));
        assert_eq!(metadata["row"], "3");
        let answer = import(&world, messages("i1", &rows, 2, true)).await.import.unwrap();
        assert_eq!((answer.rows_read, answer.rows_kept, answer.done), (6, 6, true));
        // also when it is done
        let status = refused(&world, messages("i1", &other, 2, true)).await;
        assert_eq!(fault(&status).0, "KEY_REUSED");
    });
}

fn any_number(message: pb::ImportPeopleRequest) -> pb::ImportPeopleRequest {
    pb::ImportPeopleRequest { rows_total: 0, ..message }
}

#[test]
fn a_receipt_is_the_same_however_it_is_written() {
    on_both(|url| async move {
        let world = World::new(&url).await;
        let mut rows: Vec<pb::ImportRow> = (1..=2).map(row).collect();
        rows[0].payment.as_mut().unwrap().receipt = "SD 2021-77a".to_owned();
        rows[1].payment.as_mut().unwrap().receipt = "sd2021-77A".to_owned();
        rows[1].payment.as_mut().unwrap().paid_date = "1980-05-05".to_owned();
        let answer = import(&world, messages("i1", &rows, 2, true)).await;
        let problems = &answer.rejects[0].problems;
        let said: Vec<_> = problems.iter().map(|one| (one.field.as_str(), one.reason.as_str())).collect();
        // and nobody pays before birth
        assert_eq!(said, [("payment.paid_date", "invalid_fields"), ("payment.receipt", "duplicate")]);
    });
}

async fn refused(world: &World, messages: Vec<pb::ImportPeopleRequest>) -> tonic::Status {
    world.imports.clone().import_people(iter(messages)).await.unwrap_err()
}

async fn progress(world: &World) -> (u64, u64, bool) {
    let request = pb::GetImportRequest { import_id: "i1".to_owned() };
    let import = world.imports.clone().get_import(request).await.unwrap().into_inner().import.unwrap();
    (import.rows_read, import.rows_total, import.done)
}

#[test]
fn no_row_after_the_one_marked_last_is_lost_unseen() {
    on_both(|url| async move {
        let world = World::new(&url).await;
        let rows: Vec<pb::ImportRow> = (1..=9).map(row).collect();
        let mut early = messages("i1", &rows, 3, true);
        early[1].last = true;
        assert_eq!(fields(&refused(&world, early).await), ["last"]);
        // what came before is kept, and the import goes on
        assert_eq!(progress(&world).await, (3, 9, false));
        let answer = import(&world, messages("i1", &rows, 3, true)).await;
        assert_eq!(answer.import.unwrap().rows_kept, 9);
        // the same stream again changes nothing; a row more is none of this import's
        assert_eq!(import(&world, messages("i1", &rows, 3, true)).await.import.unwrap().rows_read, 9);
        let more: Vec<pb::ImportRow> = (1..=10).map(row).collect();
        let status = refused(&world, messages("i1", &more, 5, true)).await;
        assert_eq!(fault(&status).1["state"], "done");
        assert_eq!(progress(&world).await, (9, 9, true));
    });
}

#[test]
fn more_or_fewer_rows_than_announced_are_complained_of_and_the_import_goes_on() {
    on_both(|url| async move {
        let world = World::new(&url).await;
        let rows: Vec<pb::ImportRow> = (1..=6).map(row).collect();
        let announced = |total: u64| {
            let mut all = messages("i1", &rows, 2, true);
            all.iter_mut().for_each(|message| message.rows_total = total);
            all
        };
        assert_eq!(fields(&refused(&world, announced(7)).await), ["last"]);
        assert_eq!(progress(&world).await, (4, 7, false));
        assert_eq!(fields(&refused(&world, announced(5)).await), ["rows_total"]);
        assert_eq!(progress(&world).await, (4, 5, false));
        let mut two = announced(6);
        two[1].rows_total = 8;
        assert_eq!(fields(&refused(&world, two).await), ["rows_total"]);
        import(&world, announced(6)).await;
        assert_eq!(progress(&world).await, (6, 6, true));
    });
}

/// Numbers of a seed, each from 0 to below `most`.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, most: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % most
    }
}

/// A row of one of the people, somewhere, at some time, paid.
fn anyhow(numbers: &mut Numbers, number: u64, people: u64) -> pb::ImportRow {
    let employed = numbers.below(2) == 0;
    let division = ["990100", "990101", "990200"][usize::try_from(numbers.below(3)).unwrap()];
    let cover_year = if numbers.below(4) == 0 { 2021 } else { 2022 };
    let how = if numbers.below(2) == 0 { EnrolHow::CentralPeriod } else { EnrolHow::Late };
    let enrolled_date = format!("{cover_year}-0{}-0{}", 1 + numbers.below(5), 1 + numbers.below(2) * 4);
    let terms = if employed { employee() } else { resident() };
    let (amount, source) = match employed {
        true => (600_000, pb::PremiumSource::Employer),
        false => (30_000, pb::PremiumSource::Own),
    };
    pb::ImportRow {
        row: number,
        identity: Some(identity(u32::try_from(numbers.below(people)).unwrap(), "1980-05-06")),
        household_reference: String::new(),
        terms: Some(pb::EnrolmentTerms {
            division: division.to_owned(),
            cover_year,
            how: how.into(),
            enrolled_date: enrolled_date.clone(),
            ..terms
        }),
        payment: Some(payment(amount, &enrolled_date, source)),
    }
}

/// Pairs of a person's enrolments in two schemes or places that share a day, looked for one by one.
async fn pairs(world: &World, division: &str) -> BTreeSet<BTreeSet<String>> {
    let request = pb::ListEnrolmentsRequest { division: division.to_owned(), page_size: 1_000, ..Default::default() };
    let all = world.enrolments.clone().list_enrolments(request).await.unwrap().into_inner().enrolments;
    let days = |one: &pb::Enrolment| {
        let terms = one.terms.as_ref().unwrap();
        let year = |day: &str| format!("{}-{day}", terms.cover_year);
        let last = if one.ended_date.is_empty() { year("12-31") } else { one.ended_date.clone() };
        let covered = one.coverage.as_ref().unwrap().covered.as_ref().unwrap().from_date.clone();
        (terms.enrolled_date.clone().max(year("01-01")).min(covered), last)
    };
    let place =
        |one: &pb::Enrolment| (one.terms.as_ref().unwrap().scheme, one.terms.as_ref().unwrap().division.clone());
    let mut found = BTreeSet::new();
    for one in &all {
        for two in all.iter().filter(|two| two.person_id == one.person_id && place(two) != place(one)) {
            let ((from, to), (other_from, other_to)) = (days(one), days(two));
            if from.max(other_from) <= to.min(other_to) {
                found.insert(BTreeSet::from([one.enrolment_id.clone(), two.enrolment_id.clone()]));
            }
        }
    }
    found
}

#[test]
fn every_pair_that_shares_a_day_is_listed_and_when_all_are_resolved_none_is_left() {
    on_both(|url| async move {
        let world = World::new(&url).await;
        world.noon("2022-06-15");
        let mut numbers = Numbers(7);
        let rows: Vec<pb::ImportRow> = (1..=60).map(|number| anyhow(&mut numbers, number, 12)).collect();
        let answer = import(&world, messages("i1", &rows, 50, true)).await;
        assert!(answer.import.unwrap().rows_kept > 30, "{:?}", answer.rejects);
        let listed = || async {
            let request = pb::ListDuplicatesRequest { page_size: 1_000, ..Default::default() };
            world.enrolments.clone().list_duplicates(request).await.unwrap().into_inner().duplicates
        };
        let ids = |one: &pb::Duplicate| one.enrolments.iter().map(|one| one.enrolment_id.clone()).collect();
        let found = listed().await;
        let expected = pairs(&world, "990000").await;
        assert!(expected.len() > 20, "{}", expected.len());
        assert_eq!((found.iter().map(ids).collect::<BTreeSet<_>>(), found.len()), (expected.clone(), expected.len()));
        // suspended days are still days of an enrolment
        let suspend = pb::SuspendEnrolmentRequest {
            idempotency_key: "s".to_owned(),
            enrolment_id: found[0].standing_enrolment_id.clone(),
            from_date: "2022-06-20".to_owned(),
            reason: "arrears".to_owned(),
        };
        world.enrolments.clone().suspend_enrolment(suspend).await.unwrap();
        assert_eq!(pairs(&world, "990000").await, expected);
        while let Some(duplicate) = listed().await.into_iter().next() {
            let resolve = pb::ResolveDuplicateRequest {
                idempotency_key: duplicate.duplicate_id.clone(),
                duplicate_id: duplicate.duplicate_id.clone(),
                operator_id: "officer".to_owned(),
                ..Default::default()
            };
            world.enrolments.clone().resolve_duplicate(resolve).await.unwrap();
            let left = listed().await.iter().map(ids).collect::<BTreeSet<_>>();
            let truly = pairs(&world, "990000").await;
            assert_eq!(left, truly);
        }
    });
}
