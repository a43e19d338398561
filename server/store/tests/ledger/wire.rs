//! A line to a database server on which the n-th message is lost, and the connection with it.

use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// What is lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WireFault {
    /// The server never sees the message.
    CallLost,
    /// The server has answered it; the answer is cut off.
    AnswerLost,
}

#[derive(Debug, Default)]
pub struct WireFaults {
    state: Mutex<WireState>,
}

#[derive(Debug, Default)]
struct WireState {
    planned: Option<(u64, WireFault)>,
    messages: u64,
    has_struck: bool,
}

impl WireFaults {
    /// Listens before the server of this address; gives the address that leads through it.
    pub async fn before(url: &str) -> (Arc<WireFaults>, String) {
        let (start, database) = url.rsplit_once('/').unwrap();
        let (credentials, address) = start.split_once('@').unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("{credentials}@{}/{database}", listener.local_addr().unwrap());
        let (faults, address) = (Arc::new(WireFaults::default()), address.to_owned());
        let carrying = faults.clone();
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let server = TcpStream::connect(&address).await.unwrap();
                tokio::spawn(carry(client, server, carrying.clone()));
            }
        });
        (faults, url)
    }

    /// Counts messages anew; this one, the first being 1, meets the fault.
    pub fn plan(&self, message: u64, fault: WireFault) {
        *self.state.lock().unwrap() =
            WireState { planned: Some((message, fault)), messages: 0, has_struck: false };
    }

    pub fn clear(&self) {
        *self.state.lock().unwrap() = WireState::default();
    }

    pub fn has_struck(&self) -> bool {
        self.state.lock().unwrap().has_struck
    }

    /// Counts a message, and says what becomes of it.
    fn next(&self) -> Option<WireFault> {
        let mut state = self.state.lock().unwrap();
        let (message, fault) = state.planned?;
        state.messages += 1;
        let strikes = state.messages == message;
        state.has_struck |= strikes;
        strikes.then_some(fault)
    }
}

/// The protocols of both servers are questions and answers: what is read at once is one message.
async fn carry(mut client: TcpStream, mut server: TcpStream, faults: Arc<WireFaults>) {
    let (mut question, mut answer) = (vec![0; 1 << 20], vec![0; 1 << 20]);
    loop {
        tokio::select! {
            read = client.read(&mut question) => {
                let Ok(read @ 1..) = read else { return };
                let fault = faults.next();
                if fault == Some(WireFault::CallLost) || server.write_all(&question[..read]).await.is_err() {
                    return;
                }
                if fault == Some(WireFault::AnswerLost) {
                    // Once it answers, the server has done what it was asked.
                    let _ = server.read(&mut answer).await;
                    return;
                }
            }
            read = server.read(&mut answer) => {
                let Ok(read @ 1..) = read else { return };
                if client.write_all(&answer[..read]).await.is_err() {
                    return;
                }
            }
        }
    }
}
