//! Who stands behind documents, many at once, and how a person is reached.

use ::pb::r#type::v1::Scheme;
use pb::enrolment::v1 as pb;
use sha2::{Digest as _, Sha256};
use testkit::on_both;

use crate::mistakes::end;
use crate::support::{World, fault, fields, identity, key, resident};

fn passport(number: &str) -> pb::PersonDocument {
    pb::PersonDocument { document_type: pb::DocumentType::Passport.into(), document_number: number.to_owned() }
}

#[test]
fn documents_are_looked_up_many_at_once_and_those_nobody_has_are_left_out() {
    on_both(|url| async move {
        let world = World::new(&url).await;
        let (one, two) = (world.person(1).await, world.person(2).await);
        let documents = ["P00000002", "P00000009", "P00000001", "P00000002"].map(passport).to_vec();
        let mut directory = world.directory.clone();
        let found = directory.find_people(pb::FindPeopleRequest { documents }).await.unwrap().into_inner().people;
        let found: Vec<(u32, &str)> = found.iter().map(|one| (one.index, one.person_id.as_str())).collect();
        assert_eq!(found, [(0, two.as_str()), (2, one.as_str()), (3, two.as_str())]);
        let none = directory.find_people(pb::FindPeopleRequest::default()).await.unwrap_err();
        assert_eq!(fields(&none), ["documents"]);
        let documents = vec![passport(""), pb::PersonDocument { document_type: 0, ..passport("P1") }];
        let wrong = directory.find_people(pb::FindPeopleRequest { documents }).await.unwrap_err();
        assert_eq!(fields(&wrong), ["documents[0].document_number", "documents[1].document_type"]);
    });
}

#[test]
fn of_people_given_by_their_ids_those_are_named_whom_nobody_knows() {
    on_both(|url| async move {
        let world = World::new(&url).await;
        let (one, two) = (world.person(1).await, world.person(2).await);
        let mut directory = world.directory.clone();
        let ask = |ids: &[&str]| pb::FindUnknownRequest { person_ids: ids.iter().map(|id| (*id).to_owned()).collect() };
        let asked = ask(&["nobody", &two, "another", &one, "nobody", &two]);
        let found = directory.find_unknown(asked).await.unwrap().into_inner().unknown_person_ids;
        assert_eq!(found, ["nobody", "another"]);
        let none = directory.find_unknown(ask(&[&one])).await.unwrap().into_inner().unknown_person_ids;
        assert!(none.is_empty());
        for many in [0, 1_001] {
            let wrong = directory.find_unknown(ask(&vec!["P"; many])).await.unwrap_err();
            assert_eq!(fields(&wrong), ["person_ids"]);
        }
        let wrong = directory.find_unknown(ask(&["", "P", "a b"])).await.unwrap_err();
        assert_eq!(fields(&wrong), ["person_ids[0]", "person_ids[2]"]);
    });
}

#[test]
fn a_telephone_is_given_for_the_living_alone() {
    on_both(|url| async move {
        let world = World::new(&url).await;
        let person = world.person(1).await;
        let mut directory = world.directory.clone();
        let ask = |id: &str| pb::GetPhoneRequest { person_id: id.to_owned() };
        assert_eq!(directory.get_phone(ask(&person)).await.unwrap().into_inner().phone, "");
        let with_phone = pb::Identity { phone: "13800000000".to_owned(), ..identity(1, "1990-01-01") };
        let correct = |died: &str| pb::CorrectPersonRequest {
            idempotency_key: key(),
            person_id: person.clone(),
            identity: Some(with_phone.clone()),
            died_date: died.to_owned(),
            operator_id: "officer".to_owned(),
            reason: "asked at the counter".to_owned(),
        };
        world.people.clone().correct_person(correct("")).await.unwrap();
        assert_eq!(directory.get_phone(ask(&person)).await.unwrap().into_inner().phone, "13800000000");
        world.people.clone().correct_person(correct("2021-11-14")).await.unwrap();
        assert_eq!(directory.get_phone(ask(&person)).await.unwrap().into_inner().phone, "");
        assert_eq!(fault(&directory.get_phone(ask("nobody")).await.unwrap_err()).0, "NOT_FOUND");
    });
}

