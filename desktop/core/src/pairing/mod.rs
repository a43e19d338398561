//! Making this device known to a site, without a password: a link carries where the site is, a code that is good once,
//! and the fingerprint of the site's key.

mod exchange;
mod link;
mod waiting;

pub use exchange::{Approval, PairError, Paired, Proposal, Replaced, pair, propose};
pub use link::{Link, LinkError, OpenTarget, PairingCode, PairingLink, read_link};
pub use waiting::{Look, Waiting};
