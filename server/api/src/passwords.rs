//! Signing in by password, and changing it.

use std::fmt;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use waystation_ids::Email;

use crate::sign_in::Reception;

/// A password as a person types it. It is not shown by Debug; nothing that the server answers holds one.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(transparent)]
#[schema(value_type = String, format = Password, min_length = 10, max_length = 1024)]
pub struct Password(String);

impl Password {
    /// The password that reads so.
    pub fn new(text: impl Into<String>) -> Self {
        Password(text.into())
    }

    /// The password itself.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(…)")
    }
}

/// A sign-in by password.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PasswordSignIn {
    /// The address or the username.
    #[schema(max_length = 254, example = "ann@example.org")]
    pub login: String,
    /// The password.
    pub password: Password,
    /// What the caller wants to be known by; a cookie unless given.
    #[serde(default)]
    pub reception: Reception,
}

/// A wish for a mail with a link that resets the password.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PasswordResetRequest {
    /// The address.
    pub email: Email,
}

/// A new password for whoever got the mail.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PasswordReset {
    /// What stands behind `token=` in the link.
    #[schema(max_length = 128)]
    pub token: String,
    /// The new password.
    pub password: Password,
}

/// A new password of somebody who is signed in.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PasswordUpdate {
    /// The password until now.
    pub current_password: Password,
    /// The password from now on.
    pub new_password: Password,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_not_shown() {
        let body: PasswordSignIn =
            serde_json::from_str(r#"{"login":"ann","password":"hunter2 hunter2"}"#).unwrap();
        assert_eq!((body.password.reveal(), body.reception), ("hunter2 hunter2", Reception::Cookie));
        assert!(!format!("{body:?}").contains("hunter2"));
    }

    #[test]
    fn a_field_that_is_not_offered_is_refused() {
        for field in ["role", "balance", "user_id", "session", "verified"] {
            let with = |body: &str| format!("{{{body},\"{field}\":null}}");
            let sign_in = with(r#""login":"a","password":"b""#);
            assert!(serde_json::from_str::<PasswordSignIn>(&sign_in).is_err(), "{field}");
            let request = with(r#""email":"a@b.org""#);
            assert!(serde_json::from_str::<PasswordResetRequest>(&request).is_err(), "{field}");
            let reset = with(r#""token":"a","password":"b""#);
            assert!(serde_json::from_str::<PasswordReset>(&reset).is_err(), "{field}");
            let update = with(r#""current_password":"a","new_password":"b""#);
            assert!(serde_json::from_str::<PasswordUpdate>(&update).is_err(), "{field}");
        }
    }
}
