//! Links that begin with `waystation:`. Anybody can make one and have it opened, so all of it is doubted.

use std::fmt;

use percent::decode;
use serde::Serialize;
use thiserror::Error;
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::connections::SiteAddress;
use crate::trust::Fingerprint;

const LENGTH_MAX: usize = 2048;
const SCHEME: &str = "waystation://";
const CODE_LENGTHS: std::ops::RangeInclusive<usize> = 20..=128;
const REQUEST_ID_LENGTH_MAX: usize = 64;

/// What a link asks for.
#[derive(Clone, Debug)]
pub enum Link {
    /// To pair with a site. Somebody has to agree first.
    Pair(PairingLink),
    /// To show a page of the app.
    Open(OpenTarget),
}

/// An invitation to pair.
#[derive(Clone, Debug)]
pub struct PairingLink {
    /// Where the site is.
    pub address: SiteAddress,
    /// Good once, and for five minutes.
    pub code: PairingCode,
    /// The site's key, where it has one.
    pub fingerprint: Option<Fingerprint>,
}

/// A page of the app.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "page", rename_all = "snake_case")]
pub enum OpenTarget {
    /// The window, wherever it is.
    Window,
    /// The list of connections.
    Connections,
    /// A call, at the site that is worked with.
    Request {
        /// Its id.
        id: String,
    },
}

/// The code of an invitation. It cannot be printed by accident.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct PairingCode(String);

impl PairingCode {
    /// The code itself, for the site alone.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for PairingCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PairingCode(…)")
    }
}

/// Why a link is not followed. It says nothing of the link's text, which may hold a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum LinkError {
    /// It is no link of this app.
    #[error("it is no Waystation link")]
    Foreign,
    /// It is longer than links are.
    #[error("the link is too long")]
    TooLong,
    /// It asks for something that there is not.
    #[error("the link asks for something that this version does not know")]
    Unknown,
    /// A part is missing, is there twice or is too much.
    #[error("the link is not complete, or was changed")]
    Malformed,
    /// The site's address cannot be used.
    #[error("the link's address cannot be used")]
    Address,
    /// The fingerprint is none.
    #[error("the link's fingerprint cannot be used")]
    Fingerprint,
}

/// Reads a link as somebody pasted it or another program opened it.
pub fn read_link(text: &str) -> Result<Link, LinkError> {
    let text = text.trim_matches([' ', '\t', '\r', '\n']);
    if text.len() > LENGTH_MAX {
        return Err(LinkError::TooLong);
    }
    let rest = match text.split_at_checked(SCHEME.len()) {
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case(SCHEME) => rest,
        _ => return Err(LinkError::Foreign),
    };
    if !rest.bytes().all(|byte| byte.is_ascii_graphic()) || rest.contains(['\\', '#', '"', '<', '>', '`']) {
        return Err(LinkError::Malformed);
    }
    let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
    let mut parts = path.trim_end_matches('/').split('/');
    let action = parts.next().unwrap_or_default().to_ascii_lowercase();
    let parts: Vec<&str> = parts.collect();
    match (action.as_str(), parts.as_slice()) {
        ("pair", []) => read_pairing(query).map(Link::Pair),
        ("open", _) if !query.is_empty() => Err(LinkError::Malformed),
        ("open", []) => Ok(Link::Open(OpenTarget::Window)),
        ("open", ["connections"]) => Ok(Link::Open(OpenTarget::Connections)),
        ("open", ["requests", id]) => read_request(id).map(Link::Open),
        _ => Err(LinkError::Unknown),
    }
}

fn read_request(id: &str) -> Result<OpenTarget, LinkError> {
    let digits = id.strip_prefix("req_").ok_or(LinkError::Malformed)?;
    let is_plain = digits.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
    if is_plain && !digits.is_empty() && id.len() <= REQUEST_ID_LENGTH_MAX {
        Ok(OpenTarget::Request { id: id.to_owned() })
    } else {
        Err(LinkError::Malformed)
    }
}

fn read_pairing(query: &str) -> Result<PairingLink, LinkError> {
    let (mut address, mut code, mut fingerprint) = (None, None, None);
    for pair in query.split('&') {
        let (name, value) = pair.split_once('=').ok_or(LinkError::Malformed)?;
        let place = match name {
            "u" => &mut address,
            "c" => &mut code,
            "fp" => &mut fingerprint,
            // What this version does not know may change what the rest means.
            _ => return Err(LinkError::Malformed),
        };
        if place.replace(decode(value).ok_or(LinkError::Malformed)?).is_some() {
            return Err(LinkError::Malformed);
        }
    }
    let (Some(address), Some(code)) = (address, code) else { return Err(LinkError::Malformed) };
    let address: SiteAddress = address.parse().map_err(|_| LinkError::Address)?;
    let is_code = CODE_LENGTHS.contains(&code.len())
        && code.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
    if !is_code {
        return Err(LinkError::Malformed);
    }
    let fingerprint = match fingerprint.filter(|text| !text.is_empty()) {
        Some(_) if !address.is_https() => return Err(LinkError::Malformed),
        Some(text) => Some(text.parse().map_err(|_| LinkError::Fingerprint)?),
        None => None,
    };
    Ok(PairingLink { address, code: PairingCode(code), fingerprint })
}

