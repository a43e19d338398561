//! The upstream: answers at once, or streams as the request's text says. One thread, so that its share of the machine
//! is plain, and nothing computed for an answer that could be computed before.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Instant, sleep_until};

use crate::clock::now_ns;
use crate::message::{Framing, read_head};
use crate::traffic::{StreamPlan, stamped_chunk, stream_end, stream_head, whole_answer};

/// Answers connections for ever.
pub(crate) async fn serve_upstream(listener: TcpListener) -> io::Result<()> {
    let answer: Arc<[u8]> = whole_answer().into();
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                stream.set_nodelay(true)?;
                let answer = answer.clone();
                tokio::spawn(async move {
                    // Whoever hangs up is no news.
                    answer_connection(stream, &answer).await.ok();
                });
            }
            // Too many open files: wait for some to be closed.
            Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
        }
    }
}

async fn answer_connection(mut stream: TcpStream, answer: &[u8]) -> io::Result<()> {
    let mut buffer: Vec<u8> = Vec::with_capacity(4096);
    loop {
        let (body, end) = loop {
            let head = read_head(&buffer).map_err(|_| io::ErrorKind::InvalidData)?;
            match head.map(|head| (head.size, head.body)) {
                Some((size, Framing::Length(length))) if buffer.len() >= size + length => {
                    break (size, size + length);
                }
                Some((_, Framing::Chunked)) => return Err(io::ErrorKind::Unsupported.into()),
                _ => {}
            }
            if stream.read_buf(&mut buffer).await? == 0 {
                return Ok(());
            }
        };
        let plan = StreamPlan::read(&buffer[body..end]);
        buffer.drain(..end);
        match plan {
            None => stream.write_all(answer).await?,
            Some(plan) => send_stream(&mut stream, plan).await?,
        }
    }
}

async fn send_stream(stream: &mut TcpStream, plan: StreamPlan) -> io::Result<()> {
    stream.write_all(stream_head()).await?;
    // Any spread will do that is not the same for every stream.
    let mut spread = now_ns();
    let mut next = Instant::now();
    for _ in 0..plan.chunks {
        sleep_until(next).await;
        stream.write_all(&stamped_chunk(now_ns())).await?;
        let (from, to) = plan.every_ms;
        spread = spread.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        next += Duration::from_millis(from + (spread >> 33) % (to.saturating_sub(from) + 1));
    }
    stream.write_all(&stream_end(plan.chunks)).await
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::Connection;
    use crate::traffic::{ANSWER_BYTES, chat_request};

    #[tokio::test]
    async fn the_mock_answers_again_and_again_on_one_connection() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(serve_upstream(listener));
        let mut connection = Connection::open(address).await.unwrap();
        let streamed = chat_request("localhost", "secret", Some(StreamPlan::steady(3, 1)));
        let whole = chat_request("localhost", "secret", None);
        for _ in 0..3 {
            let answer = connection.exchange(&whole).await.unwrap();
            assert_eq!((answer.status, answer.body.len()), (200, ANSWER_BYTES));
            let answer = connection.exchange(&streamed).await.unwrap();
            assert_eq!(answer.status, 200);
            assert!(answer.body.ends_with(b"data: [DONE]\n\n"));
        }
    }
}