#[test]
fn where_a_person_was_insured_is_said_of_what_was_paid_and_held() {
    on_both(|url| async move {
        let world = World::new(&url).await;
        let (person, first) = world.resident(1).await;
        let mut directory = world.directory.clone();
        let ask = |person: &str, from: &str, to: &str| {
            let (from_date, to_date) = (from.to_owned(), to.to_owned());
            let days = Some(::pb::r#type::v1::Period { from_date, to_date });
            pb::FindPlacesRequest { person_id: person.to_owned(), days }
        };
        let mut places = async |person: &str, from: &str, to: &str| {
            directory.find_places(ask(person, from, to)).await.map(|found| found.into_inner().divisions)
        };
        assert_eq!(places(&person, "2022-12-31", "2023-12-31").await.unwrap(), ["990100"]);
        assert!(places(&person, "2021-01-01", "2021-12-31").await.unwrap().is_empty(), "before the year");
        let mut calls = world.enrolments.clone();
        calls.end_enrolment(end(&first, "2022-03-31", pb::EndReason::Wish)).await.unwrap();
        world.noon("2022-04-01");
        // one that is not paid is no insurance
        world.enrol(&person, pb::EnrolmentTerms { division: "990200".to_owned(), ..resident() }).await;
        assert!(places(&person, "2022-04-01", "2022-12-31").await.unwrap().is_empty());
        assert_eq!(places(&person, "2022-01-01", "2022-12-31").await.unwrap(), ["990100"]);
        calls.end_enrolment(end(&first, "", pb::EndReason::Mistake)).await.unwrap();
        assert!(places(&person, "2022-01-01", "2022-12-31").await.unwrap().is_empty(), "it never was");
        assert_eq!(fault(&places("nobody", "2022-01-01", "2022-12-31").await.unwrap_err()).0, "NOT_FOUND");
        let wrong = places("", "2022-02-01", "2022-01-01").await.unwrap_err();
        assert_eq!(fields(&wrong), ["days.to_date", "person_id"]);
        let empty = world.directory.clone().find_places(pb::FindPlacesRequest::default()).await.unwrap_err();
        assert_eq!(fields(&empty), ["days", "person_id"]);
    });
}

#[test]
fn people_are_found_by_the_hashes_of_their_documents_with_how_they_are_insured_on_the_day() {
    on_both(|url| async move {
        let world = World::new(&url).await;
        let (person, _) = world.resident(1).await;
        let other = world.person(2).await;
        // sha256 of `passport:P00000001` and so on
        let hash = |number: &str| hex::encode(Sha256::digest(format!("passport:{number}")));
        let ask = |numbers: &[&str], on: &str| pb::FindPeopleByHashRequest {
            document_sha256: numbers.iter().map(|number| hash(number)).collect(),
            on_date: on.to_owned(),
        };
        let mut directory = world.directory.clone();
        let asked = ask(&["P00000009", "P00000002", "P00000001"], "2022-06-01");
        let found = directory.find_people_by_hash(asked).await.unwrap().into_inner().people;
        let of = |one: &pb::InsuredPerson| (one.index, one.person_id.clone(), one.division.clone(), one.scheme());
        let wanted = [
            (1, other, String::new(), Scheme::Unspecified),
            (2, person.clone(), "990100".to_owned(), Scheme::Resident),
        ];
        assert_eq!(found.iter().map(of).collect::<Vec<_>>(), wanted);
        let covered = found[1].covered.clone().unwrap();
        assert_eq!(covered.to_date, "2022-12-31");
        let later = directory.find_people_by_hash(ask(&["P00000001"], "2023-06-01")).await.unwrap().into_inner().people;
        assert_eq!((later[0].person_id.as_str(), later[0].division.as_str()), (person.as_str(), ""));
        let document_sha256 = vec![hash("P1").to_uppercase(), hash("P1"), "P00000001".to_owned()];
        let wrong = pb::FindPeopleByHashRequest { document_sha256, on_date: "soon".to_owned() };
        let wrong = directory.find_people_by_hash(wrong).await.unwrap_err();
        assert_eq!(fields(&wrong), ["document_sha256[0]", "document_sha256[2]", "on_date"]);
        assert!(!format!("{wrong:?}").contains("P00000001"), "what may be a number is not repeated");
        let none = directory.find_people_by_hash(pb::FindPeopleByHashRequest::default()).await.unwrap_err();
        assert_eq!(fields(&none), ["document_sha256", "on_date"]);
    });
}
