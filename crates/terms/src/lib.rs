//! The words of the field: schemes, kinds of care, institutions, groups, categories, divisions, names.
//!
//! Invariant: a word here has one meaning, one spelling in packs, cases and results, and its Chinese term.
//! Invariant: this crate holds no amount, no ratio, no place and no rule.

mod books;
mod division;
mod name;
mod word;
mod words;

pub use books::{AccountKind, EntryKind, IncomeSource, Side};
pub use division::{Division, ParseDivisionError};
pub use name::{Name, NameTooLong};
pub use word::{UnknownWord, Word};
pub use words::{
    Admission, Away, Care, Category, College, CountyKind, EnrolHow, Epidemic, Filing, HeldBy, HeldWhy, Institution,
    LineClass, LineKind, PersonGroup, Place, Referral, Scheme,
};
