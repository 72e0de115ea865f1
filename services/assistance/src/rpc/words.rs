//! Closed sets of this service and their numbers on the wire.

use ::pb::assistance::v1 as pb;
use ::pb::r#type::v1::EntryState;
use policy::{OfferBase, OfferPeriod};
use rpc::Violations;

use crate::domain::{
    Act, ApplicationState, AskState, DifferenceKind, HoldState, ImportMode, OfferState, Office, OtherPayerKind,
    WatchDifferenceKind, WatchState,
};

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

const ASKED: &[(AskState, pb::ReassessmentState)] = &[
    (AskState::Asked, pb::ReassessmentState::Asked),
    (AskState::Done, pb::ReassessmentState::Done),
    (AskState::NothingChanged, pb::ReassessmentState::NothingChanged),
    (AskState::Refused, pb::ReassessmentState::Refused),
    (AskState::AskedAgain, pb::ReassessmentState::AskedAgain),
];

/// A state of a question to settlement; `UNSPECIFIED` and unknown numbers are violations.
pub(super) fn ask_state(v: &mut Violations, field: &str, number: i32) -> Option<AskState> {
    let found = ASKED.iter().find(|(_, known)| *known as i32 == number).map(|(state, _)| *state);
    if found.is_none() {
        let names: Vec<&str> = ASKED.iter().map(|(_, known)| known.as_str_name()).collect();
        v.add(field, number, format!("one of {}", names.join(", ")));
    }
    found
}

/// The number of a state of a question.
pub(super) fn ask_state_number(state: AskState) -> i32 {
    ASKED.iter().find(|(known, _)| *known == state).map_or(0, |(_, number)| *number as i32)
}

const MODES: &[(ImportMode, pb::ImportMode)] =
    &[(ImportMode::Check, pb::ImportMode::Check), (ImportMode::Apply, pb::ImportMode::Apply)];

/// What an import does; `UNSPECIFIED` and unknown numbers are violations.
pub(super) fn mode(v: &mut Violations, field: &str, number: i32) -> Option<ImportMode> {
    let found = MODES.iter().find(|(_, known)| *known as i32 == number).map(|(mode, _)| *mode);
    if found.is_none() {
        v.add(field, number, "IMPORT_MODE_CHECK or IMPORT_MODE_APPLY");
    }
    found
}

/// The number of what an import does.
pub(super) fn mode_number(mode: ImportMode) -> i32 {
    MODES.iter().find(|(known, _)| *known == mode).map_or(0, |(_, number)| *number as i32)
}

const KINDS: &[(DifferenceKind, pb::DifferenceKind)] = &[
    (DifferenceKind::New, pb::DifferenceKind::New),
    (DifferenceKind::Ended, pb::DifferenceKind::Ended),
    (DifferenceKind::Changed, pb::DifferenceKind::Changed),
    (DifferenceKind::Same, pb::DifferenceKind::Same),
    (DifferenceKind::UnknownPerson, pb::DifferenceKind::UnknownPerson),
    (DifferenceKind::Rejected, pb::DifferenceKind::Rejected),
];

/// A kind of difference; `UNSPECIFIED` and unknown numbers are violations.
pub(super) fn kind(v: &mut Violations, field: &str, number: i32) -> Option<DifferenceKind> {
    let found = KINDS.iter().find(|(_, known)| *known as i32 == number).map(|(kind, _)| *kind);
    if found.is_none() {
        let names: Vec<&str> = KINDS.iter().map(|(_, known)| known.as_str_name()).collect();
        v.add(field, number, format!("one of {}", names.join(", ")));
    }
    found
}

/// The number of a kind of difference.
pub(super) fn kind_number(kind: DifferenceKind) -> i32 {
    KINDS.iter().find(|(known, _)| *known == kind).map_or(0, |(_, number)| *number as i32)
}

const WATCHED: &[(WatchState, pb::WatchState)] = &[
    (WatchState::Listed, pb::WatchState::Listed),
    (WatchState::LineUnknown, pb::WatchState::LineUnknown),
    (WatchState::Confirmed, pb::WatchState::Confirmed),
    (WatchState::Rejected, pb::WatchState::Rejected),
    (WatchState::Left, pb::WatchState::Left),
];

/// A state of an entry of the watch list; `UNSPECIFIED` and unknown numbers are violations.
pub(super) fn watch_state(v: &mut Violations, field: &str, number: i32) -> Option<WatchState> {
    let found = WATCHED.iter().find(|(_, known)| *known as i32 == number).map(|(state, _)| *state);
    if found.is_none() {
        let names: Vec<&str> = WATCHED.iter().map(|(_, known)| known.as_str_name()).collect();
        v.add(field, number, format!("one of {}", names.join(", ")));
    }
    found
}

