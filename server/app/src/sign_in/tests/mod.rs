//! Second factors, passkeys and fresh proofs, asked of the routes themselves.