mod percent {
    /// Undoes RFC 3986, section 2.1. None of what is no text, and of what would end a line.
    pub(super) fn decode(text: &str) -> Option<String> {
        let mut bytes = Vec::with_capacity(text.len());
        let mut rest = text.bytes();
        while let Some(byte) = rest.next() {
            match byte {
                b'%' => {
                    let digits = [rest.next()?, rest.next()?];
                    let digits = digits.map(|digit| char::from(digit).to_digit(16));
                    bytes.push(u8::try_from(digits[0]? * 16 + digits[1]?).ok()?);
                }
                // A plus is a plus here: nothing that is carried has a space.
                _ => bytes.push(byte),
            }
        }
        let text = String::from_utf8(bytes).ok()?;
        (!text.chars().any(|letter| letter.is_control() || letter.is_whitespace())).then_some(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CODE: &str = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMN-_0";

    fn pairing(text: &str) -> Result<PairingLink, LinkError> {
        match read_link(text)? {
            Link::Pair(pairing) => Ok(pairing),
            Link::Open(target) => panic!("{target:?}"),
        }
    }

    #[test]
    fn a_pairing_link_says_where_with_what_and_who() {
        let fingerprint = Fingerprint::of_key(b"key");
        let text =
            format!("waystation://pair?u=https%3A%2F%2Fai.example.com%3A8443%2Fa&c={CODE}&fp={fingerprint}");
        let read = pairing(&format!(" {text}\n")).unwrap();
        assert_eq!(read.address.as_str(), "https://ai.example.com:8443/a");
        assert_eq!((read.code.reveal(), read.fingerprint), (CODE, Some(fingerprint)));
        assert!(!format!("{read:?}").contains(CODE));
        let local =
            pairing(&format!("Waystation://pair/?u=http%3A%2F%2F127.0.0.1%3A8787&c={CODE}&fp=")).unwrap();
        assert_eq!((local.address.as_str(), local.fingerprint), ("http://127.0.0.1:8787", None));
    }

    #[test]
    fn a_hostile_pairing_link_is_refused() {
        let good = "u=https%3A%2F%2Fai.example.com";
        let code = format!("c={CODE}");
        for query in [
            String::new(),
            good.to_owned(),
            code.clone(),
            format!("{good}&{good}&{code}"),
            format!("{good}&{code}&{code}"),
            format!("{good}&{code}&fp=&fp="),
            format!("{good}&{code}&x=1"),
            format!("{good}&{code}&"),
            format!("{good}&c="),
            format!("{good}&c=short"),
            format!("{good}&c={}", "a".repeat(129)),
            format!("{good}&c={CODE}%20"),
            format!("{good}&c={CODE}%00"),
            format!("{good}&{code}&fp=x"),
            format!("{good}&{code}&fp={}", "g".repeat(64)),
            format!("u=http%3A%2F%2Fai.example.com&{code}"),
            format!("u=http%3A%2F%2F127.0.0.1&{code}&fp={}", "0".repeat(64)),
            format!("u=https%3A%2F%2Fai.example.com%40evil.example&{code}"),
            format!("u=https%3A%2F%2Fai.example.com%0A.evil.example&{code}"),
            format!("u=https%3A%2F%2Fai.example.com%3Fx&{code}"),
            format!("u=file%3A%2F%2F%2Fetc%2Fpasswd&{code}"),
            format!("u=javascript%3Aalert(1)&{code}"),
            format!("u=smb%3A%2F%2Fevil.example%2Fshare&{code}"),
            format!("u=%&{code}"),
            format!("u=%zz&{code}"),
            format!("u=%ff%fe&{code}"),
            format!("u&{code}"),
        ] {
            assert!(pairing(&format!("waystation://pair?{query}")).is_err(), "{query}");
        }
        for text in [
            format!("waystation:pair?{good}&{code}"),
            format!("waystation://pair/x?{good}&{code}"),
            format!("waystation://pair@evil.example?{good}&{code}"),
            format!("waystation://pair?{good}&{code}#x"),
            format!("waystation://pair?{good}&{code}\n--hidden"),
            format!("waystation://pair\\?{good}&{code}"),
            format!("https://pair?{good}&{code}"),
            format!("waystation://pair?{good}&{code}&fp={}", "0".repeat(3_000)),
        ] {
            assert!(read_link(&text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_link_opens_known_pages_only() {
        let open = |text: &str| match read_link(text) {
            Ok(Link::Open(target)) => Some(target),
            _ => None,
        };
        assert_eq!(open("waystation://open"), Some(OpenTarget::Window));
        assert_eq!(open("waystation://open/connections/"), Some(OpenTarget::Connections));
        let id = "req_06ft3r5yx1v2k4m7q9s0t2w6z0".to_owned();
        assert_eq!(open(&format!("waystation://open/requests/{id}")), Some(OpenTarget::Request { id }));
        for text in [
            "waystation://",
            "waystation:///etc/passwd",
            "waystation://open/file",
            "waystation://open/requests",
            "waystation://open/requests/req_",
            "waystation://open/requests/req_..%2f..",
            "waystation://open/requests/usr_1",
            "waystation://open/requests/req_1/x",
            "waystation://open?url=https://evil.example",
            "waystation://open/https://evil.example",
            "waystation://update",
            "waystation://quit",
            "",
            "waystation",
            "é",
        ] {
            assert!(read_link(text).is_err(), "{text}");
        }
    }

    #[test]
    fn nothing_makes_the_reader_of_links_fail() {
        // Every cut and every changed byte of a good link is read or refused.
        let good = format!("waystation://pair?u=https%3A%2F%2Fai.example.com&c={CODE}&fp={}", "0".repeat(64));
        for place in 0..good.len() {
            let _ = read_link(&good[..place]);
            for byte in [0, b' ', b'%', b'&', b'=', b'?', b'#', b'/', b':', b'@', 0x7f] {
                let mut bytes = good.clone().into_bytes();
                bytes[place] = byte;
                if let (Ok(text), Ok(Link::Pair(read))) =
                    (String::from_utf8(bytes.clone()), read_link(&String::from_utf8_lossy(&bytes)))
                {
                    assert!(read.address.is_https() || read.address.is_loopback(), "{text}");
                }
            }
        }
    }
}
