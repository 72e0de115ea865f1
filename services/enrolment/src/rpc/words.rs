//! Closed sets of this service and their numbers on the wire: the names are the same on both sides.

use pb::enrolment::v1 as pb;
use rpc::Violations;

use crate::domain;

/// A set of words that has its enum on the wire.
pub(super) trait Numbered: Copy + 'static {
    /// The words with their numbers.
    const ALL: &'static [(Self, i32)];

    /// The name of a number in the enum on the wire.
    fn name(number: i32) -> &'static str;
}

macro_rules! numbered {
    ($($name:ident is $wire:path { $($variant:ident $number:ident),+ $(,)? })+) => { $(
        impl Numbered for domain::$name {
            const ALL: &'static [(Self, i32)] = {
                use $wire as Wire;
                &[$((Self::$variant, Wire::$number as i32)),+]
            };

            fn name(number: i32) -> &'static str {
                use $wire as Wire;
                Wire::try_from(number).unwrap_or_default().as_str_name()
            }
        }
        const _: fn(domain::$name) = |word| match word { $(domain::$name::$variant => ()),+ };
    )+ };
}

numbered! {
    DocumentType is pb::DocumentType {
        ResidentId ResidentId, ResidencePermit ResidencePermit, ForeignPermit ForeignPermit, Passport Passport,
        Officer Officer, BirthCertificate BirthCertificate, Other Other,
    }
    Sex is pb::Sex { Male Male, Female Female }
    Relation is ::pb::r#type::v1::Relation { Own Self_, Spouse Spouse, Parent Parent, Child Child, Other Other }
    State is pb::EnrolmentState { Unpaid Unpaid, Active Active, Suspended Suspended, Ended Ended }
    PremiumSource is pb::PremiumSource { Own Own, RelativeAccount RelativeAccount, Employer Employer, Assisted Assisted }
    EndReason is pb::EndReason {
        Wish Wish, Death Death, EmploymentEnded EmploymentEnded, Switched Switched, Transferred Transferred,
        Duplicate Duplicate, Mistake Mistake,
    }
    CoverageKind is pb::CoverageKind { Benefit Benefit, Waiting Waiting, Suspended Suspended, Unpaid Unpaid }
}

/// The word of a number; `UNSPECIFIED` and unknown numbers are violations.
pub(super) fn word<W: Numbered>(v: &mut Violations, field: &str, number: i32) -> Option<W> {
    let found = W::ALL.iter().find(|(_, known)| *known == number).map(|(word, _)| *word);
    if found.is_none() {
        let names = W::ALL.iter().map(|(_, number)| W::name(*number)).collect::<Vec<_>>();
        let said = if number == 0 { "nothing".to_owned() } else { format!("the number {number}") };
        v.add(field, said, format!("one of {}", names.join(", ")));
    }
    found
}

/// The number of a word.
pub(super) fn number<W: Numbered + PartialEq>(word: W) -> i32 {
    W::ALL.iter().find(|(known, _)| *known == word).map_or(0, |(_, number)| *number)
}

/// The name of a word on the wire, for texts that callers read: `END_REASON_WISH`.
pub(super) fn name<W: Numbered + PartialEq>(word: W) -> &'static str {
    W::name(number(word))
}
