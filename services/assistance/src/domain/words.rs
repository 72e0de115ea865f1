//! Closed sets of this service: each has one spelling in the database.

macro_rules! words {
    ($($(#[$doc:meta])* $name:ident { $($variant:ident $word:literal),+ $(,)? })+) => { $(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub(crate) enum $name { $($variant),+ }

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

pub(super) use words;

words! {
    /// Which office speaks for a person's category.
    Office {
        CivilAffairs "civil_affairs", RuralRevitalisation "rural_revitalisation", MedicalSecurity "medical_security",
        DisabledFederation "disabled_federation", Government "government",
    }
}
