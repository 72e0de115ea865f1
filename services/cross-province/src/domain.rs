//! What the service keeps and knows: bills, filings, peers.

mod bill;
mod filing;
mod peers;

pub(crate) use bill::{CareRow, InsuredRow, Role, Shown};
pub(crate) use filing::{Act, Channel, Evidence, Filed, Span, Stay, Version, counts};
pub use peers::{Peer, Peers, PeersError};
