//! Passwords, as they are stored: Argon2id with a salt of their own.

use argon2::Argon2;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};

use crate::error::StartError;

/// What is stored instead of a password. Takes tens of milliseconds of a core, which is its purpose.
pub(crate) fn hash_password(password: &str) -> Result<String, StartError> {
    Argon2::default()
        .hash_password(password.as_bytes())
        .map(|hash| hash.to_string())
        .map_err(|_| StartError::Password)
}

/// Whether it is the password that was stored as this. Takes as long as storing one.
pub(crate) fn is_password(password: &str, hash: &str) -> bool {
    Argon2::default().verify_password(password.as_bytes(), hash).is_ok()
}
