//! A scripted upstream on loopback: it says exactly these bytes at exactly these moments, over plain TCP.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;

/// One step of an answer.
#[derive(Clone, Debug)]
pub enum Step {
    /// Send these bytes.
    Send(Vec<u8>),
    /// Go on when the test adds a permit.
    Gate(Arc<Semaphore>),
    /// Wait for the next request on the same connection.
    NextRequest,
    /// Stay silent until the relay goes away.
    Hang,
    /// Break the connection off with a reset.
    Reset,
}

/// What an upstream saw.
#[derive(Clone, Debug)]
pub struct Seen {
    pub head: String,
    pub body: String,
}

/// A running upstream. Each connection carries one request; the n-th request gets the n-th script, and the last
/// script is used for all that follow.
pub struct Upstream {
    pub address: SocketAddr,
    seen: Arc<Mutex<Vec<Seen>>>,
    /// A permit for each connection that ended before its script did.
    pub cancelled: Arc<Semaphore>,
    /// How many connections there were.
    pub connections: Arc<AtomicUsize>,
    accepting: JoinHandle<()>,
}

impl Upstream {
    pub async fn start(scripts: Vec<Vec<Step>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let cancelled = Arc::new(Semaphore::new(0));
        let (log, gone) = (seen.clone(), cancelled.clone());
        let connections = Arc::new(AtomicUsize::new(0));
        let counter = connections.clone();
        let accepting = tokio::spawn(async move {
            let mut scripts = VecDeque::from(scripts);
            while let Ok((mut stream, _)) = listener.accept().await {
                counter.fetch_add(1, Ordering::Relaxed);
                let (log, gone) = (log.clone(), gone.clone());
                let script = if scripts.len() > 1 {
                    scripts.pop_front().unwrap()
                } else {
                    scripts.front().unwrap().clone()
                };
                tokio::spawn(async move {
                    let Some(request) = read_request(&mut stream).await else { return };
                    log.lock().unwrap().push(request);
                    if play(stream, script, &log).await.is_none() {
                        gone.add_permits(1);
                    }
                });
            }
        });
        Upstream { address, seen, cancelled, connections, accepting }
    }

    pub fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    pub fn url(&self) -> String {
        format!("http://{}/v1", self.address)
    }
}

impl Drop for Upstream {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn read_request(stream: &mut TcpStream) -> Option<Seen> {
    let mut bytes = Vec::new();
    let head_end = loop {
        if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            break end + 4;
        }
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    };
    let head = String::from_utf8(bytes[..head_end].to_vec()).unwrap();
    let length = head
        .lines()
        .find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ").map(str::to_owned))
        .map_or(0, |length| length.parse::<usize>().unwrap());
    while bytes.len() < head_end + length {
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    }
    Some(Seen { head, body: String::from_utf8(bytes[head_end..].to_vec()).unwrap() })
}

/// Nothing when the relay went away before the script was over.
async fn play(mut stream: TcpStream, script: Vec<Step>, log: &Mutex<Vec<Seen>>) -> Option<()> {
    let mut byte = [0];
    for step in script {
        match step {
            Step::Send(bytes) => stream.write_all(&bytes).await.ok()?,
            Step::Gate(gate) => tokio::select! {
                permit = gate.acquire() => permit.unwrap().forget(),
                _ = stream.read(&mut byte) => return None,
            },
            Step::NextRequest => {
                let request = read_request(&mut stream).await?;
                log.lock().unwrap().push(request);
            }
            Step::Hang => {
                drop(stream.read(&mut byte).await);
                return None;
            }
            Step::Reset => {
                stream.set_zero_linger().unwrap();
                return Some(());
            }
        }
    }
    stream.shutdown().await.ok();
    // Bytes the relay never reads must not turn the end into a reset.
    while matches!(stream.read(&mut byte).await, Ok(1..)) {}
    Some(())
}

/// A whole answer with a body.
pub fn document(status: &str, extra_headers: &str, body: &str) -> Vec<Step> {
    let head = format!(
        "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n{extra_headers}\r\n",
        body.len()
    );
    vec![Step::Send([head.as_bytes(), body.as_bytes()].concat())]
}

/// The head of a stream whose end is the end of the connection.
pub fn stream_head() -> Step {
    Step::Send(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n".to_vec())
}

/// A stream of these pieces, each sent on its own.
pub fn stream(pieces: &[&str]) -> Vec<Step> {
    let pieces = pieces.iter().map(|piece| Step::Send(piece.as_bytes().to_vec()));
    std::iter::once(stream_head()).chain(pieces).collect()
}

pub fn send(text: &str) -> Step {
    Step::Send(text.as_bytes().to_vec())
}

pub const ROLE: &str = "data: {\"model\":\"up\",\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"\"},\"finish_reason\":null}],\"usage\":null}\n\n";
pub const STOP: &str = "data: {\"model\":\"up\",\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}],\"usage\":null}\n\n";
pub const USAGE: &str = "data: {\"model\":\"up\",\"choices\":[],\"usage\":{\"prompt_tokens\":10,\"completion_tokens\":5,\"total_tokens\":15}}\n\n";
pub const DONE: &str = "data: [DONE]\n\n";

/// A chunk with this content.
pub fn word(text: &str) -> String {
    format!(
        "data: {{\"model\":\"up\",\"choices\":[{{\"index\":0,\"delta\":{{\"content\":\"{text}\"}},\"finish_reason\":null}}],\"usage\":null}}\n\n"
    )
}

/// A whole answer of ten tokens read and five written.
pub const ANSWER: &str = r#"{"id":"c1","object":"chat.completion","model":"up","choices":[{"index":0,"message":{"role":"assistant","content":"Hello there"},"finish_reason":"stop"}],"usage":{"prompt_tokens":10,"completion_tokens":5,"total_tokens":15}}"#;

/// A stream in chunked encoding, after which the connection can be used again.
pub fn chunked_stream(pieces: &[&str]) -> Vec<Step> {
    let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";
    let chunks = pieces.iter().map(|piece| send(&format!("{:x}\r\n{piece}\r\n", piece.len())));
    std::iter::once(send(head)).chain(chunks).chain([send("0\r\n\r\n")]).collect()
}
