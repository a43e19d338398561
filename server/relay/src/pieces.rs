//! What waits to be sent, joined where it lies side by side.

use std::ops::Range;

use bytes::Bytes;

/// Pieces in order. Events that follow each other in one chunk of the upstream leave as one slice of it: nothing is
/// copied, and the caller's connection is woken once.
#[derive(Debug, Default)]
pub(crate) struct Pieces {
    closed: Vec<Bytes>,
    closed_bytes: usize,
    chunk: Bytes,
    open: Range<usize>,
}

impl Pieces {
    /// The pieces that follow are likely slices of this chunk.
    pub fn enter_chunk(&mut self, chunk: Bytes) {
        self.close();
        self.chunk = chunk;
    }

    /// Adds a piece.
    pub fn push(&mut self, piece: Bytes) {
        match place_in(&self.chunk, &piece) {
            Some(place) if !self.open.is_empty() && place.start == self.open.end => self.open.end = place.end,
            Some(place) => {
                self.close();
                self.open = place;
            }
            None => {
                self.close();
                self.closed_bytes += piece.len();
                self.closed.push(piece);
            }
        }
    }

    /// How many bytes wait.
    pub fn len(&self) -> usize {
        self.closed_bytes + self.open.len()
    }

    /// Takes all that waits.
    pub fn take(&mut self) -> Vec<Bytes> {
        self.close();
        self.closed_bytes = 0;
        std::mem::take(&mut self.closed)
    }

    /// Forgets all that waits.
    pub fn clear(&mut self) {
        *self = Pieces::default();
    }

    fn close(&mut self) {
        if !self.open.is_empty() {
            self.closed_bytes += self.open.len();
            self.closed.push(self.chunk.slice(self.open.clone()));
        }
        self.open = 0..0;
    }
}

/// Where a piece lies in a chunk, if it is a slice of it. The chunk is alive, so its addresses are its own.
fn place_in(chunk: &Bytes, piece: &Bytes) -> Option<Range<usize>> {
    let start = (piece.as_ptr().addr()).checked_sub(chunk.as_ptr().addr())?;
    let end = start.checked_add(piece.len())?;
    (end <= chunk.len() && !piece.is_empty()).then_some(start..end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_leave_together_and_strangers_alone() {
        let chunk = Bytes::from_static(b"aabbccdd");
        let mut pieces = Pieces::default();
        pieces.enter_chunk(chunk.clone());
        for range in [0..2, 2..4, 6..8] {
            pieces.push(chunk.slice(range));
        }
        pieces.push(Bytes::from_static(b"xx"));
        assert_eq!(pieces.len(), 8);
        let taken = pieces.take();
        assert_eq!(taken, [&b"aabb"[..], b"dd", b"xx"]);
        assert_eq!(pieces.len(), 0);
        assert!(pieces.take().is_empty());
    }

    #[test]
    fn what_waits_from_the_last_chunk_stays_in_front() {
        let mut pieces = Pieces::default();
        for text in ["one", "two"] {
            let chunk = Bytes::from(text);
            pieces.enter_chunk(chunk.clone());
            pieces.push(chunk);
        }
        assert_eq!(pieces.take(), ["one", "two"]);
    }
}
