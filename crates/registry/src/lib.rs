//! Policy versions: the database has the truth, Redis a copy by hash, each process a compiled snapshot it decides from.
//!
//! A version is a whole tree of packs, named by the hash of its content. A publication is an act: who made which version the
//! head of which division, when, why and from which document. Publications are only added. [`Registry`] is one process's
//! view: [`Registry::head`] reads its memory alone; [`Registry::follow`] keeps that memory near the truth.
//!
//! Invariant: a version is named by the hash of its content; content that does not have its name is never used.
//! Invariant: deciding takes no network trip; Redis away, emptied or corrupted changes no decision.
//! Invariant: it knows no wire: a service that asks another one hands in a [`Remote`].

mod cache;
mod change;
mod copies;
mod error;
mod follow;
mod heads;
mod publication;
mod publish;
mod registry;
mod source;
mod store;

pub use change::{Change, ChangeError, Checked, SIZE_AT_MOST};
pub use error::{PublishError, RegistryError};
pub use follow::Health;
pub use publication::{Page, Publication};
pub use publish::{Prepared, Publish, Published, RollForward, Seed};
pub use registry::{Registry, Settings};
pub use source::{Answer, Remote, Source};

use ::store::migrations::{Set, Step};

/// The tables of versions and publications.
pub const MIGRATIONS: Set = Set {
    owner: "registry",
    steps: &[Step {
        name: "policies",
        sqlite: include_str!("migrations/policies.sqlite.sql"),
        postgres: include_str!("migrations/policies.postgres.sql"),
    }],
};

/// Whether a text is the address of a Redis: `redis://<host>:<port>`, with TLS `rediss://…`. Nobody is asked there.
#[must_use]
pub fn is_redis_address(text: &str) -> bool {
    text.split_once("://").is_some_and(|(scheme, _)| matches!(scheme, "redis" | "rediss"))
        && redis::Client::open(text).is_ok()
}
