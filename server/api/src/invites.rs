//! Invitations to register.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use waystation_ids::{Email, InviteId, UserId};

use crate::locale::Locale;
use crate::time::Time;

/// An invitation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Invite {
    /// Its id.
    #[schema(value_type = String, example = "inv_06ft3r5yx1v2k4m7q9s0t2w6z0")]
    pub id: InviteId,
    /// Only this address may use it; null: any.
    pub email: Option<Email>,
    /// Whether it can be used.
    pub status: InviteStatus,
    /// Who invites.
    #[schema(value_type = String)]
    pub created_by: UserId,
    /// When it was made.
    pub created_at: Time,
    /// Until when it can be used.
    pub expires_at: Time,
    /// Who has used it.
    #[schema(value_type = Option<String>)]
    pub used_by: Option<UserId>,
    /// When it was used.
    pub used_at: Option<Time>,
    /// When it was taken back.
    pub revoked_at: Option<Time>,
}

/// Whether an invitation can be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum InviteStatus {
    /// It can.
    Open,
    /// It was used.
    Used,
    /// It was taken back.
    Revoked,
    /// Its time is over.
    Expired,
}

/// An invitation to make.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct InviteCreate {
    /// Only this address may use it, and it needs no other proof that it holds the address. Where the site sends
    /// mails, the invitation is mailed to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<Email>,
    /// For how many days it can be used; 7 unless given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1, maximum = 90)]
    pub expires_in_days: Option<u16>,
    /// The language of the mail; the site's unless given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub locale: Option<Locale>,
}

/// An invitation that was made. No Debug: nothing may print the link by accident.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct InviteCreated {
    /// The invitation.
    pub invite: Invite,
    /// The link to register with. It is shown this once.
    #[schema(example = "https://ai.example.com/register#invite=…")]
    pub link: String,
    /// Whether it was mailed to the address too.
    pub is_mailed: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_that_is_not_offered_is_refused() {
        for field in ["role", "balance", "group", "id", "quota", "created_by", "used_by", "token"] {
            assert!(
                serde_json::from_str::<InviteCreate>(&format!("{{\"{field}\":null}}")).is_err(),
                "{field}"
            );
        }
    }
}
