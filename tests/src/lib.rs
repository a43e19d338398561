#![doc = include_str!("../README.md")]

mod authenticator;
mod browser;
mod chance;
mod database;
mod database_server;
mod faulty_host;
mod mail_server;
mod mock_provider;
mod mock_upstream;
mod money;
mod oidc_server;
mod patience;
mod raw_connection;
mod raw_upstream;
mod redis_server;
mod reply;
mod server;
mod tcp_gate;
mod world;

pub use authenticator::totp_code;
pub use browser::Browser;
pub use chance::Chance;
pub use database::{DatabaseKind, TestDatabase};
pub use database_server::DatabaseServer;
pub use faulty_host::{Disk, FaultyHost};
pub use mail_server::{MailServer, ReceivedMail};
pub use mock_provider::{MockProvider, ProviderAnswer, ProviderCall};
pub use mock_upstream::{Behaviour, Hang, MODEL_LIST, MockUpstream, SeenCall};
pub use money::nanos;
pub use oidc_server::OidcServer;
pub use patience::{eventually, rfc3339_in};
pub use raw_connection::{RawAnswer, RawConnection};
pub use raw_upstream::{
    RawUpstream, SelfSigned, Step, chunked, chunked_head, document, packed_head, stream_head,
};
pub use redis_server::RedisServer;
pub use reply::Reply;
pub use server::{Server, ServerOptions};
pub use tcp_gate::TcpGate;
pub use world::{Key, World, WorldOptions, price};
