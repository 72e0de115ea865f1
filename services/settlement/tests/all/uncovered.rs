//! Bills of people who are not covered, facts handed in: the packs that ship say by which clause they are refused.

use pb::policy::v1::{Refusal, RefusalReason, decision};
use pb::settlement::v1::settle_response;
use pb::r#type::v1::{Care, Institution, Period, PersonGroup, Place, Scheme};
use testkit::on_both;

use crate::support::House;
use crate::world::{asks_in, rows, visit};

/// What the policy says of a visit on 1 March 2022 whose person is changed.
async fn refused(
    house: &House,
    key: &str,
    division: &str,
    change: impl FnOnce(&mut pb::policy::v1::PersonFacts),
) -> Refusal {
    refused_bill(house, key, division, |submission| change(submission.person_facts.as_mut().unwrap())).await
}

/// The same where anything of it is changed.
async fn refused_bill(
    house: &House,
    key: &str,
    division: &str,
    change: impl FnOnce(&mut pb::settlement::v1::Submission),
) -> Refusal {
    let mut request = asks_in(division, key, "p", &visit(key, "2022-03-01", 10_000));
    change(request.submission.as_mut().unwrap());
    let answer = house.client().settle(request).await.expect("an answer").into_inner();
    let Some(settle_response::Outcome::Refused(decision)) = answer.outcome else { panic!("settled: {answer:?}") };
    let Some(decision::Outcome::Refused(refusal)) = decision.outcome else { panic!("not refused") };
    refusal
}

#[test]
fn a_bill_of_somebody_who_is_not_covered_is_refused_with_its_clause() {
    on_both(|url| async move {
        let house = House::open(&url).await;
        let before = rows(&house.database).await;
        let (none, two) = (Vec::new(), vec![Scheme::Resident.into(), Scheme::Employee.into()]);
        let february = Period { from_date: "2022-02-01".to_owned(), to_date: "2022-02-28".to_owned() };
        for (division, reason, schemes, covered, clause) in [
            ("370800", RefusalReason::NoScheme, &none, None, "DM-3.5"),
            ("370800", RefusalReason::TwoSchemes, &two, None, "DM-3.5"),
            ("370800", RefusalReason::NotCovered, &vec![Scheme::Resident.into()], Some(&february), "DM-3.3"),
            ("450000", RefusalReason::NoScheme, &none, None, "GX-17"),
            ("450000", RefusalReason::TwoSchemes, &two, None, "GX-17"),
            ("450000", RefusalReason::NotCovered, &vec![Scheme::Resident.into()], Some(&february), "GX-7"),
        ] {
            let key = format!("{division}-{}", reason.as_str_name());
            let key = key.replace("REFUSAL_REASON_", "");
            let refusal = refused(&house, &key, division, |person| {
                (person.schemes, person.covered) = (schemes.clone(), covered.cloned());
            })
            .await;
            let [cause] = refusal.causes.as_slice() else { panic!("{key}: {refusal:?}") };
            assert_eq!(cause.reason(), reason);
            assert!(cause.cite.iter().any(|cite| cite == clause), "{key}: {refusal:?}");
            for cite in &cause.cite {
                assert!(refusal.clauses.iter().any(|clause| clause.clause_id == *cite), "{key}: {cite} is explained");
            }
        }
        assert_eq!(rows(&house.database).await, before);
        house.close().await;
    });
}

#[test]
fn a_bill_refused_for_its_form_cites_the_nations_clause_or_the_own_places_and_no_other() {
    on_both(|url| async move {
        let house = House::open(&url).await;
        type Change = fn(&mut pb::settlement::v1::Submission);
        let cases: [(&str, RefusalReason, &[&str], Change); 6] = [
            ("990100", RefusalReason::UnknownDivision, &["DM-2.1"], |_| {}),
            ("370800", RefusalReason::NoBenefit, &["DM-2.1"], |asked| {
                asked.bill.as_mut().unwrap().care = Care::DaySurgery.into();
            }),
            ("450000", RefusalReason::WrongGroup, &["DM-1.5"], |asked| {
                asked.person_facts.as_mut().unwrap().group = PersonGroup::Retired.into();
            }),
            ("450000", RefusalReason::BadPlace, &["DM-2.2"], |asked| {
                asked.bill.as_mut().unwrap().place = Place::OutOfProvince.into();
            }),
            ("370800", RefusalReason::SumMismatch, &["DM-1.4"], |asked| asked.bill.as_mut().unwrap().total_fen += 1),
            ("370800", RefusalReason::NotAtPharmacy, &["DM-1.2"], |asked| {
                asked.institution_id = "P00000000001".to_owned();
                asked.bill.as_mut().unwrap().institution = Institution::Pharmacy.into();
            }),
        ];
        for (number, (division, reason, cite, change)) in cases.into_iter().enumerate() {
            let refusal = refused_bill(&house, &format!("F{number}"), division, change).await;
            let [cause] = refusal.causes.as_slice() else { panic!("{refusal:?}") };
            assert_eq!(
                (cause.reason(), cause.cite.iter().map(String::as_str).collect::<Vec<_>>()),
                (reason, cite.to_vec())
            );
            assert!(refusal.clauses.iter().map(|clause| clause.clause_id.as_str()).eq(cite.iter().copied()));
        }
        house.close().await;
    });
}
