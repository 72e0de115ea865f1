//! Closed sets of this service and their numbers on the wire.

use ::pb::assistance::v1 as pb;
use ::pb::r#type::v1::EntryState;
use rpc::Violations;

use crate::domain::{HoldState, Office};

const OFFICES: &[(Office, pb::Office)] = &[
    (Office::CivilAffairs, pb::Office::CivilAffairs),
    (Office::RuralRevitalisation, pb::Office::RuralRevitalisation),
    (Office::MedicalSecurity, pb::Office::MedicalSecurity),
    (Office::DisabledFederation, pb::Office::DisabledFederation),
    (Office::Government, pb::Office::Government),
];

/// An office; `UNSPECIFIED` and unknown numbers are violations.
pub(super) fn office(v: &mut Violations, field: &str, number: i32) -> Option<Office> {
    let found = OFFICES.iter().find(|(_, known)| *known as i32 == number).map(|(office, _)| *office);
    if found.is_none() {
        let names: Vec<&str> = OFFICES.iter().map(|(_, known)| known.as_str_name()).collect();
        v.add(field, number, format!("one of {}", names.join(", ")));
    }
    found
}

/// The number of an office.
pub(super) fn office_number(office: Office) -> i32 {
    OFFICES.iter().find(|(known, _)| *known == office).map_or(0, |(_, number)| *number as i32)
}

/// A state of a hold; `UNSPECIFIED` and unknown numbers are violations.
pub(super) fn state(v: &mut Violations, field: &str, number: i32) -> Option<HoldState> {
    match EntryState::try_from(number) {
        Ok(EntryState::Pending) => Some(HoldState::Pending),
        Ok(EntryState::Posted) => Some(HoldState::Posted),
        Ok(EntryState::Voided) => Some(HoldState::Voided),
        _ => {
            v.add(field, number, "PENDING, POSTED or VOIDED");
            None
        }
    }
}

/// The number of a state.
pub(super) fn state_number(state: HoldState) -> i32 {
    let state = match state {
        HoldState::Pending => EntryState::Pending,
        HoldState::Posted => EntryState::Posted,
        HoldState::Voided => EntryState::Voided,
    };
    state.into()
}
