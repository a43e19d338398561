//! Where a request comes from, as sign-ins and the audit log tell of it.

use std::net::IpAddr;

use axum::extract::FromRequestParts;
use axum::http::header;
use axum::http::request::Parts;
use waystation_ids::RequestId;

use crate::error::ApiError;
use crate::http::client_address::ClientAddress;
use crate::http::request_id::CurrentRequest;

const USER_AGENT_LENGTH_MAX: usize = 255;

/// Where a request comes from.
#[derive(Clone, Debug)]
pub(crate) struct Visitor {
    /// The caller's address, seen through the proxies that are trusted.
    pub(crate) client_ip: IpAddr,
    /// What the caller says it is, at most 255 characters.
    pub(crate) user_agent: String,
    /// The request.
    pub(crate) request: RequestId,
}

impl<S: Sync> FromRequestParts<S> for Visitor {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let Ok(ClientAddress(client_ip)) = ClientAddress::from_request_parts(parts, state).await;
        let CurrentRequest(request) = CurrentRequest::from_request_parts(parts, state).await?;
        let agent = parts.headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok());
        let user_agent = agent.unwrap_or_default().chars().take(USER_AGENT_LENGTH_MAX).collect();
        Ok(Visitor { client_ip, user_agent, request })
    }
}
