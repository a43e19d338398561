//! The cookie that a browser's session is known by.
//!
//! Its prefix makes browsers keep it to this host and to secure connections: no other host, and no network, can set
//! one (RFC 6265bis, section 4.1.3.2).

use axum::http::{HeaderMap, HeaderValue, header};
use waystation_ids::SessionId;

use crate::drawn_secret::DrawnSecret;
use crate::error::ApiError;

/// Its name.
pub(crate) const COOKIE_NAME: &str = "__Host-waystation";
const ATTRIBUTES: &str = "Path=/; Secure; HttpOnly; SameSite=Lax";

/// What a browser sends.
#[derive(Clone)]
pub(super) struct SessionCookie {
    pub(super) session: SessionId,
    pub(super) secret: DrawnSecret,
}

/// Whether a request carries the cookie, whatever is in it.
pub(crate) fn carries_cookie(headers: &HeaderMap) -> bool {
    values(headers).next().is_some()
}

impl SessionCookie {
    /// The one cookie of a request. Two are none: which of them another program in front has checked is not known.
    pub(super) fn read(headers: &HeaderMap) -> Option<Self> {
        let mut values = values(headers);
        let (value, None) = (values.next()??, values.next()) else { return None };
        let (session, secret) = value.split_once('.')?;
        Some(SessionCookie { session: session.parse().ok()?, secret: DrawnSecret::read(secret)? })
    }
}

/// The header that gives a browser its session.
pub(crate) fn set_cookie(
    session: SessionId,
    secret: &DrawnSecret,
    lasts_seconds: u64,
) -> Result<HeaderValue, ApiError> {
    let text = format!("{COOKIE_NAME}={session}.{}; Max-Age={lasts_seconds}; {ATTRIBUTES}", secret.reveal());
    let mut value = HeaderValue::try_from(text).map_err(ApiError::internal)?;
    value.set_sensitive(true);
    Ok(value)
}

/// The header that takes it away.
pub(crate) fn clear_cookie() -> Result<HeaderValue, ApiError> {
    HeaderValue::try_from(format!("{COOKIE_NAME}=; Max-Age=0; {ATTRIBUTES}")).map_err(ApiError::internal)
}

/// The values of all cookies of that name; none for one that is not text. Other cookies may be anything.
fn values(headers: &HeaderMap) -> impl Iterator<Item = Option<&str>> {
    let lines = headers.get_all(header::COOKIE).iter();
    lines.flat_map(|line| line.as_bytes().split(|byte| *byte == b';')).filter_map(|pair| {
        let value = pair.trim_ascii().strip_prefix(COOKIE_NAME.as_bytes())?.strip_prefix(b"=")?;
        Some(std::str::from_utf8(value).ok())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(lines: &[&str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(header::COOKIE, HeaderValue::from_bytes(line.as_bytes()).unwrap());
        }
        headers
    }

    #[test]
    fn a_cookie_is_read_back_among_others() {
        let (session, secret) = (SessionId::new(1, [1; 10]), DrawnSecret::draw().unwrap());
        let set = set_cookie(session, &secret, 60).unwrap();
        let set = set.to_str().unwrap();
        for attribute in ["Path=/", "Secure", "HttpOnly", "SameSite=Lax", "Max-Age=60"] {
            assert!(set.split("; ").any(|part| part == attribute), "{set}");
        }
        assert!(set.starts_with("__Host-") && !set.contains("Domain"));
        let pair = set.split(';').next().unwrap();
        let read = SessionCookie::read(&headers(&[&format!("a=b; {pair};c=d")])).unwrap();
        assert_eq!((read.session, read.secret.hash()), (session, secret.hash()));
        assert!(SessionCookie::read(&headers(&["a=b", pair, "\u{e9}=1"])).is_some());
    }

    #[test]
    fn a_cookie_that_comes_twice_or_in_pieces_is_none() {
        let (session, secret) = (SessionId::new(1, [1; 10]), DrawnSecret::draw().unwrap());
        let pair = format!("{COOKIE_NAME}={session}.{}", secret.reveal());
        for lines in [
            vec![format!("{pair}; {pair}")],
            vec![pair.clone(), pair.clone()],
            vec![pair.clone(), format!("{COOKIE_NAME}=\u{e9}")],
            vec![format!("{COOKIE_NAME}={session}")],
            vec![format!("{COOKIE_NAME}={session}.")],
            vec![format!("{COOKIE_NAME}=.{}", secret.reveal())],
            vec![format!("{pair}x")],
            vec![pair.to_uppercase()],
            vec![pair.replace("__Host-", "")],
            vec![String::new()],
        ] {
            let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
            assert!(SessionCookie::read(&headers(&lines)).is_none(), "{lines:?}");
        }
        assert!(carries_cookie(&headers(&[&format!("{COOKIE_NAME}=x")])));
        assert!(!carries_cookie(&headers(&["a=b"])));
    }
}
