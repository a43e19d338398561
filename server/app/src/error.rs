//! What went wrong, for callers and for the operator.

use std::error::Error;
use std::io;
use std::path::PathBuf;

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use thiserror::Error;
use tracing::{error, warn};
use waystation_api::error::{ErrorBody, ErrorCode, ErrorReply, FieldCode, FieldError};
use waystation_relay::RelayError;
use waystation_store::StoreError;

use crate::config::ConfigError;
use crate::http::request_id::current_request_id;
use crate::sealing::{MasterKeyError, SealingError};

/// A refused or failed call of the management API. What the caller reads and what the log says are separate: the
/// source is logged once, when the answer is made, and never sent.
#[derive(Debug)]
pub(crate) struct ApiError {
    code: ErrorCode,
    message: String,
    fields: Vec<FieldError>,
    retry_after_seconds: Option<u64>,
    source: Option<Box<dyn Error + Send + Sync>>,
}

impl ApiError {
    /// An error with this code and a text for people.
    pub(crate) fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        ApiError {
            code,
            message: message.into(),
            fields: Vec::new(),
            retry_after_seconds: None,
            source: None,
        }
    }

    /// A field of the body or query is wrong.
    pub(crate) fn field(field: impl Into<String>, code: FieldCode, message: impl Into<String>) -> Self {
        let field = FieldError { field: field.into(), code, message: message.into() };
        ApiError {
            code: ErrorCode::InvalidRequest,
            message: format!("{}: {}", field.field, field.message),
            fields: vec![field],
            retry_after_seconds: None,
            source: None,
        }
    }

    /// There is no such thing, or it is another owner's.
    pub(crate) fn not_found(what: &str) -> Self {
        ApiError::new(ErrorCode::NotFound, format!("There is no such {what}."))
    }

    /// The role lacks the permission.
    pub(crate) fn forbidden(message: impl Into<String>) -> Self {
        ApiError::new(ErrorCode::Forbidden, message)
    }

    /// A fault of the server; the caller learns only the request's id.
    pub(crate) fn internal(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        ApiError {
            source: Some(source.into()),
            ..ApiError::new(ErrorCode::InternalError, "The server failed to do this. Its log says why.")
        }
    }

    /// What the database, or another thing the server needs, did not answer in time.
    pub(crate) fn unavailable(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        ApiError {
            source: Some(source.into()),
            ..ApiError::new(ErrorCode::Unavailable, "The database does not answer. Try again soon.")
        }
    }

    /// The same with what the log says of it.
    pub(crate) fn because(self, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        ApiError { source: Some(source.into()), ..self }
    }

    /// Says when to come again.
    pub(crate) fn retry_after(self, seconds: u64) -> Self {
        ApiError { retry_after_seconds: Some(seconds), ..self }
    }

    /// The code programs branch on.
    pub(crate) fn code(&self) -> ErrorCode {
        self.code
    }

    /// What people read.
    pub(crate) fn message(&self) -> &str {
        &self.message
    }

    /// The HTTP status of the answer.
    pub(crate) fn status(&self) -> StatusCode {
        StatusCode::from_u16(self.code.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    /// What the caller reads.
    pub(crate) fn reply(&self, request_id: String) -> ErrorReply {
        ErrorReply {
            error: ErrorBody {
                code: self.code,
                message: self.message.clone(),
                fields: self.fields.clone(),
                request_id,
            },
        }
    }

    /// All that is known, for the operator's terminal.
    pub(crate) fn operator_text(&self) -> String {
        match &self.source {
            Some(source) => format!("{} ({})", self.message, error_chain(source.as_ref())),
            None => self.message.clone(),
        }
    }

    /// Logs the source. Once, where the answer is made.
    pub(crate) fn log(&self) {
        if let Some(source) = &self.source {
            let chain = error_chain(source.as_ref());
            if self.code == ErrorCode::InternalError {
                error!(code = ?self.code, error = chain, "a call failed");
            } else {
                warn!(code = ?self.code, error = chain, "a call failed");
            }
        }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        self.log();
        let body = serde_json::to_vec(&self.reply(current_request_id())).unwrap_or_default();
        let mut response = (self.status(), body).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        match self.code {
            ErrorCode::InvalidToken => {
                headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
            }
            ErrorCode::Unavailable => {
                headers.insert(header::RETRY_AFTER, HeaderValue::from_static("2"));
            }
            _ => {}
        }
        if let Some(seconds) = self.retry_after_seconds {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Unavailable(_) => ApiError::unavailable(error),
            StoreError::Taken(field) => {
                let message = "is taken already".to_owned();
                let field = FieldError { field: field.to_owned(), code: FieldCode::Taken, message };
                ApiError {
                    message: format!("{} is taken already.", field.field),
                    fields: vec![field],
                    ..ApiError::new(ErrorCode::AlreadyExists, "")
                }
            }
            StoreError::Missing(what) => ApiError::not_found(what),
            StoreError::TooMany(field) => ApiError::field(field, FieldCode::TooMany, "would hold too many"),
            other => ApiError::internal(other),
        }
    }
}

impl From<SealingError> for ApiError {
    fn from(error: SealingError) -> Self {
        ApiError::internal(error)
    }
}

impl From<getrandom::Error> for ApiError {
    fn from(error: getrandom::Error) -> Self {
        ApiError::internal(error)
    }
}

/// Why the server, or a command, could not start.
#[derive(Debug, Error)]
pub(crate) enum StartError {
    /// The settings cannot be used.
    #[error("the configuration cannot be used")]
    Config(#[from] ConfigError),
    /// The data folder cannot be made.
    #[error("the data folder {} cannot be made", path.display())]
    DataDir {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Another server uses the data folder.
    #[error("another server uses the data folder {}", .0.display())]
    DataDirInUse(PathBuf),
    /// There is no master key.
    #[error("there is no master key")]
    MasterKey(#[from] MasterKeyError),
    /// The database could not be opened.
    #[error("the database could not be opened")]
    Database(#[source] StoreError),
    /// The database was sealed with another master key.
    #[error("the database belongs to another master key")]
    WrongMasterKey,
    /// The address of Redis is none.
    #[error("redis.url is not an address of Redis")]
    Redis(#[source] redis::RedisError),
    /// The settlements of an earlier run cannot be read.
    #[error("unsettled.log in the data folder cannot be read")]
    UnsettledLog(#[source] io::Error),
    /// The certificates that identity providers are known by cannot be read.
    #[error("the host's certificates cannot be used")]
    Oauth(#[source] io::Error),
    /// The relay cannot be made.
    #[error("the relay cannot be made")]
    Relay(#[source] RelayError),
    /// The demo cannot be made or run here; the text says why.
    #[error("{0}")]
    Demo(String),
    /// The mail server's address is none.
    #[error("mail.smtp_url is not an address of a mail server")]
    Mail(#[source] lettre::transport::smtp::Error),
    /// A password could not be hashed.
    #[error("the password cannot be hashed")]
    Password,
    /// A secret could not be sealed.
    #[error("the site's secrets could not be sealed")]
    Sealing(#[from] SealingError),
    /// The operating system gave no random bytes.
    #[error("there are no random bytes")]
    Random(#[from] getrandom::Error),
    /// The address cannot be listened on.
    #[error("{address} cannot be listened on")]
    Listen {
        /// The address.
        address: std::net::SocketAddr,
        /// Why.
        source: io::Error,
    },
    /// The site's own address is none.
    #[error("public_url is {0:?}, which is no address such as https://ai.example.com")]
    PublicUrl(String),
    /// The setup token could not be written.
    #[error("the setup token cannot be kept in the data folder")]
    SetupToken(#[source] io::Error),
    /// Metrics would be open to everybody.
    #[error("metrics.listen is {0}, which others can reach: set metrics.token too")]
    OpenMetrics(std::net::SocketAddr),
    /// The runtime or a signal handler could not be made.
    #[error("the operating system refused what the server needs")]
    System(#[source] io::Error),
}

impl StartError {
    /// Whether something the command needs cannot be reached, rather than being wrong.
    pub(crate) fn is_unreachable(&self) -> bool {
        matches!(self, StartError::Database(StoreError::Unavailable(_)))
    }
}

/// An error and everything behind it, on one line.
pub(crate) fn error_chain(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(source) = next {
        text.push_str(": ");
        text.push_str(&source.to_string());
        next = source.source();
    }
    text
}
