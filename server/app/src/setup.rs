//! Before the first owner exists, nothing but setting up is answered.

use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use tokio::time::Instant;
use waystation_api::error::ErrorCode;
use waystation_store::StoreError;

use crate::error::ApiError;
use crate::setup_token::{SetupToken, has_expired, load_setup_token};
use crate::state::App;

/// Wrong tokens, from whomever, before further ones are told to wait.
const WRONG_MAX: usize = 5;
const WRONG_WITHIN: Duration = Duration::from_secs(60);

/// Whether the site has an owner. Once it had one it always does: the last owner cannot go.
#[derive(Debug, Default)]
pub(crate) struct Setup {
    is_done: AtomicBool,
    /// When the last wrong tokens were shown.
    wrong: Mutex<Vec<Instant>>,
    /// Held by whoever makes the owner: of many who try at once, one hashes a password.
    pub(crate) turn: tokio::sync::Mutex<()>,
}

impl App {
    /// Whether the site has an owner; asks the database until it has.
    pub(crate) async fn has_owner(&self) -> Result<bool, StoreError> {
        if self.setup.is_done.load(Ordering::Relaxed) {
            return Ok(true);
        }
        let has_owner = self.store.has_owner().await?;
        self.setup.is_done.fetch_or(has_owner, Ordering::Relaxed);
        Ok(has_owner)
    }

    /// Refuses every token but the one that lies in the data folder and is not too old.
    pub(crate) async fn check_setup_token(&self, shown: &str) -> Result<(), ApiError> {
        let kept = load_setup_token(&self.config.data_dir).await.map_err(ApiError::internal)?;
        self.setup.judge(kept.as_ref(), shown, Instant::now())
    }
}

impl Setup {
    /// A wrong token changes nothing but how many more may be shown soon. The right one is never told to wait: of 256
    /// random bits nobody guesses any, and whoever shows wrong ones must not keep the owner out.
    fn judge(&self, kept: Option<&SetupToken>, shown: &str, now: Instant) -> Result<(), ApiError> {
        let is_right = kept.is_some_and(|kept| kept.is(shown));
        match kept {
            Some(kept) if is_right && !has_expired(kept) => return Ok(()),
            Some(_) if is_right => return Err(expired_token()),
            _ => {}
        }
        let mut wrong = self.wrong.lock().unwrap_or_else(PoisonError::into_inner);
        wrong.retain(|shown_at| now.duration_since(*shown_at) < WRONG_WITHIN);
        if let (Some(first), true) = (wrong.first(), wrong.len() >= WRONG_MAX) {
            let wait = WRONG_WITHIN.saturating_sub(now.duration_since(*first));
            return Err(ApiError::new(
                ErrorCode::TooManyAttempts,
                "Too many wrong setup tokens. Wait a minute.",
            )
            .retry_after(wait.as_secs() + 1));
        }
        wrong.push(now);
        let message = "This is not the setup token. The command waystation setup-token prints it.";
        Err(ApiError::new(ErrorCode::InvalidCredentials, message))
    }
}

/// Refuses calls of the management API while there is no owner.
pub(crate) async fn require_owner(State(app): State<App>, request: Request, next: Next) -> Response {
    match app.has_owner().await {
        Ok(true) => next.run(request).await,
        Ok(false) => setup_required().into_response(),
        Err(error) => ApiError::from(error).into_response(),
    }
}

/// What programs are told before there is an owner.
pub(crate) fn setup_required() -> ApiError {
    ApiError::new(
        ErrorCode::SetupRequired,
        "This site has no owner yet. Open /setup, or run: waystation admin create-user --email … --role owner",
    )
}

fn expired_token() -> ApiError {
    let message =
        "The setup token is older than an hour. The command waystation setup-token makes a new one.";
    ApiError::new(ErrorCode::InvalidCredentials, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(judged: Result<(), ApiError>) -> Option<ErrorCode> {
        judged.err().map(|error| error.code())
    }

    #[tokio::test(start_paused = true)]
    async fn wrong_tokens_are_counted_and_the_right_one_is_taken_whenever_it_comes() {
        let (setup, token) = (Setup::default(), SetupToken::new().unwrap());
        let wrong = "0".repeat(64);
        for _ in 0..WRONG_MAX {
            assert_eq!(
                code(setup.judge(Some(&token), &wrong, Instant::now())),
                Some(ErrorCode::InvalidCredentials)
            );
        }
        let sixth = setup.judge(Some(&token), &wrong, Instant::now());
        assert_eq!(code(sixth), Some(ErrorCode::TooManyAttempts));
        assert_eq!(code(setup.judge(Some(&token), token.reveal(), Instant::now())), None);
        tokio::time::advance(WRONG_WITHIN).await;
        let later = setup.judge(Some(&token), "", Instant::now());
        assert_eq!(code(later), Some(ErrorCode::InvalidCredentials));
        let none = setup.judge(None, "", Instant::now());
        assert_eq!(code(none), Some(ErrorCode::InvalidCredentials));
    }
}
