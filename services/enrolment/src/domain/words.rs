//! Closed sets of this service: each is one enum of the wire, one spelling in the database.

macro_rules! words {
    ($($(#[$doc:meta])* $name:ident { $($variant:ident $word:literal),+ $(,)? })+) => { $(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
        pub(crate) enum $name { $(#[serde(rename = $word)] $variant),+ }

        impl $name {
            /// The spelling in the database.
            pub(crate) const fn word(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }
        }

        impl std::str::FromStr for $name {
            type Err = ();
            fn from_str(text: &str) -> Result<Self, ()> {
                match text { $($word => Ok(Self::$variant),)+ _ => Err(()) }
            }
        }
    )+ };
}

words! {
    /// The kind of a person's document.
    DocumentType {
        ResidentId "resident_id", ResidencePermit "residence_permit", ForeignPermit "foreign_permit", Passport "passport",
        Officer "officer", BirthCertificate "birth_certificate", Other "other",
    }
    /// Sex as on the document.
    Sex { Male "male", Female "female" }
    /// What a relative is to the head of a household.
    Relation { Own "self", Spouse "spouse", Parent "parent", Child "child", Other "other" }
    /// Where an enrolment stands.
    State { Unpaid "unpaid", Active "active", Suspended "suspended", Ended "ended" }
    /// Out of whose pocket a premium is.
    PremiumSource { Own "own", RelativeAccount "relative_account", Employer "employer", Assisted "assisted" }
    /// Why an enrolment ends.
    EndReason {
        Wish "wish", Death "death", EmploymentEnded "employment_ended", Switched "switched", Transferred "transferred",
        Duplicate "duplicate", Mistake "mistake",
    }
    /// What an account credit is.
    CreditKind { Credit "credit", BroughtIn "brought_in" }
    /// What a qualification is.
    QualificationKind { Disease "disease", Plan "plan" }
}

/// What an interval of coverage is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CoverageKind {
    Benefit,
    Waiting,
    Suspended,
    Unpaid,
}
