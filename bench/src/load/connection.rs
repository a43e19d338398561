//! One kept-alive connection.

use std::io;
use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::message::{ChunkReader, Framing, Head, Malformed, read_head};

/// A connection that carries one call after another.
#[derive(Debug)]
pub(crate) struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

/// An answer that was read whole.
#[derive(Debug)]
pub(crate) struct Answer<'a> {
    /// Its status.
    pub status: u16,
    /// Its body without framing.
    pub body: std::borrow::Cow<'a, [u8]>,
}

impl Connection {
    /// Connects; small writes leave at once.
    pub async fn open(address: SocketAddr) -> io::Result<Connection> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Connection { stream, buffer: Vec::with_capacity(2048) })
    }

    /// Sends a prepared request and reads its answer to the end.
    pub async fn exchange(&mut self, request: &[u8]) -> io::Result<Answer<'_>> {
        let head = self.begin(request).await?;
        match head.body {
            Framing::Length(length) => {
                while self.buffer.len() < head.size + length {
                    self.fill().await?;
                }
                let body = self.buffer[head.size..head.size + length].into();
                Ok(Answer { status: head.status, body })
            }
            Framing::Chunked => {
                let (mut reader, mut body, mut from) = (ChunkReader::default(), Vec::new(), head.size);
                loop {
                    let ended = reader.read(&self.buffer[from..], |data| body.extend_from_slice(data));
                    if ended.map_err(malformed)? {
                        return Ok(Answer { status: head.status, body: body.into() });
                    }
                    from = self.buffer.len();
                    self.fill().await?;
                }
            }
        }
    }

    /// Sends a prepared request and reads the head of its answer; the rest comes from [`Connection::take_unread`]
    /// and [`Connection::read_more`].
    pub async fn begin(&mut self, request: &[u8]) -> io::Result<Head> {
        self.buffer.clear();
        self.stream.write_all(request).await?;
        loop {
            self.fill().await?;
            if let Some(head) = read_head(&self.buffer).map_err(malformed)? {
                return Ok(head);
            }
        }
    }

    /// What came behind the head.
    pub fn behind(&self, head: &Head) -> &[u8] {
        &self.buffer[head.size..]
    }

    /// Waits for more of a stream; what was read before is gone.
    pub async fn read_more(&mut self) -> io::Result<&[u8]> {
        self.buffer.clear();
        self.fill().await?;
        Ok(&self.buffer)
    }

    async fn fill(&mut self) -> io::Result<()> {
        match self.stream.read_buf(&mut self.buffer).await? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            _ => Ok(()),
        }
    }
}

pub(super) fn malformed(_: Malformed) -> io::Error {
    io::ErrorKind::InvalidData.into()
}
