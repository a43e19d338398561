//! CBOR (RFC 8949), as much of it as authenticators write: no tags, no fractions, no pieces of unknown length.

/// No authenticator nests deeper, and what does is refused before it costs anything.
const DEPTH_MAX: u8 = 8;
/// The most things in one list or map.
const ITEMS_MAX: u64 = 64;

/// A value; texts and bytes lie in what was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Value<'a> {
    /// A whole number.
    Integer(i64),
    /// Bytes.
    Bytes(&'a [u8]),
    /// Text.
    Text(&'a str),
    /// A list.
    List(Vec<Value<'a>>),
    /// Keys, each once, with their values.
    Map(Vec<(Value<'a>, Value<'a>)>),
    /// True, false or null: nothing that is looked at.
    Simple,
}

impl<'a> Value<'a> {
    /// What a map has under a number.
    pub(super) fn at(&self, key: i64) -> Option<&Value<'a>> {
        self.find(&Value::Integer(key))
    }

    /// What a map has under a text.
    pub(super) fn named(&self, key: &str) -> Option<&Value<'a>> {
        match self {
            Value::Map(entries) => {
                entries.iter().find(|(name, _)| *name == Value::Text(key)).map(|(_, value)| value)
            }
            _ => None,
        }
    }

    /// The number, if it is one.
    pub(super) fn integer(&self) -> Option<i64> {
        match self {
            Value::Integer(number) => Some(*number),
            _ => None,
        }
    }

    /// The bytes, if these are some.
    pub(super) fn bytes(&self) -> Option<&'a [u8]> {
        match self {
            Value::Bytes(bytes) => Some(bytes),
            _ => None,
        }
    }

    fn find(&self, key: &Value<'_>) -> Option<&Value<'a>> {
        match self {
            Value::Map(entries) => entries.iter().find(|(name, _)| name == key).map(|(_, value)| value),
            _ => None,
        }
    }
}

/// Reads one value; gives what comes after it.
pub(super) fn read_value(bytes: &[u8]) -> Option<(Value<'_>, &[u8])> {
    read_nested(bytes, 0)
}

/// Reads one value that is all there is.
pub(super) fn read_whole(bytes: &[u8]) -> Option<Value<'_>> {
    read_value(bytes).filter(|(_, rest)| rest.is_empty()).map(|(value, _)| value)
}

fn read_nested(bytes: &[u8], depth: u8) -> Option<(Value<'_>, &[u8])> {
    if depth > DEPTH_MAX {
        return None;
    }
    let (major, argument, rest) = read_head(bytes)?;
    match major {
        0 => Some((Value::Integer(i64::try_from(argument).ok()?), rest)),
        1 => Some((Value::Integer(-1 - i64::try_from(argument).ok()?), rest)),
        2 => {
            let (content, rest) = split(rest, argument)?;
            Some((Value::Bytes(content), rest))
        }
        3 => {
            let (content, rest) = split(rest, argument)?;
            Some((Value::Text(std::str::from_utf8(content).ok()?), rest))
        }
        4 => read_list(rest, argument, depth),
        5 => read_map(rest, argument, depth),
        // False, true and null; the other simple values and fractions say nothing here.
        7 if (20..=22).contains(&argument) => Some((Value::Simple, rest)),
        _ => None,
    }
}

/// The kind of a value and the number that comes with it (RFC 8949, section 3).
fn read_head(bytes: &[u8]) -> Option<(u8, u64, &[u8])> {
    let (first, rest) = bytes.split_first()?;
    let (major, short) = (first >> 5, first & 31);
    let (argument, rest) = match short {
        0..=23 => (u64::from(short), rest),
        // A simple value in two bytes is none of those that are read.
        24..=27 if major == 7 => return None,
        24 => {
            let (byte, rest) = rest.split_first()?;
            (u64::from(*byte), rest)
        }
        25 => {
            let (bytes, rest) = rest.split_first_chunk::<2>()?;
            (u64::from(u16::from_be_bytes(*bytes)), rest)
        }
        26 => {
            let (bytes, rest) = rest.split_first_chunk::<4>()?;
            (u64::from(u32::from_be_bytes(*bytes)), rest)
        }
        27 => {
            let (bytes, rest) = rest.split_first_chunk::<8>()?;
            (u64::from_be_bytes(*bytes), rest)
        }
        _ => return None,
    };
    Some((major, argument, rest))
}

