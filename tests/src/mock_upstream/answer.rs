//! Plays a script.

use std::future::pending;
use std::io;
use std::time::Duration;

use bytes::Bytes;
use hyper::Response;
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::time::sleep;

use super::behaviour::{Behaviour, Hang};
use super::body::{BodySender, ScriptedBody};

/// Answers one call as the script says. `asked` is the call's body.
pub(super) async fn play(
    behaviour: Behaviour,
    asked: Value,
    gate: watch::Receiver<bool>,
) -> Response<ScriptedBody> {
    sleep(Duration::from_millis(behaviour.head_delay_ms)).await;
    if behaviour.hang == Some(Hang::BeforeHead) {
        pending::<()>().await;
    }
    let is_raw = behaviour.raw_body.is_some() || behaviour.raw_bytes.is_some();
    let streamed = asked["stream"] == json!(true) && !is_raw;
    if behaviour.gated && !streamed {
        pass_gate(gate.clone()).await;
    }
    let mut response = Response::builder().status(behaviour.status);
    let kind = if streamed { "text/event-stream" } else { "application/json" };
    if !behaviour.headers.iter().any(|(name, _)| name == "content-type") {
        response = response.header("content-type", kind);
    }
    for (name, value) in &behaviour.headers {
        response = response.header(name, value);
    }
    let (sender, body) = ScriptedBody::channel();
    tokio::spawn(async move {
        // The send fails when the client has gone, which ends the script.
        let _ = if streamed {
            send_stream(&behaviour, &asked, &sender, gate).await
        } else {
            send_plain(&behaviour, &asked, &sender).await
        };
    });
    response.body(body).expect("the scripted head is valid")
}

/// The client has gone.
struct Gone;

async fn send_plain(behaviour: &Behaviour, asked: &Value, sender: &BodySender) -> Result<(), Gone> {
    if behaviour.hang == Some(Hang::BeforeEnd) {
        sender.closed().await;
        return Err(Gone);
    }
    let raw = behaviour.raw_bytes.clone().or_else(|| behaviour.raw_body.clone().map(String::into_bytes));
    let body = raw.unwrap_or_else(|| plain_answer(behaviour, asked).to_string().into_bytes());
    if behaviour.cut_after.is_some() {
        send(sender, &body[..body.len() / 2]).await?;
        return cut(sender).await;
    }
    let size = if behaviour.chunk_bytes == 0 { body.len().max(1) } else { behaviour.chunk_bytes };
    for chunk in body.chunks(size) {
        send(sender, chunk).await?;
    }
    Ok(())
}

async fn send_stream(
    behaviour: &Behaviour,
    asked: &Value,
    sender: &BodySender,
    gate: watch::Receiver<bool>,
) -> Result<(), Gone> {
    let mut held = Vec::new();
    let mut push = async |event: String| {
        held.extend_from_slice(event.as_bytes());
        let size = if behaviour.chunk_bytes == 0 { held.len() } else { behaviour.chunk_bytes };
        while held.len() >= size && !held.is_empty() {
            let rest = held.split_off(size);
            send(sender, &held).await?;
            held = rest;
        }
        Ok::<_, Gone>(())
    };
    push(chunk(asked, json!({ "role": "assistant", "content": "" }), Value::Null)).await?;
    for (number, piece) in behaviour.pieces.iter().enumerate() {
        if behaviour.cut_after == Some(number) {
            return cut(sender).await;
        }
        sleep(Duration::from_millis(behaviour.piece_delay_ms)).await;
        push(chunk(asked, json!({ "content": piece }), Value::Null)).await?;
        if behaviour.gated && number == 0 {
            tokio::select! {
                () = pass_gate(gate.clone()) => {}
                () = sender.closed() => return Err(Gone),
            }
        }
    }
    if behaviour.cut_after.is_some() {
        return cut(sender).await;
    }
    if behaviour.hang == Some(Hang::BeforeEnd) {
        sender.closed().await;
        return Err(Gone);
    }
    if let Some(error) = &behaviour.error_event {
        push(format!("data: {error}\n\n")).await?;
    } else {
        push(chunk(asked, json!({}), json!("stop"))).await?;
        if asked["stream_options"]["include_usage"] == json!(true) && !behaviour.without_usage {
            let mut last = head(asked, "chat.completion.chunk");
            last["choices"] = json!([]);
            last["usage"] = usage(behaviour);
            push(format!("data: {last}\n\n")).await?;
        }
    }
    if !behaviour.without_done {
        push("data: [DONE]\n\n".to_owned()).await?;
    }
    // What is left of the last torn chunk.
    if !held.is_empty() {
        send(sender, &held).await?;
    }
    Ok(())
}

async fn send(sender: &BodySender, bytes: &[u8]) -> Result<(), Gone> {
    sender.send(Ok(Bytes::copy_from_slice(bytes))).await.map_err(|_| Gone)
}

async fn cut(sender: &BodySender) -> Result<(), Gone> {
    sender.send(Err(io::Error::from(io::ErrorKind::ConnectionReset))).await.map_err(|_| Gone)
}

async fn pass_gate(mut gate: watch::Receiver<bool>) {
    // The sender lives as long as the mock; without it nobody waits for the answer.
    let _ = gate.wait_for(|open| *open).await;
}

fn plain_answer(behaviour: &Behaviour, asked: &Value) -> Value {
    let mut answer = head(asked, "chat.completion");
    answer["choices"] = json!([{
        "index": 0,
        "message": { "role": "assistant", "content": behaviour.pieces.concat() },
        "finish_reason": "stop",
    }]);
    if !behaviour.without_usage {
        answer["usage"] = usage(behaviour);
    }
    answer
}

fn chunk(asked: &Value, delta: Value, finish_reason: Value) -> String {
    let mut event = head(asked, "chat.completion.chunk");
    event["choices"] = json!([{ "index": 0, "delta": delta, "finish_reason": finish_reason }]);
    format!("data: {event}\n\n")
}

fn head(asked: &Value, object: &str) -> Value {
    json!({
        "id": "chatcmpl-mock",
        "object": object,
        "created": 1_700_000_000,
        "model": asked["model"],
        // A field nobody knows, which a relay has to leave alone.
        "mock_extension": { "kept": true },
    })
}

fn usage(behaviour: &Behaviour) -> Value {
    behaviour.usage.clone().unwrap_or_else(|| {
        let written = behaviour.pieces.len();
        json!({ "prompt_tokens": 12, "completion_tokens": written, "total_tokens": 12 + written })
    })
}
