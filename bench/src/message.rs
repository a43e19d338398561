//! HTTP/1.1 as far as load needs it: where a message begins and ends.
//!
//! Both sides of every connection are known programs on this machine, so this reads what they send and no more; in
//! exchange it costs next to nothing beside what is measured.

/// No valid message of HTTP/1.1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Malformed;

/// The head of a request or an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Head {
    /// How many bytes it takes, its blank line included.
    pub size: usize,
    /// An answer's status; 0 for a request.
    pub status: u16,
    /// How long the body is.
    pub body: Framing,
}

/// Where a body ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Framing {
    /// After so many bytes.
    Length(usize),
    /// After its last chunk.
    Chunked,
}

/// Reads a head once it is whole. A body of unnamed length counts as empty.
pub(crate) fn read_head(bytes: &[u8]) -> Result<Option<Head>, Malformed> {
    let Some(end) = find(bytes, b"\r\n\r\n") else { return Ok(None) };
    let mut lines = bytes[..end].split(|byte| *byte == b'\n');
    let first = lines.next().ok_or(Malformed)?;
    let status = if first.starts_with(b"HTTP/1.") {
        read_number(first.get(9..12).ok_or(Malformed)?).ok_or(Malformed)?
    } else {
        0
    };
    let mut body = Framing::Length(0);
    for line in lines {
        let Some(colon) = line.iter().position(|byte| *byte == b':') else { return Err(Malformed) };
        let (name, value) = (&line[..colon], line[colon + 1..].trim_ascii());
        if name.eq_ignore_ascii_case(b"content-length") {
            body = Framing::Length(read_number(value).ok_or(Malformed)?);
        } else if name.eq_ignore_ascii_case(b"transfer-encoding") && value.eq_ignore_ascii_case(b"chunked") {
            body = Framing::Chunked;
        }
    }
    let status = u16::try_from(status).map_err(|_| Malformed)?;
    Ok(Some(Head { size: end + 4, status, body }))
}

/// Takes the framing off a body in chunks, however it is cut into pieces.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct ChunkReader {
    state: ChunkState,
}

#[derive(Clone, Copy, Debug)]
enum ChunkState {
    /// In the line that says a chunk's size.
    Size { size: usize, in_extension: bool },
    /// In a chunk, with so many bytes to come.
    Data { left: usize },
    /// In the line break after a chunk.
    DataEnd,
    /// After the last chunk: trailers, up to an empty line.
    Trailer { line: usize },
    /// Past the body.
    Ended,
}

impl Default for ChunkState {
    fn default() -> Self {
        ChunkState::Size { size: 0, in_extension: false }
    }
}

impl ChunkReader {
    /// Gives the payload of these bytes to `take`, piece by piece; says whether the body has ended.
    pub fn read(&mut self, mut bytes: &[u8], mut take: impl FnMut(&[u8])) -> Result<bool, Malformed> {
        while let Some((&byte, rest)) = bytes.split_first() {
            match &mut self.state {
                ChunkState::Size { size, in_extension } => {
                    match byte {
                        b'\n' if *size == 0 => self.state = ChunkState::Trailer { line: 0 },
                        b'\n' => self.state = ChunkState::Data { left: *size },
                        b'\r' => {}
                        b';' => *in_extension = true,
                        _ if *in_extension => {}
                        _ => {
                            let digit = char::from(byte).to_digit(16).ok_or(Malformed)? as usize;
                            *size = size.checked_mul(16).ok_or(Malformed)? + digit;
                        }
                    }
                    bytes = rest;
                }
                ChunkState::Data { left } => {
                    let (data, rest) = bytes.split_at(bytes.len().min(*left));
                    take(data);
                    *left -= data.len();
                    if *left == 0 {
                        self.state = ChunkState::DataEnd;
                    }
                    bytes = rest;
                }
                ChunkState::DataEnd => {
                    if byte == b'\n' {
                        self.state = ChunkState::default();
                    }
                    bytes = rest;
                }
                ChunkState::Trailer { line } => {
                    match byte {
                        b'\n' if *line == 0 => self.state = ChunkState::Ended,
                        b'\n' => *line = 0,
                        b'\r' => {}
                        _ => *line += 1,
                    }
                    bytes = rest;
                }
                ChunkState::Ended => return Err(Malformed),
            }
        }
        Ok(matches!(self.state, ChunkState::Ended))
    }
}

/// Where `wanted` first occurs.
pub(crate) fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).position(|window| window == wanted)
}

/// A whole number in decimal digits.
pub(crate) fn read_number(digits: &[u8]) -> Option<usize> {
    std::str::from_utf8(digits).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_says_where_its_body_ends() {
        let text = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\ncontent-length: 12\r\n\r\nbody";
        let head = Head { size: text.len() - 4, status: 200, body: Framing::Length(12) };
        assert_eq!(read_head(text), Ok(Some(head)));
        let text = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
        assert_eq!(read_head(text), Ok(Some(Head { size: text.len(), status: 200, body: Framing::Chunked })));
        let text = b"POST /v1/chat/completions HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\n{}\n";
        assert_eq!(
            read_head(text),
            Ok(Some(Head { size: text.len() - 3, status: 0, body: Framing::Length(3) }))
        );
    }

    #[test]
    fn a_head_cut_short_is_waited_for() {
        let text = b"HTTP/1.1 200 OK\r\nContent-Length: 12\r\n\r\n";
        for length in 0..text.len() {
            assert_eq!(read_head(&text[..length]), Ok(None), "{length}");
        }
    }

    #[test]
    fn nonsense_is_no_head() {
        for text in [
            "HTTP/1.1 2\r\n\r\n",
            "HTTP/1.1 abc\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n",
            "HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
        ] {
            assert_eq!(read_head(text.as_bytes()), Err(Malformed), "{text:?}");
        }
    }

    #[test]
    fn chunks_give_the_same_payload_however_they_are_cut() {
        let text = b"5\r\nhello\r\n1;name=value\r\n \r\n00a\r\nworld\r\n\r\n\n\r\n0\r\nTrailer: a\r\n\r\n";
        for size in 1..=text.len() {
            let (mut reader, mut payload, mut ended) = (ChunkReader::default(), Vec::new(), false);
            for piece in text.chunks(size) {
                assert!(!ended);
                ended = reader.read(piece, |data| payload.extend_from_slice(data)).unwrap();
            }
            assert!(ended);
            assert_eq!(payload, b"hello world\r\n\r\n\n", "pieces of {size}");
        }
    }

    #[test]
    fn bytes_after_the_last_chunk_are_refused() {
        let mut reader = ChunkReader::default();
        assert_eq!(reader.read(b"0\r\n\r\n", |_| {}), Ok(true));
        assert_eq!(reader.read(b"5", |_| {}), Err(Malformed));
        assert_eq!(ChunkReader::default().read(b"xyz\r\n", |_| {}), Err(Malformed));
    }
}
