//! An upstream that speaks by a script of bytes: exactly these, at exactly these moments.
//!
//! What [`crate::MockUpstream`] says in the OpenAI form, this one says byte for byte, heads included, over plain TCP or
//! TLS. The script is chosen by the model's name.

mod answers;
mod line;

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::Value;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::time::{Duration, sleep};
use tokio_rustls::TlsAcceptor;

pub use self::answers::{chunked, chunked_head, document, packed_head, stream_head};
use self::line::Line;
pub use self::line::SelfSigned;

/// One step of a script. When the steps are over, the connection is closed as it should be.
#[derive(Clone, Debug)]
pub enum Step {
    /// These bytes go out at once.
    Send(Vec<u8>),
    /// These bytes go out again and again, each time after so many milliseconds, until the client goes away.
    Repeat(Vec<u8>, u64),
    /// Nothing happens for so many milliseconds.
    Pause(u64),
    /// Nothing happens until the test lets one step more happen.
    Permit,
    /// Nothing happens any more, and the line stays open.
    Hang,
    /// The line breaks off with a reset.
    Reset,
    /// The next call on this connection is read, and answered by its model's script.
    NextCall,
}

/// A running upstream; it lives as long as the runtime it was started on.
#[derive(Clone, Debug)]
pub struct RawUpstream {
    address: SocketAddr,
    scheme: &'static str,
    state: Arc<State>,
}

#[derive(Debug)]
struct State {
    scripts: Mutex<HashMap<String, Vec<Step>>>,
    calls: Mutex<Vec<(String, Vec<u8>)>>,
    permits: Semaphore,
    connections: AtomicUsize,
    left: AtomicUsize,
}

impl RawUpstream {
    /// Listens on a free loopback port.
    pub async fn start() -> RawUpstream {
        RawUpstream::listen(None).await
    }

    /// The same over TLS, with a certificate that nobody vouches for.
    pub async fn start_tls(certificate: &SelfSigned) -> RawUpstream {
        RawUpstream::listen(Some(certificate.acceptor())).await
    }

    async fn listen(tls: Option<TlsAcceptor>) -> RawUpstream {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback has a free port");
        let address = listener.local_addr().expect("a bound listener has an address");
        let state = Arc::new(State {
            scripts: Mutex::default(),
            calls: Mutex::default(),
            permits: Semaphore::new(0),
            connections: AtomicUsize::new(0),
            left: AtomicUsize::new(0),
        });
        let scheme = if tls.is_some() { "https" } else { "http" };
        let accepting = Arc::clone(&state);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                accepting.connections.fetch_add(1, Ordering::Relaxed);
                // An event must not wait for the acknowledgement of the one before.
                stream.set_nodelay(true).expect("the option is known");
                let (state, tls) = (Arc::clone(&accepting), tls.clone());
                tokio::spawn(async move {
                    match tls {
                        None => state.answer(stream).await,
                        // A client that does not trust the certificate ends here.
                        Some(tls) => match tls.accept(stream).await {
                            Ok(stream) => state.answer(stream).await,
                            Err(_) => state.note_left(),
                        },
                    }
                });
            }
        });
        RawUpstream { address, scheme, state }
    }

    /// What a channel takes as its base address.
    pub fn base_url(&self) -> String {
        let host = if self.scheme == "https" { "localhost" } else { "127.0.0.1" };
        format!("{}://{host}:{}/v1", self.scheme, self.address.port())
    }

    /// From now on, calls of this model are answered so.
    pub fn script(&self, model: &str, script: Vec<Step>) {
        lock(&self.state.scripts).insert(model.to_owned(), script);
    }

    /// Lets so many steps that wait for a permit happen.
    pub fn permit(&self, steps: usize) {
        self.state.permits.add_permits(steps);
    }

    /// How many calls of this model have come in.
    pub fn call_count(&self, model: &str) -> usize {
        lock(&self.state.calls).iter().filter(|(name, _)| name == model).count()
    }

    /// How many calls have come in.
    pub fn total_calls(&self) -> usize {
        lock(&self.state.calls).len()
    }

    /// The body of the last call of this model.
    pub fn last_body(&self, model: &str) -> Option<Vec<u8>> {
        lock(&self.state.calls).iter().rev().find(|(name, _)| name == model).map(|(_, body)| body.clone())
    }

    /// How many connections there were.
    pub fn connections(&self) -> usize {
        self.state.connections.load(Ordering::Relaxed)
    }

    /// How many clients went away before their script was over.
    pub fn left(&self) -> usize {
        self.state.left.load(Ordering::Relaxed)
    }
}

impl State {
    async fn answer(&self, mut line: impl Line) {
        let Some(mut script) = self.take_call(&mut line).await else { return };
        let mut place = 0;
        while let Some(step) = script.get(place) {
            place += 1;
            let is_done = match step {
                Step::Send(bytes) => write(&mut line, bytes).await,
                Step::Repeat(bytes, every) => loop {
                    if !write(&mut line, bytes).await || !self.outlast(&mut line, pause(*every)).await {
                        break false;
                    }
                },
                Step::Pause(time) => self.outlast(&mut line, pause(*time)).await,
                Step::Permit => self.outlast(&mut line, self.take_permit()).await,
                Step::Hang => self.outlast(&mut line, std::future::pending()).await,
                Step::Reset => {
                    line.reset();
                    return;
                }
                // A client that closes an unused connection has not left anything.
                Step::NextCall => match self.take_call(&mut line).await {
                    None => return,
                    Some(next) => {
                        (script, place) = (next, 0);
                        true
                    }
                },
            };
            if !is_done {
                self.note_left();
                return;
            }
        }
        // Bytes that the client never reads must not turn the end into a reset.
        let _ = line.shutdown().await;
        line.gone().await;
    }

    async fn take_call(&self, line: &mut impl Line) -> Option<Vec<Step>> {
        let body = line::read_call(line).await?;
        let asked: Value = serde_json::from_slice(&body).unwrap_or_default();
        let model = asked["model"].as_str().unwrap_or_default().to_owned();
        let script = lock(&self.scripts).get(&model).cloned().unwrap_or_default();
        lock(&self.calls).push((model, body));
        Some(script)
    }

    async fn take_permit(&self) {
        self.permits.acquire().await.expect("the semaphore is never closed").forget();
    }

    /// Whether the client is still there when the wait is over.
    async fn outlast(&self, line: &mut impl Line, wait: impl Future<Output = ()>) -> bool {
        tokio::select! {
            () = wait => true,
            () = line.gone() => false,
        }
    }

    fn note_left(&self) {
        self.left.fetch_add(1, Ordering::Relaxed);
    }
}

async fn write(line: &mut impl Line, bytes: &[u8]) -> bool {
    line.write_all(bytes).await.is_ok() && line.flush().await.is_ok()
}

async fn pause(milliseconds: u64) {
    sleep(Duration::from_millis(milliseconds)).await;
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
