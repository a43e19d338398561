//! Bytes as base64url without padding (RFC 4648, section 5).

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;

/// The bytes as text.
pub(crate) fn write_base64(bytes: &[u8]) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}

/// The bytes of a text; each has one text only.
pub(crate) fn read_base64(text: &str) -> Option<Vec<u8>> {
    BASE64_URL_SAFE_NO_PAD.decode(text).ok()
}
