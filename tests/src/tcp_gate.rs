//! A line between a server and what it depends on, which a test can cut or slow down.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// Passes TCP connections on to a target until it is cut.
#[derive(Debug)]
pub struct TcpGate {
    address: SocketAddr,
    open: watch::Sender<bool>,
    delay_ms: Arc<AtomicU64>,
}

impl TcpGate {
    /// Listens on a free loopback port and passes connections on to `target` (`host:port`).
    pub async fn start(target: String) -> TcpGate {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback has a free port");
        let address = listener.local_addr().expect("a bound listener has an address");
        let (open, watcher) = watch::channel(true);
        let delay_ms = Arc::new(AtomicU64::new(0));
        let delay = delay_ms.clone();
        tokio::spawn(async move {
            while let Ok((inside, _)) = listener.accept().await {
                tokio::spawn(pass_on(inside, target.clone(), watcher.clone(), delay.clone()));
            }
        });
        TcpGate { address, open, delay_ms }
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

    /// From now on every answer comes so many milliseconds late.
    pub fn slow_down(&self, milliseconds: u64) {
        self.delay_ms.store(milliseconds, Ordering::Relaxed);
    }
}

async fn pass_on(
    inside: TcpStream,
    target: String,
    mut open: watch::Receiver<bool>,
    delay_ms: Arc<AtomicU64>,
) {
    if !*open.borrow() {
        return;
    }
    let Ok(outside) = TcpStream::connect(&target).await else { return };
    let (from_inside, to_inside) = inside.into_split();
    let (from_outside, to_outside) = outside.into_split();
    let no_delay = Arc::new(AtomicU64::new(0));
    tokio::select! {
        () = async { tokio::join!(copy(from_inside, to_outside, no_delay), copy(from_outside, to_inside, delay_ms)); } => {}
        _ = open.wait_for(|open| !open) => {}
    }
}

async fn copy(mut from: impl AsyncRead + Unpin, mut to: impl AsyncWrite + Unpin, delay_ms: Arc<AtomicU64>) {
    let mut buffer = vec![0; 65_536];
    while let Ok(read @ 1..) = from.read(&mut buffer).await {
        let delay = delay_ms.load(Ordering::Relaxed);
        if delay > 0 {
            tokio::time::sleep(Duration::from_millis(delay)).await;
        }
        if to.write_all(&buffer[..read]).await.is_err() {
            break;
        }
    }
    let _ = to.shutdown().await;
}
