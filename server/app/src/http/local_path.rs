//! Where a browser may be sent on to: another page of this site.

use std::fmt;
use std::str::FromStr;

use reqwest::Url;

const LENGTH_MAX: usize = 512;

/// A path of this site with its query, such as `/console/users?q=ann`. Nothing that some browser could take for the
/// address of another site.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LocalPath(String);

impl LocalPath {
    /// The path as text.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for LocalPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Reads where somebody wants to be sent on to; none if it might lead elsewhere.
pub(crate) fn local_path(text: &str) -> Option<LocalPath> {
    let is_short = text.len() <= LENGTH_MAX;
    (is_short && is_local(text) && is_local_to_browsers(text)).then(|| LocalPath(text.to_owned()))
}

/// Looked at as it is written, and as it reads with its escapes undone: some program on the way may undo them.
fn is_local(text: &str) -> bool {
    let mut text = text.as_bytes().to_vec();
    loop {
        let path_end = text.iter().position(|byte| matches!(byte, b'?' | b'#')).unwrap_or(text.len());
        let path = &text[..path_end];
        let is_plain =
            text.iter().all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'\\' | b'"' | b'<' | b'>'));
        let has_dots = path.split(|byte| *byte == b'/').any(|part| matches!(part, b"." | b".."));
        if !is_plain || !path.starts_with(b"/") || path.windows(2).any(|pair| pair == b"//") || has_dots {
            return false;
        }
        match undo_escapes(&text[..path_end]) {
            Some(undone) => text = undone,
            None => return true,
        }
    }
}

/// A path with its escapes undone once; none where it has none.
fn undo_escapes(path: &[u8]) -> Option<Vec<u8>> {
    let escape_at = |place: usize| {
        let digits = path.get(place + 1..place + 3).filter(|_| path[place] == b'%')?;
        u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
    };
    let (mut undone, mut place, mut changed) = (Vec::with_capacity(path.len()), 0, false);
    while place < path.len() {
        match escape_at(place) {
            Some(byte) => {
                undone.push(byte);
                place += 3;
                changed = true;
            }
            None => {
                undone.push(path[place]);
                place += 1;
            }
        }
    }
    changed.then_some(undone)
}

/// As browsers read addresses (URL Standard, section 4.4).
fn is_local_to_browsers(text: &str) -> bool {
    let Ok(base) = Url::from_str("https://waystation.invalid/a/b") else { return false };
    base.join(text).is_ok_and(|led_to| led_to.origin() == base.origin() && led_to.username().is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_of_this_site_is_taken_as_it_is() {
        for text in ["/", "/app", "/console/users?q=ann&role=user", "/app#keys"] {
            assert_eq!(local_path(text).as_ref().map(LocalPath::as_str), Some(text));
        }
        // What stands behind the question mark leads nowhere.
        assert!(local_path("/app?next=https://evil.example//x").is_some());
    }

    #[test]
    fn what_could_lead_elsewhere_is_refused() {
        for text in [
            "",
            "app",
            "//evil.example",
            "///evil.example",
            "/\\evil.example",
            "\\\\evil.example",
            "\\/evil.example",
            "/\t/evil.example",
            "/%09/evil.example",
            "/%2f/evil.example",
            "/%2Fevil.example",
            "/%5cevil.example",
            "/%255cevil.example",
            "/%25%35%63evil.example",
            "/%0d%0aset-cookie:a=b",
            "/\r\nset-cookie: a=b",
            "/\u{0}",
            "/%00",
            "/..//evil.example",
            "/.//evil.example",
            "/%2e%2e//evil.example",
            "/%2e%2e/%2fevil.example",
            "/a/../../evil",
            "javascript:alert(1)",
            "JavaScript:alert(1)",
            "data:text/html,x",
            "https://evil.example",
            "https:evil.example",
            "http:/evil.example",
            "ht\ntps://evil.example",
            " /app",
            "/app ",
            "/é",
            "/a//b",
            "@evil.example",
            ":80",
            "?next",
            "#x",
            &format!("/{}", "a".repeat(LENGTH_MAX)),
        ] {
            assert_eq!(local_path(text), None, "{text:?}");
        }
    }
}
