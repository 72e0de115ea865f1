//! What the service keeps and knows: bills, peers.

mod bill;
mod peers;

pub(crate) use bill::{CareRow, InsuredRow, Role, Shown};
pub use peers::{Peer, Peers, PeersError};
