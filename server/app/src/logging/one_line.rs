//! Keeping an event within its line.

/// Appends one event, written by the formatter with its line end, as exactly one line without control characters: line
/// ends would make a second, forged event of what a caller sent, and escape sequences would steer the terminal that
/// the log is read on. Both formats take `\u001b` for what it is.
pub(super) fn append_line(line: &mut Vec<u8>, event: &[u8]) {
    let event = event.strip_suffix(b"\n").unwrap_or(event);
    let mut rest = event;
    while let Some((place, control, length)) = find_control(rest) {
        line.extend_from_slice(rest.get(..place).unwrap_or_default());
        line.extend_from_slice(format!("\\u{control:04x}").as_bytes());
        rest = rest.get(place + length..).unwrap_or_default();
    }
    line.extend_from_slice(rest);
    line.push(b'\n');
}

/// The first control character: where it is, its number and how many bytes it takes. Those from U+0080 on steer
/// terminals, too; they and the line separators U+2028 and U+2029 are the only ones of more than a byte.
fn find_control(bytes: &[u8]) -> Option<(usize, u32, usize)> {
    // Bytes of other characters are passed over quickly; only these may begin one of those.
    let suspects = bytes.iter().enumerate().filter(|(_, byte)| matches!(byte, 0..0x20 | 0x7f | 0xc2 | 0xe2));
    for (place, byte) in suspects {
        match (byte, bytes.get(place + 1), bytes.get(place + 2)) {
            (0xc2, Some(next @ 0x80..0xa0), _) => return Some((place, u32::from(*next), 2)),
            (0xe2, Some(0x80), Some(last @ 0xa8..=0xa9)) => {
                return Some((place, 0x2028 + u32::from(last - 0xa8), 3));
            }
            (0xc2 | 0xe2, ..) => {}
            (control, ..) => return Some((place, u32::from(*control), 1)),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(event: &str) -> String {
        let mut line = Vec::new();
        append_line(&mut line, event.as_bytes());
        String::from_utf8(line).unwrap()
    }

    #[test]
    fn an_event_is_one_line_whatever_it_says() {
        assert_eq!(line("plain text, €, ¢, ‥ and 中文\n"), "plain text, €, ¢, ‥ and 中文\n");
        assert_eq!(line("a\r\n2026 ERROR forged\n"), "a\\u000d\\u000a2026 ERROR forged\n");
        assert_eq!(
            line("\u{1b}[2Jx\u{7f}\u{9b}1m\u{2028}\u{2029}\0"),
            "\\u001b[2Jx\\u007f\\u009b1m\\u2028\\u2029\\u0000\n"
        );
        assert_eq!(line("no end"), "no end\n");
        assert_eq!(line("two\n\n"), "two\\u000a\n");
    }
}
