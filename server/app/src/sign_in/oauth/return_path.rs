//! Where a browser goes when it is back: a path of this site, and nothing that could be read as more.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize};
use url::Url;

use crate::error::ApiError;

const LENGTH_MAX: usize = 1_024;

/// A path of this site, with its query and fragment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct ReturnPath(String);

/// The text is no path of this site.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ReturnPathError;

impl ReturnPath {
    /// The path as text.
    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for ReturnPath {
    fn default() -> Self {
        ReturnPath("/".to_owned())
    }
}

impl FromStr for ReturnPath {
    type Err = ReturnPathError;

    fn from_str(text: &str) -> Result<Self, ReturnPathError> {
        // Browsers drop tabs and line ends, and read a backslash as a slash.
        let is_plain = text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
        let path = text.split(['?', '#']).next().unwrap_or_default().to_ascii_lowercase();
        // What comes after one more round of decoding, by whatever stands in front, must be no more either.
        let hidden = ["//", "/.", "%2f", "%5c", "%2e", "%25", "%0", "%1", "%7f"];
        let is_local = is_plain
            && text.len() <= LENGTH_MAX
            && path.starts_with('/')
            && !hidden.iter().any(|part| path.contains(part))
            && stays_here(text);
        if is_local { Ok(ReturnPath(text.to_owned())) } else { Err(ReturnPathError) }
    }
}

/// Asks the same as a browser: where the link leads from a page of this site.
fn stays_here(text: &str) -> bool {
    let Ok(here) = Url::parse("https://here.invalid/sign-in") else { return false };
    here.join(text).is_ok_and(|there| there.origin() == here.origin())
}

impl<'de> Deserialize<'de> for ReturnPath {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(|_| serde::de::Error::custom(ReturnPathError))
    }
}

impl fmt::Display for ReturnPathError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("must be a path of this site such as /app/keys")
    }
}

impl From<ReturnPathError> for ApiError {
    fn from(error: ReturnPathError) -> Self {
        ApiError::field("return_path", error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_of_this_site_is_taken() {
        for text in ["/", "/app/keys", "/app?tab=1&x=%2F%2F", "/console/users#usr_1", "/a:b@c"] {
            assert_eq!(text.parse::<ReturnPath>().map(|path| path.0), Ok(text.to_owned()), "{text}");
        }
    }

    #[test]
    fn what_leads_elsewhere_in_any_spelling_is_refused() {
        let long = format!("/{}", "a".repeat(LENGTH_MAX));
        for text in [
            "",
            "app",
            "//evil.example",
            "///evil.example",
            "/\\evil.example",
            "\\\\evil.example",
            "\\/evil.example",
            "/\t/evil.example",
            "/\n/evil.example",
            "\t//evil.example",
            " /app",
            "/%09/evil.example",
            "/%2f/evil.example",
            "/%2F%2Fevil.example",
            "/%5cevil.example",
            "/%5C%5Cevil.example",
            "/%252f/evil.example",
            "/.//evil.example",
            "/..//evil.example",
            "/a/..//evil.example",
            "/app//evil.example",
            "https://evil.example",
            "http:evil.example",
            "javascript:alert(1)",
            "JaVaScRiPt:alert(1)",
            "data:text/html,x",
            "/\u{3000}/evil.example",
            "/é",
            "/a\r\nset-cookie: a=b",
            "/%0d%0aset-cookie:a=b",
            &long,
        ] {
            assert_eq!(text.parse::<ReturnPath>(), Err(ReturnPathError), "{text:?}");
        }
    }
}
