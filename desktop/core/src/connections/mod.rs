//! The sites an operator works with. What is written of them holds no secret.

mod address;
mod book;
mod connection;
mod exchange;

pub use address::{AddressError, ProxyAddress, SiteAddress};
pub use book::{Book, BookError};
pub(crate) use connection::is_invisible;
pub use connection::{
    Colour, Connection, ConnectionId, ConnectionName, Draft, Environment, IdError, NameError, Place,
    WriteGuard,
};
pub use exchange::{Change, Exchange, ExchangeError, Preview, PreviewedConnection};
