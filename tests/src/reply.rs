//! What a server answered.

use reqwest::header::HeaderMap;
use serde_json::Value;

/// A whole answer: status, headers and body.
#[derive(Clone, Debug)]
pub struct Reply {
    /// The HTTP status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body, as text.
    pub text: String,
}

impl Reply {
    /// Reads an answer to its end. A body that breaks off keeps what came before.
    pub async fn read(mut response: reqwest::Response) -> Reply {
        let status = response.status().as_u16();
        let headers = response.headers().clone();
        let mut body = Vec::new();
        while let Ok(Some(bytes)) = response.chunk().await {
            body.extend_from_slice(&bytes);
        }
        Reply { status, headers, text: String::from_utf8_lossy(&body).into_owned() }
    }

    /// The body as JSON; panics with the body when it is none.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text)
            .unwrap_or_else(|error| panic!("{error} in {} {:?}", self.status, self.text))
    }

    /// One header as text, empty when absent.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// The code of an error answer.
    pub fn code(&self) -> String {
        self.json()["error"]["code"].as_str().unwrap_or_default().to_owned()
    }

    /// The id the server gave the request.
    pub fn request_id(&self) -> String {
        self.header("x-request-id").to_owned()
    }

    /// The payloads of a stream's `data:` lines, `[DONE]` included.
    pub fn events(&self) -> Vec<String> {
        self.text
            .lines()
            .filter_map(|line| line.strip_prefix("data:"))
            .map(|data| data.trim().to_owned())
            .collect()
    }

    /// The answer's text put together from a stream's events.
    pub fn streamed_text(&self) -> String {
        let mut text = String::new();
        for event in self.events() {
            if let Ok(value) = serde_json::from_str::<Value>(&event) {
                text.push_str(value["choices"][0]["delta"]["content"].as_str().unwrap_or_default());
            }
        }
        text
    }

    /// Panics unless the status is this one; returns the reply for more questions.
    pub fn expect(self, status: u16) -> Reply {
        assert_eq!(self.status, status, "{}", self.text);
        self
    }

    /// Panics unless this is an error of the management API with this status and code; returns the reply.
    pub fn expect_code(self, status: u16, code: &str) -> Reply {
        assert_eq!((self.status, self.code().as_str()), (status, code), "{}", self.text);
        self
    }

    /// Panics unless this is an error in the OpenAI form with this status and code, and an id to ask about.
    pub fn expect_error(self, status: u16, code: &str) -> Reply {
        assert_eq!((self.status, self.code().as_str()), (status, code), "{}", self.text);
        let error = &self.json()["error"];
        assert!(error["message"].as_str().is_some_and(|message| !message.is_empty()), "{}", self.text);
        assert!(error["type"].is_string(), "{}", self.text);
        assert!(!self.request_id().is_empty(), "no x-request-id: {:?}", self.headers);
        self
    }
}
