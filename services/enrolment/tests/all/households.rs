//! Households: who is in them when.

use ::pb::r#type::v1::Relation;
use pb::enrolment::v1 as pb;
use testkit::on_both;

use crate::support::{World, fault, fields, identity, key};

#[test]
fn people_join_and_leave_and_are_in_one_household_at_a_time() {
    on_both(|url| async move {
        let world = World::new(&url).await;
        let (head, child) = (world.person(1).await, world.person(2).await);
        let mut people = world.people.clone();
        let found = pb::CreateHouseholdRequest {
            idempotency_key: key(),
            division: "990101".to_owned(),
            head_person_id: head.clone(),
            from_date: "2021-01-01".to_owned(),
        };
        let home = people.create_household(found.clone()).await.unwrap().into_inner().household.unwrap();
        assert_eq!((home.members.len(), home.members[0].relation()), (1, Relation::Self_));
        let second = pb::CreateHouseholdRequest { idempotency_key: key(), ..found };
        assert_eq!(fault(&people.create_household(second).await.unwrap_err()).1["state"], "in_household");
        let join = pb::JoinHouseholdRequest {
            idempotency_key: key(),
            household_id: home.household_id.clone(),
            person_id: child.clone(),
            relation: Relation::Child.into(),
            from_date: "2021-06-01".to_owned(),
        };
        let head_again = pb::JoinHouseholdRequest { relation: Relation::Self_.into(), ..join.clone() };
        assert_eq!(fields(&people.join_household(head_again).await.unwrap_err()), ["relation"]);
        people.join_household(join).await.unwrap();
        let known = world.moment();
        let get = |on: &str, known_at| pb::GetHouseholdRequest {
            household_id: home.household_id.clone(),
            on_date: on.to_owned(),
            known_at,
        };
        let members = |request| {
            let mut people = world.people.clone();
            async move { people.get_household(request).await.unwrap().into_inner().household.unwrap().members.len() }
        };
        assert_eq!((members(get("2021-05-31", None)).await, members(get("2021-06-01", None)).await), (1, 2));
        let leave = pb::LeaveHouseholdRequest {
            idempotency_key: key(),
            household_id: home.household_id.clone(),
            person_id: child.clone(),
            to_date: "2021-08-31".to_owned(),
        };
        people.leave_household(leave).await.unwrap();
        assert_eq!((members(get("2021-08-31", None)).await, members(get("2021-09-01", None)).await), (2, 1));
        assert_eq!(members(get("2021-09-01", Some(known))).await, 2, "as it was known before");
        let request = pb::RegisterPersonRequest {
            idempotency_key: key(),
            identity: Some(identity(3, "2010-01-01")),
            household_id: home.household_id.clone(),
            relation: Some(Relation::Child.into()),
        };
        let third = people.register_person(request).await.unwrap().into_inner().person.unwrap();
        assert_eq!(third.household_id, home.household_id);
    });
}
