//! Signing in.

mod oauth;
