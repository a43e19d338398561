//! Where a caller's key may stand in a request.

use http::HeaderMap;
use http::header::AUTHORIZATION;

/// The key of a request: `Authorization: Bearer`, `x-api-key` or `x-goog-api-key`, whichever is there first.
/// Every form of key is read here and nowhere else, so that none is checked less than another. The text is taken
/// as it is; a header that is not text, or an `Authorization` of another scheme, holds no key.
pub fn credential_of(headers: &HeaderMap) -> Option<String> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let bearer = headers
        .get(AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split_once(' '))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
        .map(|(_, key)| key);
    bearer.or_else(|| text("x-api-key")).or_else(|| text("x-goog-api-key")).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    #[test]
    fn a_key_is_read_from_each_of_its_headers() {
        for (name, value) in [
            ("authorization", "Bearer sk-1"),
            ("authorization", "bearer sk-1"),
            ("x-api-key", "sk-1"),
            ("x-goog-api-key", "sk-1"),
        ] {
            let headers = HeaderMap::from_iter([(name.parse().unwrap(), HeaderValue::from_static(value))]);
            assert_eq!(credential_of(&headers).as_deref(), Some("sk-1"), "{name}");
        }
    }

    #[test]
    fn a_key_is_not_trimmed_or_guessed() {
        for value in ["sk-1", "Basic sk-1", "Bearer"] {
            let headers = HeaderMap::from_iter([(AUTHORIZATION, HeaderValue::from_static(value))]);
            assert_eq!(credential_of(&headers), None, "{value}");
        }
        let headers = HeaderMap::from_iter([(AUTHORIZATION, HeaderValue::from_static("Bearer  sk-1"))]);
        assert_eq!(credential_of(&headers).as_deref(), Some(" sk-1"));
    }
}
