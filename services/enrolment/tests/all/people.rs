//! Registering, finding and setting right.

use pb::enrolment::v1 as pb;
use testkit::on_both;

use crate::support::{World, fault, fields, identity, key};

fn register(number: u32, key: &str) -> pb::RegisterPersonRequest {
    let identity = Some(identity(number, "1990-01-01"));
    pb::RegisterPersonRequest { idempotency_key: key.to_owned(), identity, ..Default::default() }
}

#[test]
fn a_person_is_registered_once_and_found_by_document() {
    on_both(|url| async move {
        let world = World::new(&url).await;
        let mut people = world.people.clone();
        let key = key();
        let first = people.register_person(register(1, &key)).await.unwrap().into_inner().person.unwrap();
        let again = people.register_person(register(1, &key)).await.unwrap().into_inner().person.unwrap();
        assert_eq!(first, again);
        assert!(first.person_id.len() <= 47);
        let other = people.register_person(register(2, &key)).await.unwrap_err();
        let (reason, metadata) = fault(&other);
        assert_eq!((reason.as_str(), metadata["field"].as_str()), ("KEY_REUSED", "identity.document_number"));
        let twice = people.register_person(register(1, "another")).await.unwrap_err();
        let (reason, metadata) = fault(&twice);
        assert_eq!((reason.as_str(), &metadata["person_id"]), ("DUPLICATE", &first.person_id));
        let request = pb::FindPersonRequest {
            document_type: pb::DocumentType::Passport.into(),
            document_number: "P00000001".to_owned(),
        };
        let found = people.find_person(request.clone()).await.unwrap().into_inner().person.unwrap();
        assert_eq!(found, first);
        let request = pb::FindPersonRequest { document_number: "P00000009".to_owned(), ..request };
        let unknown = people.find_person(request).await.unwrap_err();
        assert_eq!(fault(&unknown).0, "NOT_FOUND");
        assert!(!format!("{unknown:?}").contains("P00000009"));
    });
}

#[test]
fn everything_that_cannot_be_read_is_said_at_once_and_no_number_is_repeated() {
    on_both(|url| async move {
        let world = World::new(&url).await;
        let identity = pb::Identity {
            name: " ".to_owned(),
            document_type: 99,
            document_number: String::new(),
            born_date: "2021-02-30".to_owned(),
            sex: 0,
            phone: "\u{7}".to_owned(),
        };
        let request =
            pb::RegisterPersonRequest { identity: Some(identity), household_id: "H1".to_owned(), ..Default::default() };
        let status = world.people.clone().register_person(request).await.unwrap_err();
        let expected = [
            "idempotency_key",
            "identity.born_date",
            "identity.document_number",
            "identity.document_type",
            "identity.name",
            "identity.phone",
            "identity.sex",
            "relation",
        ];
        assert_eq!(fields(&status), expected);
        let mut card = crate::support::identity(1, "1949-12-31");
        card.document_type = pb::DocumentType::ResidentId.into();
        card.document_number = "110105194912310021".to_owned();
        let request = pb::RegisterPersonRequest { idempotency_key: key(), identity: Some(card), ..Default::default() };
        let status = world.people.clone().register_person(request).await.unwrap_err();
        assert_eq!(fields(&status), ["identity.document_number"]);
        assert!(!format!("{status:?}").contains("110105194912310021"));
    });
}

#[test]
fn what_was_known_before_a_correction_stays_known_for_its_time_and_the_old_document_is_free() {
    on_both(|url| async move {
        let world = World::new(&url).await;
        let id = world.person(1).await;
        let before = world.moment();
        let request = pb::CorrectPersonRequest {
            idempotency_key: key(),
            person_id: id.clone(),
            identity: Some(identity(7, "1991-02-03")),
            operator_id: "officer".to_owned(),
            reason: "read wrongly".to_owned(),
            ..Default::default()
        };
        world.people.clone().correct_person(request.clone()).await.unwrap();
        let get = |known_at| pb::GetPersonRequest { person_id: id.clone(), known_at };
        let then = world.people.clone().get_person(get(Some(before))).await.unwrap().into_inner().person.unwrap();
        assert_eq!(then.identity.unwrap().born_date, "1990-01-01");
        let now = world.people.clone().get_person(get(None)).await.unwrap().into_inner().person.unwrap();
        assert_eq!(now.identity.unwrap().born_date, "1991-02-03");
        let other = world.person(1).await;
        assert_ne!(other, id);
        let taken =
            pb::CorrectPersonRequest { idempotency_key: key(), identity: Some(identity(1, "1990-01-01")), ..request };
        let status = world.people.clone().correct_person(taken).await.unwrap_err();
        assert_eq!(fault(&status).1["person_id"], other);
    });
}

#[test]
fn a_cards_number_is_held_to_birth_and_sex_and_nothing_hides_what_else_is_wrong() {
    on_both(|url| async move {
        let world = World::new(&url).await;
        let register = |identity: pb::Identity| {
            let mut people = world.people.clone();
            let request =
                pb::RegisterPersonRequest { idempotency_key: key(), identity: Some(identity), ..Default::default() };
            async move { people.register_person(request).await }
        };
        let mut card = identity(1, "1949-12-31");
        card.document_type = pb::DocumentType::ResidentId.into();
        card.document_number = "11010519491231002X".to_owned();
        let man = pb::Identity { sex: pb::Sex::Male.into(), ..card.clone() };
        assert_eq!(fields(&register(man).await.unwrap_err()), ["identity.sex"]);
        // a wrong check digit beside a day that is none
        let both = pb::Identity {
            document_number: "110105194912310021".to_owned(),
            born_date: "1949-02-30".to_owned(),
            ..card.clone()
        };
        let status = register(both).await.unwrap_err();
        assert_eq!(fields(&status), ["identity.born_date", "identity.document_number"]);
        let unspecified = pb::Identity { sex: 0, ..card.clone() };
        let status = register(unspecified).await.unwrap_err();
        let said = tonic_types::StatusExt::get_details_bad_request(&status).unwrap().field_violations;
        assert_eq!(said[0].description, "is not given; expected one of SEX_MALE, SEX_FEMALE");
        register(card).await.unwrap();
    });
}

#[test]
fn a_key_used_again_names_the_smallest_field_that_differs() {
    on_both(|url| async move {
        let world = World::new(&url).await;
        let person = world.person(1).await;
        let history = Some(pb::InsuranceHistory { broken_years: 1, ..Default::default() });
        let terms = pb::EnrolmentTerms { history, ..crate::support::resident() };
        let request = pb::EnrolRequest { idempotency_key: key(), person_id: person, terms: Some(terms.clone()) };
        let mut calls = world.enrolments.clone();
        calls.enrol(request.clone()).await.unwrap();
        let history = |broken_years, repaid_years| {
            Some(pb::InsuranceHistory { broken_years, repaid_years, ..Default::default() })
        };
        let others = [
            ("terms.history.broken_years", pb::EnrolmentTerms { history: history(2, 0), ..terms.clone() }),
            ("terms.history.repaid_years", pb::EnrolmentTerms { history: history(1, 1), ..terms.clone() }),
            ("terms.history", pb::EnrolmentTerms { history: None, ..terms.clone() }),
            ("terms.division", pb::EnrolmentTerms { division: "990200".to_owned(), ..terms.clone() }),
        ];
        for (field, terms) in others {
            let status = calls.enrol(pb::EnrolRequest { terms: Some(terms), ..request.clone() }).await.unwrap_err();
            let (reason, metadata) = fault(&status);
            assert_eq!((reason.as_str(), metadata["field"].as_str()), ("KEY_REUSED", field));
        }
    });
}
