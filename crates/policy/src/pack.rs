//! Packs as read: divisions, parameters with their rows and dates, citations. Every mistake with its place.

mod clause;
mod document;
mod folder;
mod lists;
mod load;
mod lookup;
mod parameter;
mod said;
mod schema;
mod tree;
mod value;

pub use clause::{Citation, Clause, Mark, SourceId};
pub(crate) use document::{Document, Key, Node, parse_date};
pub use folder::PackFile;
pub(crate) use lookup::{InForce, in_force, mechanism};
pub(crate) use parameter::{Parameter, Row};
pub(crate) use schema::{Combine, Home, Kind, mechanisms_of, parameters_of};
pub use tree::{Division as PackDivision, NationalField, Payer, PayerKind};
pub(crate) use tree::{Mechanism, PackTree};
pub(crate) use value::{Amount, Assistance, Band, Credit, Part, Value};
