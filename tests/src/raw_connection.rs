//! HTTP/1.1 byte by byte, for requests that no client would send.

use std::io;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// A connection on which anything can be written.
#[derive(Debug)]
pub struct RawConnection {
    stream: TcpStream,
    received: Vec<u8>,
}

/// An answer, as far as it came.
#[derive(Clone, Debug)]
pub struct RawAnswer {
    /// The HTTP status.
    pub status: u16,
    /// Status line and headers.
    pub head: String,
    /// The body as it came, in chunks if it was sent so.
    pub body: Vec<u8>,
}

impl RawConnection {
    /// Connects to `host:port`.
    pub async fn connect(address: &str) -> io::Result<RawConnection> {
        Ok(RawConnection { stream: TcpStream::connect(address).await?, received: Vec::new() })
    }

    /// Writes bytes as they are.
    pub async fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes).await
    }

    /// Reads an answer: to its end as its headers tell it, to the end of the connection, or until nothing came for so
    /// long. Nothing when not even a head came.
    pub async fn read_answer(&mut self, patience: Duration) -> Option<RawAnswer> {
        let mut buffer = [0; 16 * 1024];
        while !self.is_whole() {
            match tokio::time::timeout(patience, self.stream.read(&mut buffer)).await {
                Ok(Ok(count @ 1..)) => self.received.extend_from_slice(&buffer[..count]),
                _ => break,
            }
        }
        let head_end = self.head_end()?;
        let received = std::mem::take(&mut self.received);
        let head = String::from_utf8_lossy(&received[..head_end]).into_owned();
        let status = head.split(' ').nth(1)?.parse().ok()?;
        Some(RawAnswer { status, head, body: received[head_end..].to_vec() })
    }

    /// Waits until the other side has hung up, for at most so long; says whether it has.
    pub async fn is_closed_within(&mut self, patience: Duration) -> bool {
        let mut buffer = [0; 1024];
        let read_to_end = async { while let Ok(1..) = self.stream.read(&mut buffer).await {} };
        tokio::time::timeout(patience, read_to_end).await.is_ok()
    }

    fn head_end(&self) -> Option<usize> {
        self.received.windows(4).position(|four| four == b"\r\n\r\n").map(|at| at + 4)
    }

    fn is_whole(&self) -> bool {
        let Some(end) = self.head_end() else {
            return false;
        };
        let head = String::from_utf8_lossy(&self.received[..end]).to_ascii_lowercase();
        let length = head.split("\r\ncontent-length:").nth(1).and_then(|rest| rest.lines().next());
        match length.and_then(|length| length.trim().parse::<usize>().ok()) {
            Some(length) => self.received.len() >= end + length,
            None => head.contains("chunked") && self.received.ends_with(b"0\r\n\r\n"),
        }
    }
}

impl RawAnswer {
    /// One header, empty when absent.
    pub fn header(&self, name: &str) -> &str {
        self.head
            .lines()
            .filter_map(|line| line.split_once(':'))
            .find(|(found, _)| found.eq_ignore_ascii_case(name))
            .map_or("", |(_, value)| value.trim())
    }

    /// The body as text, without telling where it was cut into chunks.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}
