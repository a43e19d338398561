use serde::Deserialize;
use thiserror::Error;

use crate::connections::SiteAddress;

const LENGTH_MAX: usize = 4096;
const NONCE_LENGTH_MIN: usize = 32;

/// What the server says of itself in its first line.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Announcement {
    /// Where it listens.
    pub url: SiteAddress,
    /// By what it is known again.
    pub nonce: String,
    /// Its version.
    pub version: String,
    /// The number of its process.
    pub process: u32,
    /// Whether its site has no owner yet.
    pub needs_setup: bool,
}

/// A first line that is no announcement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("the server did not say where it listens")]
pub struct AnnouncementError;

impl Announcement {
    /// Reads the line that the process `process` has printed.
    pub fn read(line: &str, process: Option<u32>) -> Result<Self, AnnouncementError> {
        if line.len() > LENGTH_MAX {
            return Err(AnnouncementError);
        }
        let read: Announcement = serde_json::from_str(line).map_err(|_| AnnouncementError)?;
        let is_plain = read.nonce.bytes().all(|byte| byte.is_ascii_alphanumeric());
        let is_ours = process.is_none_or(|process| process == read.process);
        if is_plain && read.nonce.len() >= NONCE_LENGTH_MIN && read.url.is_loopback() && is_ours {
            Ok(read)
        } else {
            Err(AnnouncementError)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_announcement_names_a_place_on_this_machine() {
        let line = |url: &str, nonce: &str, process: u32| {
            serde_json::json!({
                "url": url, "nonce": nonce, "version": "0.1.0", "process": process, "needs_setup": true, "more": 1,
            })
            .to_string()
        };
        let nonce = "0".repeat(32);
        let read = Announcement::read(&line("http://127.0.0.1:40123", &nonce, 7), Some(7)).unwrap();
        assert_eq!((read.url.port(), read.needs_setup), (40123, true));
        for wrong in [
            line("http://10.0.0.1:8787", &nonce, 7),
            line("https://ai.example.com", &nonce, 7),
            line("http://127.0.0.1:1", "short", 7),
            line("http://127.0.0.1:1", &format!("{}\r\nx: y", "0".repeat(32)), 7),
            line("http://127.0.0.1:1", &nonce, 8),
            "listening on http://127.0.0.1:8787".to_owned(),
            String::new(),
            format!("{}{}", " ".repeat(5_000), line("http://127.0.0.1:1", &nonce, 7)),
        ] {
            assert_eq!(Announcement::read(&wrong, Some(7)), Err(AnnouncementError), "{wrong}");
        }
    }
}
