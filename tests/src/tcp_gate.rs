//! A line between a server and what it depends on, which a test can cut.

use std::net::SocketAddr;

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// Passes TCP connections on to a target until it is cut.
#[derive(Debug)]
pub struct TcpGate {
    address: SocketAddr,
    open: watch::Sender<bool>,
}

impl TcpGate {
    /// Listens on a free loopback port and passes connections on to `target` (`host:port`).
    pub async fn start(target: String) -> TcpGate {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback has a free port");
        let address = listener.local_addr().expect("a bound listener has an address");
        let (open, watcher) = watch::channel(true);
        tokio::spawn(async move {
            while let Ok((inside, _)) = listener.accept().await {
                tokio::spawn(pass_on(inside, target.clone(), watcher.clone()));
            }
        });
        TcpGate { address, open }
    }

    /// `host:port` of this side.
    pub fn address(&self) -> String {
        self.address.to_string()
    }

    /// Closes every connection and every one made later.
    pub fn cut(&self) {
        self.open.send_replace(false);
    }

    /// Lets connections through again.
    pub fn mend(&self) {
        self.open.send_replace(true);
    }
}

async fn pass_on(mut inside: TcpStream, target: String, mut open: watch::Receiver<bool>) {
    if !*open.borrow() {
        return;
    }
    let Ok(mut outside) = TcpStream::connect(&target).await else { return };
    tokio::select! {
        _ = copy_bidirectional(&mut inside, &mut outside) => {}
        _ = open.wait_for(|open| !open) => {}
    }
}
