use std::ops::Range;

use thiserror::Error;

use super::string::{JsonText, read_string};

/// Deepest nesting of arrays and objects that is read.
pub(crate) const DEPTH_MAX: u32 = 64;

/// Why a body is not JSON that we read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub(crate) enum JsonError {
    #[error("not JSON at byte {at}")]
    Syntax { at: usize },
    #[error("nested deeper than {DEPTH_MAX} levels")]
    TooDeep,
}

/// What kind of value comes next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum JsonKind {
    Object,
    Array,
    String,
    Number,
    True,
    False,
    Null,
}

/// Walks a JSON text value by value. Each call that reads a value consumes exactly that value.
pub(crate) struct JsonReader<'a> {
    bytes: &'a [u8],
    at: usize,
    depth: u32,
}

impl<'a> JsonReader<'a> {
    pub fn new(bytes: &'a [u8]) -> Self {
        JsonReader { bytes, at: 0, depth: 0 }
    }

    /// The kind of the next value, without consuming it.
    pub fn peek(&mut self) -> Result<JsonKind, JsonError> {
        self.skip_whitespace();
        match self.bytes.get(self.at) {
            Some(b'{') => Ok(JsonKind::Object),
            Some(b'[') => Ok(JsonKind::Array),
            Some(b'"') => Ok(JsonKind::String),
            Some(b'-' | b'0'..=b'9') => Ok(JsonKind::Number),
            Some(b't') => Ok(JsonKind::True),
            Some(b'f') => Ok(JsonKind::False),
            Some(b'n') => Ok(JsonKind::Null),
            _ => Err(self.syntax()),
        }
    }

    /// Reads an object; `member` is called after each key and must consume the value.
    pub fn read_object<E: From<JsonError>>(
        &mut self,
        mut member: impl FnMut(&mut Self, &JsonText<'a>) -> Result<(), E>,
    ) -> Result<Range<usize>, E> {
        let start = self.open(b'{')?;
        if !self.take_after_whitespace(b'}') {
            loop {
                let key = self.read_string()?;
                self.expect(b':')?;
                member(self, &key)?;
                if !self.take_after_whitespace(b',') {
                    self.expect(b'}')?;
                    break;
                }
            }
        }
        self.depth -= 1;
        Ok(start..self.at)
    }

    /// Reads an array; `element` is called before each element, with its index, and must consume it.
    pub fn read_array<E: From<JsonError>>(
        &mut self,
        mut element: impl FnMut(&mut Self, usize) -> Result<(), E>,
    ) -> Result<Range<usize>, E> {
        let start = self.open(b'[')?;
        if !self.take_after_whitespace(b']') {
            let mut index = 0;
            loop {
                element(self, index)?;
                index += 1;
                if !self.take_after_whitespace(b',') {
                    self.expect(b']')?;
                    break;
                }
            }
        }
        self.depth -= 1;
        Ok(start..self.at)
    }

    /// Reads a string.
    pub fn read_string(&mut self) -> Result<JsonText<'a>, JsonError> {
        self.skip_whitespace();
        if self.bytes.get(self.at) != Some(&b'"') {
            return Err(self.syntax());
        }
        let text = read_string(self.bytes, self.at)?;
        self.at += text.quoted.len();
        Ok(text)
    }