fn read_list(mut rest: &[u8], count: u64, depth: u8) -> Option<(Value<'_>, &[u8])> {
    if count > ITEMS_MAX {
        return None;
    }
    let mut items = Vec::new();
    for _ in 0..count {
        let (item, after) = read_nested(rest, depth + 1)?;
        items.push(item);
        rest = after;
    }
    Some((Value::List(items), rest))
}

fn read_map(mut rest: &[u8], count: u64, depth: u8) -> Option<(Value<'_>, &[u8])> {
    if count > ITEMS_MAX {
        return None;
    }
    let mut entries: Vec<(Value<'_>, Value<'_>)> = Vec::new();
    for _ in 0..count {
        let (key, after) = read_nested(rest, depth + 1)?;
        let (value, after) = read_nested(after, depth + 1)?;
        // Of a key that is there twice, two readers could take different values.
        if entries.iter().any(|(known, _)| *known == key) {
            return None;
        }
        entries.push((key, value));
        rest = after;
    }
    Some((Value::Map(entries), rest))
}

fn split(bytes: &[u8], length: u64) -> Option<(&[u8], &[u8])> {
    bytes.split_at_checked(usize::try_from(length).ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_read_as_the_rfc_writes_them() {
        // Examples of RFC 8949, appendix A.
        for (bytes, value) in [
            (&[0x00][..], Value::Integer(0)),
            (&[0x17], Value::Integer(23)),
            (&[0x18, 0x18], Value::Integer(24)),
            (&[0x19, 0x03, 0xe8], Value::Integer(1_000)),
            (&[0x1a, 0x00, 0x0f, 0x42, 0x40], Value::Integer(1_000_000)),
            (&[0x20], Value::Integer(-1)),
            (&[0x38, 0x63], Value::Integer(-100)),
            (&[0x44, 1, 2, 3, 4], Value::Bytes(&[1, 2, 3, 4])),
            (&[0x64, b'I', b'E', b'T', b'F'], Value::Text("IETF")),
            (&[0x82, 0x01, 0xf6], Value::List(vec![Value::Integer(1), Value::Simple])),
            (&[0xa1, 0x01, 0x02], Value::Map(vec![(Value::Integer(1), Value::Integer(2))])),
        ] {
            assert_eq!(read_whole(bytes), Some(value), "{bytes:x?}");
        }
        let map = read_whole(&[0xa2, 0x01, 0x02, 0x61, b'a', 0x41, 7]).unwrap();
        assert_eq!(map.at(1).and_then(Value::integer), Some(2));
        assert_eq!(map.named("a").and_then(Value::bytes), Some(&[7][..]));
        assert_eq!((map.at(2), map.named("b")), (None, None));
    }

    #[test]
    fn what_no_authenticator_writes_is_refused() {
        for bytes in [
            &[][..],
            &[0x18],
            &[0x42, 1],
            &[0x5b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
            &[0x9b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
            &[0x3b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
            // A text that is not UTF-8, unknown lengths, a tag, a fraction, a break, a key that is there twice.
            &[0x61, 0xff],
            &[0x5f, 0x41, 1, 0xff],
            &[0x9f, 1, 0xff],
            &[0xc0, 0x01],
            &[0xf9, 0x3c, 0x00],
            &[0xf8, 0x20],
            &[0xff],
            &[0xa2, 0x01, 0x02, 0x01, 0x03],
        ] {
            assert_eq!(read_value(bytes), None, "{bytes:x?}");
        }
        assert_eq!(read_whole(&[0x00, 0x00]), None);
        assert_eq!(read_value(&[0x81; 100]), None);
    }

    #[test]
    fn no_bytes_make_the_reader_fail() {
        for number in 0..=u16::MAX {
            let [first, second] = number.to_be_bytes();
            for rest in [[0, 0, 0, 0], [0x41, 0x41, 0x80, 0xa0], [0xff, 0xff, 0xff, 0xff]] {
                let bytes = [&[first, second][..], &rest, &rest].concat();
                for length in 0..=bytes.len() {
                    let _ = read_value(&bytes[..length]);
                }
            }
        }
    }
}
