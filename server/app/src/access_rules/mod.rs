//! Who may do what, asked of every route that the API's own description names. A route that is added is in these
//! tables at once.

mod audited_writes;
mod audits;
mod corpora;
mod credentials;
mod fields;
mod hierarchy;
mod insight;
mod operations;
mod origins;
mod paths;
mod proofs;
mod reads;
mod second_factor;
mod site;
mod stored_text;
mod walls;
