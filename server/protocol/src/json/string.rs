use std::borrow::Cow;

use super::reader::JsonError;
use crate::text_size::TextSize;

/// One JSON string as it stands in the body.
#[derive(Clone, Copy, Debug)]
pub(crate) struct JsonText<'a> {
    /// The string with its quotes.
    pub quoted: &'a [u8],
    /// Offset of the opening quote in the body.
    pub start: usize,
    /// Whether any escape sequence occurs.
    pub escaped: bool,
    /// Size of the decoded text.
    pub size: TextSize,
}

impl<'a> JsonText<'a> {
    /// The bytes between the quotes, escapes included.
    pub fn inner(&self) -> &'a [u8] {
        let end = self.quoted.len().saturating_sub(1);
        self.quoted.get(1..end).unwrap_or_default()
    }

    /// The decoded text, or nothing if it is not Unicode (invalid UTF-8, a lone surrogate).
    pub fn decode(&self) -> Option<Cow<'a, str>> {
        if self.escaped {
            serde_json::from_slice::<String>(self.quoted).ok().map(Cow::Owned)
        } else {
            std::str::from_utf8(self.inner()).ok().map(Cow::Borrowed)
        }
    }

    /// The decoded text for comparing with known names; text that is not Unicode equals none of them.
    pub fn name(&self) -> Cow<'a, str> {
        self.decode().unwrap_or(Cow::Borrowed("\u{FFFD}"))
    }
}

/// Reads the string whose opening quote is at `start`.
pub(super) fn read_string(bytes: &[u8], start: usize) -> Result<JsonText<'_>, JsonError> {
    let mut at = start + 1;
    let mut size = TextSize::ZERO;
    let mut escaped = false;
    loop {
        at = skip_plain(bytes, at, &mut size);
        match bytes.get(at) {
            Some(b'"') => {
                let quoted = bytes.get(start..=at).unwrap_or_default();
                return Ok(JsonText { quoted, start, escaped, size });
            }
            Some(b'\\') => {
                escaped = true;
                at = read_escape(bytes, at, &mut size)?;
            }
            _ => return Err(JsonError::Syntax { at }),
        }
    }
}

const LOW_BITS: u64 = 0x0101_0101_0101_0101;
const HIGH_BITS: u64 = 0x8080_8080_8080_8080;

/// Skips characters that stand for themselves, eight at a time, and counts them.
fn skip_plain(bytes: &[u8], mut at: usize, size: &mut TextSize) -> usize {
    let begin = at;
    let mut other: u64 = 0;
    while let Some(word) =
        bytes.get(at..at + 8).and_then(|eight| eight.try_into().ok()).map(u64::from_le_bytes)
    {
        let stops = stop_bits(word);
        if stops != 0 {
            // The lowest set bit is exact; borrows can only disturb bytes above it.
            let plain = stops.trailing_zeros() / 8;
            let before = (1u64 << (plain * 8)).wrapping_sub(1);
            other += u64::from((word & HIGH_BITS & before).count_ones());
            at += plain as usize;
            size.other += other;
            size.ascii += (at - begin) as u64 - other;
            return at;
        }
        other += u64::from((word & HIGH_BITS).count_ones());
        at += 8;
    }
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'"' | b'\\' | 0..=0x1f => break,
            0x80.. => other += 1,
            _ => {}
        }
        at += 1;
    }
    size.other += other;
    size.ascii += (at - begin) as u64 - other;
    at
}

/// The high bit of each byte that is a quote, a backslash or a control character.
fn stop_bits(word: u64) -> u64 {
    let zero_bytes = |mixed: u64| mixed.wrapping_sub(LOW_BITS) & !mixed & HIGH_BITS;
    let control = word.wrapping_sub(LOW_BITS.wrapping_mul(0x20)) & !word & HIGH_BITS;
    zero_bytes(word ^ LOW_BITS.wrapping_mul(u64::from(b'"')))
        | zero_bytes(word ^ LOW_BITS.wrapping_mul(u64::from(b'\\')))
        | control
}

/// Reads the escape whose backslash is at `at` and returns the offset after it.
fn read_escape(bytes: &[u8], at: usize, size: &mut TextSize) -> Result<usize, JsonError> {
    match bytes.get(at + 1) {
        Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => {
            size.ascii += 1;
            Ok(at + 2)
        }
        Some(b'u') => {
            let unit = hex_unit(bytes, at + 2).ok_or(JsonError::Syntax { at })?;
            let pair = (0xd800..0xdc00).contains(&unit)
                && bytes.get(at + 6..at + 8) == Some(b"\\u")
                && hex_unit(bytes, at + 8).is_some_and(|low| (0xdc00..0xe000).contains(&low));
            match unit {
                _ if pair => size.other += 4,
                0..0x80 => size.ascii += 1,
                0x80..0x800 => size.other += 2,
                // A lone surrogate is decoded to U+FFFD by some readers: three bytes.
                _ => size.other += 3,
            }
            Ok(if pair { at + 12 } else { at + 6 })
        }
        _ => Err(JsonError::Syntax { at }),
    }
}

fn hex_unit(bytes: &[u8], at: usize) -> Option<u32> {
    bytes
        .get(at..at + 4)?
        .iter()
        .try_fold(0, |unit, digit| Some(unit * 16 + char::from(*digit).to_digit(16)?))
}

#[cfg(test)]
mod tests {
    use super::read_string;
    use crate::text_size::TextSize;

    #[test]
    fn sizes_are_those_of_the_decoded_text() {
        for text in [
            "",
            "a",
            "0123456",
            "01234567",
            "012345678 and some more",
            "quote \" and \\ inside a longer text",
            "tab\tnewline\nnull\0del\u{7f}",
            "中文字符和🙂表情 mixed with ascii ünd ümläuts",
            "\u{80}\u{7ff}\u{800}\u{ffff}\u{10000}",
        ] {
            let plain = serde_json::to_string(text).unwrap();
            let ascii_only: String = text.encode_utf16().map(|unit| format!("\\u{unit:04x}")).collect();
            for quoted in [plain, format!("\"{ascii_only}\"")] {
                let read = read_string(quoted.as_bytes(), 0).unwrap();
                assert_eq!(read.quoted, quoted.as_bytes());
                assert_eq!(read.decode().unwrap(), text);
                assert_eq!(read.size, TextSize::of_bytes(text.as_bytes()), "{quoted}");
            }
        }
    }

    #[test]
    fn broken_strings_are_refused() {
        for broken in
            ["\"", "\"abc", "\"\\\"", "\"\\x\"", "\"\\u12\"", "\"\\u12g4\"", "\"a\nb\"", "\"01234567\u{1}\""]
        {
            assert!(read_string(broken.as_bytes(), 0).is_err(), "{broken:?}");
        }
    }

    #[test]
    fn a_lone_surrogate_is_measured_and_not_decoded() {
        let read = read_string(br#""a\ud800b""#, 0).unwrap();
        assert_eq!(read.size, TextSize { ascii: 2, other: 3 });
        assert!(read.decode().is_none());
    }
}
