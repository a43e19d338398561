//! Random bytes.

use rand::Rng;

/// So many random bytes of the operating system, as secrets need them. Fails only where the operating system has none
/// to give.
pub(crate) fn random_bytes<const N: usize>() -> Result<[u8; N], getrandom::Error> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes)?;
    Ok(bytes)
}

/// Fills in random bytes that nobody can foretell, for what is made with each request. They come from a generator of
/// this thread, which the operating system seeds again and again.
pub(crate) fn fill_quickly(bytes: &mut [u8]) {
    rand::rng().fill_bytes(bytes);
}
