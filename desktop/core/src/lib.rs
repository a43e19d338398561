#![doc = include_str!("../README.md")]

pub mod calls;
pub mod charts;
pub mod connections;
pub mod diagnostics;
pub mod files;
pub mod local_server;
pub mod notifications;
pub mod pairing;
pub mod preferences;
pub mod redaction;
pub mod rounds;
pub mod secrets;
pub mod tray;
pub mod trust;
pub mod web_links;

pub use language::Language;

mod language;
