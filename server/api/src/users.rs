//! People.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use waystation_ids::{Email, Role, UserId, UserStatus, Username};

use crate::locale::Locale;
use crate::money::Usd;
use crate::name::Name;
use crate::passwords::Password;
use crate::patch::given;
use crate::permissions::Permission;
use crate::time::Time;

/// A person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct User {
    /// The person's id.
    #[schema(value_type = String, example = "usr_06ft3r5yx1v2k4m7q9s0t2w6z0")]
    pub id: UserId,
    /// The address, unique on the site.
    pub email: Email,
    /// The name to sign in with, unique on the site.
    pub username: Option<Username>,
    /// What the person is called.
    pub display_name: String,
    /// What the person may do.
    pub role: Role,
    /// Whether the person may do anything at all.
    pub status: UserStatus,
    /// Which group of channels serves the person's calls; null: the default one.
    pub channel_group: Option<String>,
    /// The language of mails; null: the site's.
    pub locale: Option<Locale>,
    /// When the person was shown to hold the address; null: not yet.
    pub email_verified_at: Option<Time>,
    /// When the person was entered.
    pub created_at: Time,
    /// What the person can pay with.
    pub balance: UserBalance,
}

/// What a person can pay with, over all money accounts whose time is not over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct UserBalance {
    /// What new calls may use.
    pub available: Usd,
    /// What open calls may still take.
    pub pending: Usd,
    /// The currency of both.
    #[schema(example = "USD")]
    pub currency: String,
}

/// A person to enter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UserCreate {
    /// The address; it is trimmed and put into lower case.
    pub email: Email,
    /// The name to sign in with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub username: Option<Username>,
    /// What the person may do; `user` unless given. Nobody gives a role that is not below their own, but an owner
    /// gives every role.
    #[serde(default = "lowest_role")]
    pub role: Role,
    /// What the person is called; what stands before the `@` of the address, unless given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub display_name: Option<Name>,
    /// The password: 10 to 1,024 characters. None: there is no sign-in by password.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password: Option<Password>,
    /// Whether the person gets a link by which to set a password.
    #[serde(default)]
    pub invite: bool,
}

/// A person who was entered. No Debug: nothing may print the link by accident.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
pub struct UserCreated {
    /// The person.
    #[serde(flatten)]
    pub user: User,
    /// The link by which the person sets a password, where one was asked for and could not be mailed. It is shown
    /// this once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password_link: Option<PasswordLink>,
}

/// A password that was taken away. No Debug: nothing may print the link by accident.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
pub struct PasswordWithdrawn {
    /// Whether the person was sent the link.
    pub is_mailed: bool,
    /// The link by which the person sets a new password, where it could not be mailed. It is shown this once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password_link: Option<PasswordLink>,
}

/// A link by which a person sets a password. No Debug: nothing may print it by accident.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
pub struct PasswordLink {
    /// Where it leads.
    pub url: String,
    /// Until when it is good for.
    pub expires_at: Time,
}

/// How a person is removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct UserRemoval {
    /// Whether the site takes what the person's accounts still hold.
    pub forfeit: bool,
}

/// What to change about oneself; a field that is not there stays, and one that is null goes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MeUpdate {
    /// What one is called.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub display_name: Option<Name>,
    /// The name to sign in with, unique on the site.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, max_length = 64)]
    pub username: Option<Option<Username>>,
    /// The language of mails; null: the site's.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Locale>)]
    pub locale: Option<Option<Locale>>,
}

/// What to change about a person; a field that is not there stays.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UserUpdate {
    /// The address. Another one is not verified until its holder opens the link that is mailed there; the one until
    /// now is told, and all sessions end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<Email>,
    /// The name to sign in with; null takes it away.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, max_length = 64)]
    pub username: Option<Option<Username>>,
    /// What the person is called.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub display_name: Option<Name>,
    /// Whether the person may do anything at all. The last active owner stays active.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<UserStatus>,
    /// What the person may do. The last active owner stays an owner.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<Role>,
    /// Which group of channels serves the person's calls; null: the default one.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, max_length = 64)]
    pub channel_group: Option<Option<String>>,
}

/// Which people to list.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct UserQuery {
    /// Part of the address or username, in any case. A page may hold fewer people than asked for, even nobody, and
    /// name the next one all the same: a search ends after a second and goes on from there when asked again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[param(max_length = 254)]
    pub q: Option<String>,
    /// Only of this role.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<Role>,
    /// Only of this status.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<UserStatus>,
    /// How many people at most: 1 to 100, 20 unless given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[param(minimum = 1, maximum = 100)]
    pub limit: Option<u32>,
    /// The `next_cursor` of the page before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
}

/// Who is asking.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Me {
    /// The person.
    #[serde(flatten)]
    pub user: User,
    /// What the person may do in the administration.
    pub permissions: Vec<Permission>,
    /// Whether the person's role needs a second factor that the person does not have: nothing else is allowed before
    /// one is set up.
    #[serde(default)]
    pub must_set_up_second_factor: bool,
    /// Whether the person has signed in and no key was ever made for them: `/api/me/first-key` makes it.
    #[serde(default)]
    pub is_first_key_due: bool,
}

fn lowest_role() -> Role {
    Role::User
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_that_is_not_offered_is_refused() {
        for field in ["id", "balance", "status", "quota", "is_demo", "password_hash", "channel_group"] {
            let body = format!("{{\"email\":\"a@b.org\",\"{field}\":null}}");
            assert!(serde_json::from_str::<UserCreate>(&body).is_err(), "{field}");
        }
        for field in ["id", "balance", "is_demo", "created_at", "email_verified_at", "password"] {
            assert!(serde_json::from_str::<UserUpdate>(&format!("{{\"{field}\":null}}")).is_err(), "{field}");
        }
        for field in
            ["id", "email", "role", "status", "balance", "group", "verified", "password", "channel_group"]
        {
            assert!(serde_json::from_str::<MeUpdate>(&format!("{{\"{field}\":null}}")).is_err(), "{field}");
        }
    }

    #[test]
    fn a_person_is_a_user_unless_said_otherwise() {
        let create: UserCreate = serde_json::from_str("{\"email\":\" A@B.org\"}").unwrap();
        assert_eq!((create.email.as_str(), create.role), ("a@b.org", Role::User));
    }
}