/// The number of a state of an entry of the watch list.
pub(super) fn watch_state_number(state: WatchState) -> i32 {
    WATCHED.iter().find(|(known, _)| *known == state).map_or(0, |(_, number)| *number as i32)
}

/// The number of a kind of difference between the watch list and a computation.
pub(super) fn difference_kind_number(kind: WatchDifferenceKind) -> i32 {
    let kind = match kind {
        WatchDifferenceKind::Missing => pb::WatchDifferenceKind::Missing,
        WatchDifferenceKind::TooMany => pb::WatchDifferenceKind::TooMany,
        WatchDifferenceKind::Amount => pb::WatchDifferenceKind::Amount,
    };
    kind.into()
}

const APPLICATIONS: &[(ApplicationState, pb::ApplicationState)] = &[
    (ApplicationState::Applied, pb::ApplicationState::Applied),
    (ApplicationState::Proposed, pb::ApplicationState::Proposed),
    (ApplicationState::Approved, pb::ApplicationState::Approved),
    (ApplicationState::Rejected, pb::ApplicationState::Rejected),
    (ApplicationState::Paid, pb::ApplicationState::Paid),
    (ApplicationState::Appealed, pb::ApplicationState::Appealed),
    (ApplicationState::Withdrawn, pb::ApplicationState::Withdrawn),
];

/// A state of an application; `UNSPECIFIED` and unknown numbers are violations.
pub(super) fn application_state(v: &mut Violations, field: &str, number: i32) -> Option<ApplicationState> {
    let found = APPLICATIONS.iter().find(|(_, known)| *known as i32 == number).map(|(state, _)| *state);
    if found.is_none() {
        let names: Vec<&str> = APPLICATIONS.iter().map(|(_, known)| known.as_str_name()).collect();
        v.add(field, number, format!("one of {}", names.join(", ")));
    }
    found
}

/// The number of a state of an application.
pub(super) fn application_state_number(state: ApplicationState) -> i32 {
    APPLICATIONS.iter().find(|(known, _)| *known == state).map_or(0, |(_, number)| *number as i32)
}

/// The number of what a step of an application did.
pub(super) fn act_number(act: Act) -> i32 {
    let act = match act {
        Act::Applied => pb::ApplicationAct::Applied,
        Act::Attached => pb::ApplicationAct::Attached,
        Act::Proposed => pb::ApplicationAct::Proposed,
        Act::Confirmed => pb::ApplicationAct::Confirmed,
        Act::SentBack => pb::ApplicationAct::SentBack,
        Act::Paid => pb::ApplicationAct::Paid,
        Act::Appealed => pb::ApplicationAct::Appealed,
        Act::Withdrawn => pb::ApplicationAct::Withdrawn,
    };
    act.into()
}

/// A word of a table of words by its number; `UNSPECIFIED` and unknown numbers are violations.
macro_rules! table {
    ($read:ident, $write:ident, $table:ident, $word:ty, $pb:ident, $what:literal, { $($variant:ident),+ }) => {
        const $table: &[($word, pb::$pb)] = &[$((<$word>::$variant, pb::$pb::$variant)),+];

        #[doc = concat!($what, "; `UNSPECIFIED` and unknown numbers are violations.")]
        pub(super) fn $read(v: &mut Violations, field: &str, number: i32) -> Option<$word> {
            let found = $table.iter().find(|(_, known)| *known as i32 == number).map(|(word, _)| *word);
            if found.is_none() {
                let names: Vec<&str> = $table.iter().map(|(_, known)| known.as_str_name()).collect();
                v.add(field, number, format!("one of {}", names.join(", ")));
            }
            found
        }

        #[doc = concat!("The number: ", $what, ".")]
        pub(super) fn $write(word: $word) -> i32 {
            $table.iter().find(|(known, _)| *known == word).map_or(0, |(_, number)| *number as i32)
        }
    };
}

table!(other_payer, other_payer_number, OTHER_PAYERS, OtherPayerKind, OtherPayerKind, "A kind of other payer", {
    Charity, Union, Commercial
});
table!(offer_state, offer_state_number, OFFERS, OfferState, OfferState, "A state of an offer", {
    Offered, Confirmed, Declined, Paid, Superseded
});
table!(offer_base, offer_base_number, BASES, OfferBase, OfferBase, "What a plan pays on", { LeftWithinScope, Cash });
table!(offer_period, offer_period_number, PERIODS, OfferPeriod, OfferPeriod, "For what a plan counts", { Bill, Year });
