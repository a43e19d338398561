use std::ops::Range;

/// Replacements of byte ranges of one body; everything else is copied as it is.
#[derive(Debug, Default)]
pub(crate) struct Splice {
    edits: Vec<(Range<usize>, Vec<u8>)>,
}

impl Splice {
    pub fn replace(&mut self, span: Range<usize>, with: Vec<u8>) {
        self.edits.push((span, with));
    }

    pub fn insert(&mut self, at: usize, bytes: Vec<u8>) {
        self.edits.push((at..at, bytes));
    }

    pub fn is_empty(&self) -> bool {
        self.edits.is_empty()
    }

    /// The edited body. Insertions at one place keep the order in which they were added.
    pub fn apply(mut self, body: &[u8]) -> Vec<u8> {
        self.edits.sort_by_key(|(span, _)| span.start);
        let added: usize = self.edits.iter().map(|(_, with)| with.len()).sum();
        let mut edited = Vec::with_capacity(body.len() + added);
        let mut copied = 0;
        for (span, with) in &self.edits {
            edited.extend_from_slice(body.get(copied..span.start).unwrap_or_default());
            edited.extend_from_slice(with);
            copied = copied.max(span.end);
        }
        edited.extend_from_slice(body.get(copied..).unwrap_or_default());
        edited
    }
}

/// The range to delete so that the member `key_start..value_end` is gone with one of its commas.
pub(crate) fn member_removal(body: &[u8], key_start: usize, value_end: usize) -> Range<usize> {
    let is_space = |byte: &u8| matches!(byte, b' ' | b'\n' | b'\r' | b'\t');
    let before = body.get(..key_start).unwrap_or_default();
    if let Some(at) = before.iter().rposition(|byte| !is_space(byte))
        && before.get(at) == Some(&b',')
    {
        return at..value_end;
    }
    let after = body.get(value_end..).unwrap_or_default();
    match after.iter().position(|byte| !is_space(byte)) {
        Some(at) if after.get(at) == Some(&b',') => key_start..value_end + at + 1,
        _ => key_start..value_end,
    }
}

/// Appends `text` as a JSON string with its quotes.
pub(crate) fn write_json_string(text: &str, out: &mut Vec<u8>) {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    out.push(b'"');
    for byte in text.bytes() {
        match byte {
            b'"' => out.extend_from_slice(b"\\\""),
            b'\\' => out.extend_from_slice(b"\\\\"),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\t' => out.extend_from_slice(b"\\t"),
            0..=0x1f => {
                out.extend_from_slice(b"\\u00");
                out.extend(HEX.get(usize::from(byte >> 4)));
                out.extend(HEX.get(usize::from(byte & 15)));
            }
            _ => out.push(byte),
        }
    }
    out.push(b'"');
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Splice, member_removal, write_json_string};

    #[test]
    fn edits_leave_every_other_byte() {
        let mut splice = Splice::default();
        splice.replace(6..9, b"XY".to_vec());
        splice.insert(1, b"a".to_vec());
        splice.insert(1, b"b".to_vec());
        assert_eq!(splice.apply(b"0123456789"), b"0ab12345XY9");
    }

    #[test]
    fn a_member_goes_with_one_comma() {
        for (body, left) in [
            (r#"{"u":1}"#, r#"{}"#),
            (r#"{"u":1 , "b":2}"#, r#"{ "b":2}"#),
            (r#"{"a":1 , "u":1}"#, r#"{"a":1 }"#),
            (r#"{"a":1,"u":1,"b":2}"#, r#"{"a":1,"b":2}"#),
        ] {
            let start = body.find("\"u\"").unwrap();
            let mut splice = Splice::default();
            splice.replace(member_removal(body.as_bytes(), start, start + 5), Vec::new());
            assert_eq!(splice.apply(body.as_bytes()), left.as_bytes());
        }
    }

    proptest! {
        #[test]
        fn written_strings_read_back(text in any::<String>()) {
            let mut out = Vec::new();
            write_json_string(&text, &mut out);
            prop_assert_eq!(serde_json::from_slice::<String>(&out).unwrap(), text);
        }
    }
}
