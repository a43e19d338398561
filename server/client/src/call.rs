//! One call: the request, and what its answer means.

use std::fmt;

use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderValue};
use reqwest::{Method, RequestBuilder, Response, StatusCode, Url};
use serde::Serialize;
use serde::de::DeserializeOwned;
use thiserror::Error;
use waystation_api::error::{ErrorBody, ErrorReply};

const BODY_BYTES_MAX: usize = 16 * 1024 * 1024;

/// Why a call gave no answer of its type.
#[derive(Debug, Error)]
pub enum ClientError {
    /// The base address or the access token cannot be sent.
    #[error("the address or the access token cannot be used")]
    Setup(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The server was not reached, or the answer broke off.
    #[error("the server cannot be reached")]
    Connection(#[source] reqwest::Error),
    /// The server refused or failed, and said so.
    #[error("{}", .0.message)]
    Refused(Box<ErrorBody>, StatusCode),
    /// The answer is not one that this client knows.
    #[error("the server's answer cannot be read")]
    Answer {
        /// The HTTP status of the answer.
        status: StatusCode,
        /// What is wrong with its body.
        source: serde_json::Error,
    },
}

impl ClientError {
    /// What the server said, if it said something.
    pub fn refusal(&self) -> Option<&ErrorBody> {
        match self {
            ClientError::Refused(body, _) => Some(body),
            _ => None,
        }
    }
}

/// A client of one site. Cheap to clone.
#[derive(Clone)]
pub struct Client {
    http: reqwest::Client,
    base: Url,
    /// Sent with every call.
    headers: HeaderMap,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Client({})", self.base)
    }
}

impl Client {
    /// A client of the site at `base`, such as `https://ai.example.com`, with an access token where calls need one.
    pub fn new(base: &str, access_token: Option<&str>) -> Result<Self, ClientError> {
        let http = reqwest::Client::builder()
            // A token must not follow a redirect to another host.
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .map_err(ClientError::Connection)?;
        Client::over(http, base, access_token)
    }

    /// The same over connections of the caller's making, such as ones that believe a single certificate. They must
    /// follow no redirects.
    pub fn over(http: reqwest::Client, base: &str, access_token: Option<&str>) -> Result<Self, ClientError> {
        let setup = |error: Box<dyn std::error::Error + Send + Sync>| ClientError::Setup(error);
        let base = Url::parse(base.trim_end_matches('/')).map_err(|error| setup(error.into()))?;
        let mut headers = HeaderMap::new();
        if let Some(token) = access_token {
            let mut value =
                HeaderValue::try_from(format!("Bearer {token}")).map_err(|error| setup(error.into()))?;
            value.set_sensitive(true);
            headers.insert(AUTHORIZATION, value);
        }
        Ok(Client { http, base, headers })
    }

    /// The same client with a secret header.
    pub(crate) fn with_header(&self, name: &'static str, value: &str) -> Result<Self, ClientError> {
        let mut value = HeaderValue::try_from(value).map_err(|error| ClientError::Setup(Box::new(error)))?;
        value.set_sensitive(true);
        let mut client = self.clone();
        client.headers.insert(name, value);
        Ok(client)
    }

    pub(crate) async fn get<A: DeserializeOwned>(&self, path: &[&str]) -> Result<A, ClientError> {
        self.send(self.request(Method::GET, path)).await
    }

    pub(crate) async fn find<A: DeserializeOwned>(
        &self,
        path: &[&str],
        query: &impl Serialize,
    ) -> Result<A, ClientError> {
        self.send(self.request(Method::GET, path).query(query)).await
    }

    /// Finds what is no JSON.
    pub(crate) async fn find_text(
        &self,
        path: &[&str],
        query: &impl Serialize,
    ) -> Result<String, ClientError> {
        let request = self.request(Method::GET, path).query(query);
        let response = accept(request.send().await.map_err(ClientError::Connection)?).await?;
        response.text().await.map_err(ClientError::Connection)
    }

    pub(crate) async fn post<A: DeserializeOwned>(
        &self,
        path: &[&str],
        body: &impl Serialize,
    ) -> Result<A, ClientError> {
        self.send(self.request(Method::POST, path).json(body)).await
    }

    pub(crate) async fn post_with(&self, path: &[&str], body: &impl Serialize) -> Result<(), ClientError> {
        let request = self.request(Method::POST, path).json(body);
        let response = request.send().await.map_err(ClientError::Connection)?;
        accept(response).await.map(drop)
    }

    /// Posts what moves money: repeated under the same key it moves once.
    pub(crate) async fn post_once<A: DeserializeOwned>(
        &self,
        path: &[&str],
        idempotency_key: &str,
        body: &impl Serialize,
    ) -> Result<A, ClientError> {
        self.send(self.request(Method::POST, path).header("idempotency-key", idempotency_key).json(body))
            .await
    }

    pub(crate) async fn patch<A: DeserializeOwned>(
        &self,
        path: &[&str],
        body: &impl Serialize,
    ) -> Result<A, ClientError> {
        self.send(self.request(Method::PATCH, path).json(body)).await
    }

    pub(crate) async fn delete<A: DeserializeOwned>(&self, path: &[&str]) -> Result<A, ClientError> {
        self.send(self.request(Method::DELETE, path)).await
    }

    pub(crate) async fn delete_silently(&self, path: &[&str]) -> Result<(), ClientError> {
        let response = self.request(Method::DELETE, path).send().await.map_err(ClientError::Connection)?;
        accept(response).await.map(drop)
    }

    pub(crate) async fn delete_with(&self, path: &[&str], query: &impl Serialize) -> Result<(), ClientError> {
        let request = self.request(Method::DELETE, path).query(query);
        accept(request.send().await.map_err(ClientError::Connection)?).await.map(drop)
    }

    pub(crate) async fn post_silently(&self, path: &[&str]) -> Result<(), ClientError> {
        let response = self.request(Method::POST, path).send().await.map_err(ClientError::Connection)?;
        accept(response).await.map(drop)
    }

    /// Each part of the path is one segment, whatever is in it.
    fn request(&self, method: Method, path: &[&str]) -> RequestBuilder {
        let mut url = self.base.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().push("api").extend(path);
        }
        self.http.request(method, url).headers(self.headers.clone())
    }

    async fn send<A: DeserializeOwned>(&self, request: RequestBuilder) -> Result<A, ClientError> {
        let response = accept(request.send().await.map_err(ClientError::Connection)?).await?;
        let status = response.status();
        let body = read_body(response).await?;
        serde_json::from_slice(&body).map_err(|source| ClientError::Answer { status, source })
    }
}

/// Reads an answer to its end, or up to what answers may have: whoever is at the address could send one without end.
async fn read_body(mut response: Response) -> Result<Vec<u8>, ClientError> {
    let status = response.status();
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(ClientError::Connection)? {
        if body.len() + chunk.len() > BODY_BYTES_MAX {
            let source = serde::de::Error::custom("the answer is too large");
            return Err(ClientError::Answer { status, source });
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// Makes every answer but a success an error.
async fn accept(response: Response) -> Result<Response, ClientError> {
    let status = response.status();
    if status.is_success() {
        return Ok(response);
    }
    let body = read_body(response).await?;
    match serde_json::from_slice::<ErrorReply>(&body) {
        Ok(reply) => Err(ClientError::Refused(Box::new(reply.error), status)),
        Err(source) => Err(ClientError::Answer { status, source }),
    }
}
