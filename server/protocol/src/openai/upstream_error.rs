//! What an upstream says went wrong, made fit for an administrator's eyes.

use crate::json::{JsonError, JsonKind, JsonReader};

/// Longest message kept, in characters.
pub const MESSAGE_CHARS_MAX: usize = 300;

/// An upstream's own account of a failure. It is meant for the administrator's view; clients are given a
/// text of ours.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UpstreamError {
    /// The message, shortened and without anything that looks like a secret, an address or a host.
    pub message: Option<String>,
    /// The code, if it is a short word or a number.
    pub code: Option<String>,
    /// The type, if it is a short word.
    pub kind: Option<String>,
}

/// Reads an error body. Vendors differ: the message is looked for at `error.message`, `error` itself,
/// `message`, `msg`, `base_resp.status_msg` and `detail`, in this order. A body that is not JSON gives an
/// empty account, because it is often a proxy's HTML page.
pub fn read_upstream_error(body: &[u8]) -> UpstreamError {
    let mut found = Candidates::default();
    let mut reader = JsonReader::new(body);
    // A body that breaks off still tells what it told before.
    let _: Result<_, JsonError> = match reader.peek() {
        Ok(JsonKind::Object) => read_object(&mut reader, Place::Top, &mut found),
        Ok(JsonKind::Array) => reader
            .read_array(|reader, index| {
                if index == 0 && reader.peek()? == JsonKind::Object {
                    read_object(reader, Place::Top, &mut found)
                } else {
                    reader.ignore_value()
                }
            })
            .map(drop),
        _ => Ok(()),
    };
    let message = found.messages.into_iter().flatten().next();
    UpstreamError {
        message: message.map(|text| redact(&text)).filter(|text| !text.is_empty()),
        code: found.code.filter(|word| is_short_word(word)),
        kind: found.kind.filter(|word| is_short_word(word)),
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Top,
    Error,
    BaseResponse,
}

/// Messages by preference, best first.
#[derive(Default)]
struct Candidates {
    messages: [Option<String>; 6],
    code: Option<String>,
    kind: Option<String>,
}

fn read_object(reader: &mut JsonReader<'_>, place: Place, found: &mut Candidates) -> Result<(), JsonError> {
    reader.read_object(|reader, key| {
        let name = key.name();
        let kind = reader.peek()?;
        let message_rank = match (place, name.as_ref()) {
            (Place::Error, "message") => Some(0),
            (Place::Top, "error") | (Place::Error, "msg") => Some(1),
            (Place::Top, "message") => Some(2),
            (Place::Top, "msg") => Some(3),
            (Place::BaseResponse, "status_msg") => Some(4),
            (Place::Top, "detail") => Some(5),
            _ => None,
        };
        match (kind, place, name.as_ref()) {
            (JsonKind::Object, Place::Top, "error") => return read_object(reader, Place::Error, found),
            (JsonKind::Object, Place::Top, "base_resp") => {
                return read_object(reader, Place::BaseResponse, found);
            }
            (JsonKind::String, _, "code" | "status_code") => {
                found.code = reader.read_string()?.decode().map(String::from)
            }
            (JsonKind::Number, _, "code" | "status_code") => {
                let digits = String::from_utf8_lossy(reader.read_number()?).into_owned();
                found.code = found.code.take().or(Some(digits));
            }
            (JsonKind::String, _, "type") => found.kind = reader.read_string()?.decode().map(String::from),
            (JsonKind::String, ..) if message_rank.is_some() => {
                let text = reader.read_string()?.decode().map(String::from);
                if let Some(slot) = message_rank.and_then(|rank| found.messages.get_mut(rank)) {
                    *slot = text.filter(|text| !text.trim().is_empty());
                }
            }
            _ => reader.ignore_value()?,
        }
        Ok(())
    })?;
    Ok(())
}

fn is_short_word(word: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
    (1..=64).contains(&word.len()) && word.bytes().all(plain) && !looks_private(word)
}

/// Replaces every word that looks like a secret, an address or a host, and shortens the text.
pub fn redact(message: &str) -> String {
    let mut shown = String::new();
    let is_gap = |letter: char| letter.is_whitespace() || letter.is_control();
    // Splitting only the head bounds the work on a hostile message. A word that the cut goes through is left out:
    // half a secret does not look like one.
    let head = match message.char_indices().nth(MESSAGE_CHARS_MAX * 8) {
        Some((end, _)) => {
            let head = message.get(..end).unwrap_or_default();
            head.rfind(is_gap).and_then(|gap| head.get(..gap)).unwrap_or_default()
        }
        None => message,
    };
    let mut after_bearer = false;
    for word in head.split(is_gap).filter(|word| !word.is_empty()) {
        if !shown.is_empty() {
            shown.push(' ');
        }
        let bare = word.trim_matches(|edge: char| !edge.is_alphanumeric() && edge != '/');
        if after_bearer || looks_private(bare) {
            shown.push_str("[redacted]");
        } else {
            shown.push_str(word);
        }
        // The word may stand at the end of a piece of JSON without spaces.
        after_bearer = bare.to_ascii_lowercase().ends_with("bearer");
    }
    match shown.char_indices().nth(MESSAGE_CHARS_MAX) {
        Some((end, _)) => format!("{}…", shown.get(..end).unwrap_or_default()),
        None => shown,
    }
}

fn looks_private(word: &str) -> bool {
    let lower = word.to_ascii_lowercase();
    let is_secret_prefix =
        ["sk-", "sk_", "pk-", "rk-", "key-", "aiza", "eyj", "org-", "gsk_", "xai-", "ghp_"]
            .iter()
            .any(|prefix| lower.starts_with(prefix));
    let parts = || lower.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '-');
    lower.contains("://")
        || lower.contains('@')
        || is_secret_prefix
        || lower.contains("sk-")
        || is_dense_text(&lower)
        // Masked keys such as `abc1****wxyz` still show their ends.
        || lower.contains("**")
        || looks_like_ipv6(&lower)
        || has_host(&lower)
        || parts().any(|part| part == "localhost")
}

/// A long run of letters and digits together: keys and tokens, but not `claude-opus-4-5-20251101`.
fn is_dense_text(lower: &str) -> bool {
    lower.split(|letter: char| !letter.is_ascii_alphanumeric()).any(|run| {
        let digits = run.bytes().filter(u8::is_ascii_digit).count();
        run.len() >= 16 && digits > 0 && digits < run.len() || run.len() >= 40
    })
}

fn looks_like_ipv6(lower: &str) -> bool {
    lower.split(['[', ']', '/', ',']).any(|part| {
        let colons = part.matches(':').count();
        // A time of day has two colons as well, but digits only.
        let is_no_time =
            part.contains("::") || colons >= 5 || part.bytes().any(|byte| byte.is_ascii_alphabetic());
        colons >= 2
            && is_no_time
            && part.bytes().all(|byte| byte.is_ascii_hexdigit() || matches!(byte, b':' | b'.'))
    })
}

/// `name.name` with letters in the last label, or four numbers; a path, a port or brackets may surround it.
fn has_host(lower: &str) -> bool {
    lower.split(|letter: char| !letter.is_alphanumeric() && letter != '.' && letter != '-').any(|part| {
        let labels: Vec<&str> = part.trim_matches('.').split('.').collect();
        let is_address = labels.len() == 4 && labels.iter().all(|label| label.parse::<u8>().is_ok());
        let is_name = labels.len() >= 2
            && labels.iter().all(|label| !label.is_empty())
            && labels.last().is_some_and(|last| last.len() >= 2 && last.chars().all(char::is_alphabetic));
        is_address || is_name
    })
}
