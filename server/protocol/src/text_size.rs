//! How much text there is, without keeping it.

/// Bytes of decoded UTF-8 text, split by whether a byte belongs to an ASCII character.
///
/// The sum bounds the tokens of the text from above: a byte-level tokenizer starts with one token a byte
/// and only merges.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TextSize {
    /// Bytes of ASCII characters.
    pub ascii: u64,
    /// Bytes of all other characters.
    pub other: u64,
}

impl TextSize {
    /// No text.
    pub const ZERO: TextSize = TextSize { ascii: 0, other: 0 };

    /// Measures bytes taken as text as they stand. Bytes that are not UTF-8 count as non-ASCII.
    pub fn of_bytes(bytes: &[u8]) -> Self {
        let ascii = bytes.iter().filter(|byte| byte.is_ascii()).count() as u64;
        TextSize { ascii, other: (bytes.len() as u64).saturating_sub(ascii) }
    }

    /// All bytes, which is also the upper bound of the text's tokens.
    pub fn bytes(self) -> u64 {
        self.ascii.saturating_add(self.other)
    }

    /// Both sizes together.
    #[must_use]
    pub fn plus(self, more: TextSize) -> TextSize {
        TextSize {
            ascii: self.ascii.saturating_add(more.ascii),
            other: self.other.saturating_add(more.other),
        }
    }

    /// An honest guess of the tokens of this text: 0.28 a byte of ASCII and 0.6 a byte of anything else,
    /// rounded up, never above [`TextSize::bytes`].
    ///
    /// English runs near 0.25 tokens a byte, code a little above, Chinese and emoji at 0.4 to 0.7.
    pub fn estimated_tokens(self) -> u64 {
        let hundredths = u128::from(self.ascii) * 28 + u128::from(self.other) * 60;
        u64::try_from(hundredths.div_ceil(100)).unwrap_or(u64::MAX).min(self.bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::TextSize;

    #[test]
    fn an_estimate_is_never_above_the_bytes() {
        for ascii in 0..50 {
            for other in 0..50 {
                let size = TextSize { ascii, other };
                assert!(size.estimated_tokens() <= size.bytes());
                assert_eq!(size.estimated_tokens() == 0, size.bytes() == 0);
            }
        }
        let huge = TextSize { ascii: u64::MAX, other: u64::MAX };
        assert!(huge.estimated_tokens() > 0);
    }

    #[test]
    fn text_is_measured_in_utf8_bytes() {
        assert_eq!(TextSize::of_bytes("a中🙂".as_bytes()), TextSize { ascii: 1, other: 7 });
    }
}
