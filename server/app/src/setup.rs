//! Before the first owner exists, nothing but setting up is answered.

use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use waystation_api::error::ErrorCode;
use waystation_store::StoreError;
use zeroize::Zeroizing;

use crate::error::ApiError;
use crate::random::random_bytes;
use crate::sealing::write_private_file;
use crate::state::App;

const TOKEN_FILE: &str = "setup-token";

/// Whether the site has an owner. Once it had one it always does: the last owner cannot go.
#[derive(Debug, Default)]
pub(crate) struct Setup {
    is_done: AtomicBool,
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
}

/// Refuses calls of the management API while there is no owner.
pub(crate) async fn require_owner(State(app): State<App>, request: Request, next: Next) -> Response {
    match app.has_owner().await {
        Ok(true) => next.run(request).await,
        Ok(false) => setup_required().into_response(),
        Err(error) => ApiError::from(error).into_response(),
    }
}

/// Reads the token that the first owner is made with, or makes one that only this user can read.
pub(crate) fn load_or_create_setup_token(data_dir: &Path) -> io::Result<Zeroizing<String>> {
    let path = data_dir.join(TOKEN_FILE);
    let random: [u8; 24] = random_bytes().map_err(io::Error::other)?;
    let token: Zeroizing<String> = Zeroizing::new(random.iter().map(|byte| format!("{byte:02x}")).collect());
    match write_private_file(&path, token.as_bytes()) {
        Ok(()) => Ok(token),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            Ok(Zeroizing::new(std::fs::read_to_string(&path)?.trim().to_owned()))
        }
        Err(error) => Err(error),
    }
}

fn setup_required() -> ApiError {
    ApiError::new(
        ErrorCode::SetupRequired,
        "This site has no owner yet. Make one: waystation admin create-user --email … --role owner",
    )
}