    /// Reads a number and returns its text.
    pub fn read_number(&mut self) -> Result<&'a [u8], JsonError> {
        self.skip_whitespace();
        let start = self.at;
        self.take(b'-');
        if !self.take(b'0') && self.skip_digits() == 0 {
            return Err(self.syntax());
        }
        if self.take(b'.') && self.skip_digits() == 0 {
            return Err(self.syntax());
        }
        if self.take(b'e') || self.take(b'E') {
            let _sign = self.take(b'+') || self.take(b'-');
            if self.skip_digits() == 0 {
                return Err(self.syntax());
            }
        }
        Ok(self.bytes.get(start..self.at).unwrap_or_default())
    }

    /// Reads any value without looking into it and returns where it lies.
    pub fn skip_value(&mut self) -> Result<Range<usize>, JsonError> {
        self.skip_whitespace();
        let start = self.at;
        // One bit a level: set for an object. The depth limit is the width of the word.
        let mut objects: u64 = 0;
        let outer_depth = self.depth;
        loop {
            match self.peek()? {
                JsonKind::Object => {
                    self.open(b'{')?;
                    if self.take_after_whitespace(b'}') {
                        self.depth -= 1;
                    } else {
                        objects = objects << 1 | 1;
                        self.skip_key()?;
                        continue;
                    }
                }
                JsonKind::Array => {
                    self.open(b'[')?;
                    if self.take_after_whitespace(b']') {
                        self.depth -= 1;
                    } else {
                        objects <<= 1;
                        continue;
                    }
                }
                JsonKind::String => drop(self.read_string()?),
                JsonKind::Number => drop(self.read_number()?),
                JsonKind::True => self.expect_word(b"true")?,
                JsonKind::False => self.expect_word(b"false")?,
                JsonKind::Null => self.expect_word(b"null")?,
            }
            while self.depth > outer_depth {
                let in_object = objects & 1 == 1;
                if self.take_after_whitespace(b',') {
                    if in_object {
                        self.skip_key()?;
                    }
                    break;
                }
                self.expect(if in_object { b'}' } else { b']' })?;
                objects >>= 1;
                self.depth -= 1;
            }
            if self.depth == outer_depth {
                return Ok(start..self.at);
            }
        }
    }

    /// Reads any value and forgets it.
    pub fn ignore_value(&mut self) -> Result<(), JsonError> {
        self.skip_value()?;
        Ok(())
    }

    /// How far the text has been read.
    pub fn offset(&self) -> usize {
        self.at
    }

    /// The bytes of a value that was read.
    pub fn text(&self, span: Range<usize>) -> &'a [u8] {
        self.bytes.get(span).unwrap_or_default()
    }

    /// Accepts nothing but whitespace up to the end.
    pub fn finish(&mut self) -> Result<(), JsonError> {
        self.skip_whitespace();
        if self.at == self.bytes.len() { Ok(()) } else { Err(self.syntax()) }
    }

    fn skip_key(&mut self) -> Result<(), JsonError> {
        self.read_string()?;
        self.expect(b':')
    }

    fn open(&mut self, bracket: u8) -> Result<usize, JsonError> {
        self.skip_whitespace();
        let start = self.at;
        if !self.take(bracket) {
            return Err(self.syntax());
        }
        if self.depth == DEPTH_MAX {
            return Err(JsonError::TooDeep);
        }
        self.depth += 1;
        Ok(start)
    }

    fn skip_digits(&mut self) -> usize {
        let start = self.at;
        while self.bytes.get(self.at).is_some_and(u8::is_ascii_digit) {
            self.at += 1;
        }
        self.at - start
    }

    fn skip_whitespace(&mut self) {
        while let Some(b' ' | b'\n' | b'\r' | b'\t') = self.bytes.get(self.at) {
            self.at += 1;
        }
    }

    fn take(&mut self, byte: u8) -> bool {
        let found = self.bytes.get(self.at) == Some(&byte);
        if found {
            self.at += 1;
        }
        found
    }

    fn take_after_whitespace(&mut self, byte: u8) -> bool {
        self.skip_whitespace();
        self.take(byte)
    }

    fn expect(&mut self, byte: u8) -> Result<(), JsonError> {
        if self.take_after_whitespace(byte) { Ok(()) } else { Err(self.syntax()) }
    }

    fn expect_word(&mut self, word: &[u8]) -> Result<(), JsonError> {
        if self.bytes.get(self.at..).is_some_and(|rest| rest.starts_with(word)) {
            self.at += word.len();
            Ok(())
        } else {
            Err(self.syntax())
        }
    }

    fn syntax(&self) -> JsonError {
        JsonError::Syntax { at: self.at }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::{JsonError, JsonReader};

    fn check(body: &[u8]) -> Result<(), JsonError> {
        let mut reader = JsonReader::new(body);
        reader.skip_value()?;
        reader.finish()
    }

    #[test]
    fn sixty_four_levels_are_read_and_sixty_five_are_not() {
        for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
            let nested = |levels: usize| format!("{}1{}", open.repeat(levels), close.repeat(levels));
            assert_eq!(check(nested(64).as_bytes()), Ok(()));
            assert_eq!(check(nested(65).as_bytes()), Err(JsonError::TooDeep));
            assert_eq!(check(nested(100_000).as_bytes()), Err(JsonError::TooDeep));
        }
    }

    #[test]
    fn what_is_json_and_what_is_not_is_judged_as_serde_judges() {
        let cases = [
            "",
            " ",
            "nul",
            "null",
            "true",
            "false",
            "truefalse",
            "[1,]",
            "[,1]",
            "[]",
            "{}",
            "{\"a\"}",
            "{\"a\":}",
            "{\"a\":1,}",
            "{\"a\":1}",
            "{a:1}",
            "[1 2]",
            "-",
            "-0",
            "01",
            "1.",
            ".1",
            "1e",
            "1e+",
            "1e5",
            "1.5E-3",
            "+1",
            "NaN",
            "Infinity",
            "[[[]],{}]",
            "{\"a\":[{\"b\":[1,{}]}]}",
            "[1}",
            "{\"a\":1]",
            "\"a\" 1",
            "1 ",
            "\u{feff}1",
        ];
        for case in cases {
            assert_eq!(check(case.as_bytes()).is_ok(), serde_json::from_str::<Value>(case).is_ok(), "{case}");
        }
    }

    proptest! {
        #[test]
        fn json_like_bytes_are_judged_as_serde_judges(body in r#"[\[\]{},:"a1\\ue.\- tn]{0,24}"#) {
            // A lone surrogate is measured here and refused there; the alphabet cannot spell one.
            let serde = serde_json::from_str::<Value>(&body);
            let number_overflow = serde.as_ref().is_err_and(|error| error.to_string().contains("out of range"));
            prop_assume!(!number_overflow);
            prop_assert_eq!(check(body.as_bytes()).is_ok(), serde.is_ok());
        }

        #[test]
        fn arbitrary_bytes_never_panic(body in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = check(&body);
        }
    }
}
