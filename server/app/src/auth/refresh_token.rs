//! What a program's session is refreshed by.

use waystation_ids::SessionId;

use crate::drawn_secret::DrawnSecret;

/// An id's prefix, the underscore and 26 characters.
const SESSION_LENGTH: usize = SessionId::PREFIX.len() + 27;
const REFRESH_PREFIX: &str = "wsr_";

/// What is exchanged for new tokens, as text: `wsr_`, the session and its secret.
pub(crate) fn write_refresh_token(session: SessionId, secret: &DrawnSecret) -> String {
    format!("{REFRESH_PREFIX}{session}_{}", secret.reveal())
}

/// Reads a refresh token as a caller sent it.
pub(crate) fn read_refresh_token(text: &str) -> Option<(SessionId, DrawnSecret)> {
    let (session, rest) = text.strip_prefix(REFRESH_PREFIX)?.split_at_checked(SESSION_LENGTH)?;
    Some((session.parse().ok()?, DrawnSecret::read(rest.strip_prefix('_')?)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refresh_token_is_read_back() {
        let (session, secret) = (SessionId::new(1, [1; 10]), DrawnSecret::draw().unwrap());
        let text = write_refresh_token(session, &secret);
        let (read, read_secret) = read_refresh_token(&text).unwrap();
        assert_eq!((read, read_secret.hash()), (session, secret.hash()));
        assert!(read_secret.has_hash(&secret.hash()) && !read_secret.has_hash(&[0; 32]));
        for place in 0..text.len() {
            assert!(read_refresh_token(&text[..place]).is_none(), "{place}");
        }
        for text in ["", "wsr_", "wsr_é", &format!("{text}x"), &text.to_uppercase(), &format!(" {text}")] {
            assert!(read_refresh_token(text).is_none(), "{text}");
        }
    }
}
