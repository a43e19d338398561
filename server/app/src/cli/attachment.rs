//! `serve --attached`: the server as the child of a program, such as the desktop app, that starts it and ends with it.

use std::io::{self, Read};
use std::net::SocketAddr;

use serde::Serialize;
use tokio_util::sync::CancellationToken;

use crate::cli::{CommandError, Output};
use crate::error::StartError;
use crate::hex::write_hex;
use crate::random::random_bytes;
use crate::state::App;

/// What the parent is told, as one line of JSON, as soon as the server listens.
#[derive(Serialize)]
struct Announcement<'a> {
    /// Where it listens.
    url: String,
    /// `/healthz` shows it too: so the parent knows its own server from one that took the port over.
    nonce: &'a str,
    version: &'static str,
    process: u32,
    /// Whether the site has no owner yet.
    needs_setup: bool,
}

/// Tells the parent where its server is, and how to know it again.
pub(super) fn announce(
    app: &App,
    address: SocketAddr,
    needs_setup: bool,
    output: &mut Output,
) -> Result<(), CommandError> {
    let drawn =
        write_hex(&random_bytes::<16>().map_err(|error| StartError::System(io::Error::other(error)))?);
    let nonce = app.launch_nonce.get_or_init(|| drawn);
    let announcement = Announcement {
        url: format!("http://{address}"),
        nonce,
        version: env!("CARGO_PKG_VERSION"),
        process: std::process::id(),
        needs_setup,
    };
    Ok(output.json(&announcement)?)
}

/// Cancels the token when standard input ends, as it does when the parent ends, however it ends. It works on every
/// system, and unlike a death signal of Linux it does not depend on which thread of the parent began the child.
pub(super) fn hear_parent_end(ended: CancellationToken) -> io::Result<()> {
    // Not a task: a read that waits for the parent would keep the runtime from ending.
    std::thread::Builder::new().name("parent".to_owned()).spawn(move || {
        read_to_end_of(io::stdin());
        ended.cancel();
    })?;
    Ok(())
}

/// What the parent writes means nothing yet.
fn read_to_end_of(mut input: impl Read) {
    let mut bytes = [0; 512];
    loop {
        match input.read(&mut bytes) {
            Ok(0) => return,
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(_) => return,
        }
    }
}
