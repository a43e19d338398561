//! Registering, and showing that one holds an address.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use waystation_ids::{Email, Username};

use crate::locale::Locale;
use crate::name::Name;
use crate::passwords::Password;

/// Somebody who wants to register.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Registration {
    /// The address; it is trimmed and put into lower case.
    pub email: Email,
    /// A name to sign in with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub username: Option<Username>,
    /// The password.
    pub password: Password,
    /// What the person is called; what stands before the `@` of the address, unless given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub display_name: Option<Name>,
    /// What stands behind `invite=` in the link of an invitation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 128)]
    pub invite: Option<String>,
    /// The language of mails; the site's unless given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub locale: Option<Locale>,
}

/// What is answered to a wish about an address, whether the site knows the address or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Accepted {
    /// What comes next.
    pub next: NextStep,
}

/// What whoever holds the address does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum NextStep {
    /// Open the link of the mail.
    OpenMail,
    /// Sign in.
    SignIn,
}

/// A wish for another mail that verifies an address.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct VerificationRequest {
    /// The address.
    pub email: Email,
}

/// What the link of the mail says.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EmailVerification {
    /// What stands behind `token=` in the link.
    #[schema(max_length = 128)]
    pub token: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_that_is_not_offered_is_refused() {
        for field in ["role", "balance", "group", "id", "quota", "verified", "price", "status", "is_demo"] {
            let with = |body: &str| format!("{{{body},\"{field}\":null}}");
            let registration = with(r#""email":"a@b.org","password":"b""#);
            assert!(serde_json::from_str::<Registration>(&registration).is_err(), "{field}");
            let request = with(r#""email":"a@b.org""#);
            assert!(serde_json::from_str::<VerificationRequest>(&request).is_err(), "{field}");
            let verification = with(r#""token":"a""#);
            assert!(serde_json::from_str::<EmailVerification>(&verification).is_err(), "{field}");
        }
    }
}
