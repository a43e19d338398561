//! Slowing down those who guess. Nobody is slowed down yet: only the shape of it stands here.

use crate::error::ApiError;
use crate::http::visitor::Visitor;

/// What is guessed at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Bucket<'a> {
    /// Nobody's in particular, such as a code that somebody was given.
    Client,
    /// Something of one account: a normalised address or username, or a user's id.
    Account(&'a str),
}

/// Counts guesses.
#[derive(Debug, Default)]
pub(crate) struct Backoff;

impl Backoff {
    /// Counts a guess that is about to be checked; refuses it if its client has guessed too often.
    pub(crate) async fn admit(&self, bucket: Bucket<'_>, visitor: &Visitor) -> Result<(), ApiError> {
        let _ = (bucket, visitor);
        Ok(())
    }

    /// The guess was wrong.
    pub(crate) async fn note_failure(&self, bucket: Bucket<'_>, visitor: &Visitor) {
        let _ = (bucket, visitor);
    }

    /// The guess was right: it is not counted.
    pub(crate) async fn note_success(&self, bucket: Bucket<'_>, visitor: &Visitor) {
        let _ = (bucket, visitor);
    }
}
