//! The address under which people reach the site.

use waystation_api::error::ErrorCode;

use crate::error::ApiError;
use crate::state::App;

/// The site's address without a slash at its end. Never what a request says of itself; where nothing is set, a site
/// that only this host can reach is at the address it listens on.
pub(crate) fn link_base(app: &App) -> Result<String, ApiError> {
    if let Some(url) = &app.config.public_url {
        return Ok(url.trim_end_matches('/').to_owned());
    }
    match app.listening_on.get() {
        Some(address) if address.ip().is_loopback() => Ok(format!("http://{address}")),
        _ => Err(ApiError::new(
            ErrorCode::Conflict,
            "This site does not know the address that people reach it under: set public_url.",
        )),
    }
}
