//! Where the site says it is. Links that are mailed or handed out begin with this, never with what a request names.

use std::net::{IpAddr, SocketAddr};

use waystation_api::error::ErrorCode;

use crate::error::ApiError;
use crate::state::App;

/// What links begin with: `public_url`, or where that is not set, this machine's own address if the server listens on
/// that alone.
pub(crate) fn link_base(app: &App) -> Result<String, ApiError> {
    if let Some(url) = &app.config.public_url {
        return Ok(url.trim_end_matches('/').to_owned());
    }
    local_base(app.listening.get().copied().unwrap_or(app.config.listen)).ok_or_else(|| {
        ApiError::new(ErrorCode::Conflict, "This needs the setting public_url: the site's address.")
    })
}

fn local_base(address: SocketAddr) -> Option<String> {
    if !address.ip().is_loopback() || address.port() == 0 {
        return None;
    }
    Some(match address.ip() {
        IpAddr::V4(_) => format!("http://127.0.0.1:{}", address.port()),
        IpAddr::V6(_) => format!("http://[::1]:{}", address.port()),
    })
}
