//! The one envelope of errors.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What every failed call of the management API answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ErrorReply {
    /// What went wrong.
    pub error: ErrorBody,
}

/// What went wrong, for programs and for people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ErrorBody {
    /// What programs branch on.
    pub code: ErrorCode,
    /// What happened and what to do, for people.
    pub message: String,
    /// Which fields of the body or query are at fault.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<FieldError>,
    /// The call's id, as in the `x-request-id` header and the log.
    pub request_id: String,
}

/// A field that is at fault.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FieldError {
    /// The field's path, such as `budgets.day`.
    pub field: String,
    /// What is wrong with it, for programs that say so in words of their own. More may come: whoever does not know one
    /// says that the field is `invalid`, or shows the message.
    #[serde(default)]
    pub code: FieldCode,
    /// What is wrong with it.
    pub message: String,
}

/// What is wrong with a field.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum FieldCode {
    /// It is missing, or empty.
    Required,
    /// There is no such field.
    Unknown,
    /// It is of another type, such as a text where a number is asked for.
    WrongType,
    /// It is not of the form that it must have, or does not go with the rest.
    #[default]
    Invalid,
    /// It has too few characters.
    TooShort,
    /// It has too many characters or bytes.
    TooLong,
    /// It is too small, too large, too early or too late.
    OutOfRange,
    /// Another one has it.
    Taken,
    /// A password that everybody tries.
    TooCommon,
    /// A password with the address in it.
    LikeAddress,
    /// It has too many entries.
    TooMany,
    /// It names something twice.
    Repeated,
}

/// The stable codes of the management API. A code exists because a program branches on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ErrorCode {
    /// 400: the body, query or a field of them is wrong.
    InvalidRequest,
    /// 400: there is more to export than fits; the message names how much.
    ExportTooLarge,
    /// 401: no access token, or one that is malformed, expired or ended.
    InvalidToken,
    /// 402: the account holds less than should be taken.
    InsufficientBalance,
    /// 403: the role lacks the permission.
    Forbidden,
    /// 404: no such thing, or another owner's.
    NotFound,
    /// 404: no such route.
    UnknownUrl,
    /// 405: the route does not take this method.
    MethodNotAllowed,
    /// 409: a value that must be unique exists already.
    AlreadyExists,
    /// 409: the thing's state does not allow it, such as taking away the last owner.
    Conflict,
    /// 409: a call with the same idempotency key is still running.
    InProgress,
    /// 413: the body is too large.
    RequestTooLarge,
    /// 415: the body is not JSON.
    UnsupportedMediaType,
    /// 422: the idempotency key was used with another body.
    IdempotencyMismatch,
    /// 401: the name, password or code is wrong; which of them is not said.
    InvalidCredentials,
    /// 403: the caller has to prove again who it is, and send that with the call.
    ProofRequired,
    /// 403: the address has to be verified first.
    EmailUnverified,
    /// 403: the site takes nobody new this way.
    RegistrationClosed,
    /// 400: a mailed link, code or invitation is unknown, used or too old.
    InvalidLink,
    /// 421: the site is not known by this host name.
    MisdirectedRequest,
    /// 429: too many tries; `retry-after` says when to come again.
    TooManyAttempts,
    /// 500: a fault of the server; the log has the reason under the request's id.
    InternalError,
    /// 503: the database does not answer.
    Unavailable,
    /// 503: there is no owner yet.
    SetupRequired,
    /// 503: the server is stopping.
    ShuttingDown,
}

impl ErrorCode {
    /// Every code.
    pub const ALL: [ErrorCode; 25] = [
        ErrorCode::InvalidRequest,
        ErrorCode::ExportTooLarge,
        ErrorCode::InvalidToken,
        ErrorCode::InsufficientBalance,
        ErrorCode::Forbidden,
        ErrorCode::NotFound,
        ErrorCode::UnknownUrl,
        ErrorCode::MethodNotAllowed,
        ErrorCode::AlreadyExists,
        ErrorCode::Conflict,
        ErrorCode::InProgress,
        ErrorCode::RequestTooLarge,
        ErrorCode::UnsupportedMediaType,
        ErrorCode::IdempotencyMismatch,
        ErrorCode::InvalidCredentials,
        ErrorCode::ProofRequired,
        ErrorCode::EmailUnverified,
        ErrorCode::RegistrationClosed,
        ErrorCode::InvalidLink,
        ErrorCode::MisdirectedRequest,
        ErrorCode::TooManyAttempts,
        ErrorCode::InternalError,
        ErrorCode::Unavailable,
        ErrorCode::SetupRequired,
        ErrorCode::ShuttingDown,
    ];

    /// The HTTP status that goes with the code.
    pub const fn status(self) -> u16 {
        match self {
            ErrorCode::InvalidRequest | ErrorCode::ExportTooLarge | ErrorCode::InvalidLink => 400,
            ErrorCode::InvalidToken | ErrorCode::InvalidCredentials => 401,
            ErrorCode::InsufficientBalance => 402,
            ErrorCode::Forbidden
            | ErrorCode::ProofRequired
            | ErrorCode::EmailUnverified
            | ErrorCode::RegistrationClosed => 403,
            ErrorCode::NotFound | ErrorCode::UnknownUrl => 404,
            ErrorCode::MethodNotAllowed => 405,
            ErrorCode::AlreadyExists | ErrorCode::Conflict | ErrorCode::InProgress => 409,
            ErrorCode::RequestTooLarge => 413,
            ErrorCode::UnsupportedMediaType => 415,
            ErrorCode::MisdirectedRequest => 421,
            ErrorCode::IdempotencyMismatch => 422,
            ErrorCode::TooManyAttempts => 429,
            ErrorCode::InternalError => 500,
            ErrorCode::Unavailable | ErrorCode::SetupRequired | ErrorCode::ShuttingDown => 503,
        }
    }
}
