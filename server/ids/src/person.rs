//! What people are known by and what they may be.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use thiserror::Error;

/// RFC 5321, section 4.5.3.1: a path of 256 octets, its two angle brackets among them.
const EMAIL_LENGTH_MAX: usize = 254;
/// RFC 5321, section 4.5.3.1.1.
const LOCAL_PART_LENGTH_MAX: usize = 64;
/// RFC 1035, section 2.3.4.
const DOMAIN_LABEL_LENGTH_MAX: usize = 63;
const USERNAME_LENGTH_MAX: usize = 64;

/// The text is not an e-mail address that this site takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("not an e-mail address such as ann@example.org")]
pub struct EmailError;

/// The text is not a username.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error(
    "a username is 1 to 64 letters, digits, dots, dashes and underscores, and starts with a letter or digit"
)]
pub struct UsernameError;

/// An e-mail address, trimmed and in lower case: what is unique is compared as stored.
///
/// Only ASCII is taken: of two addresses that look alike, one would be somebody else's.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(value_type = String, format = Email, max_length = 254))]
pub struct Email(String);

/// A name to sign in with, trimmed and in lower case: 1 to 64 characters of `a-z 0-9 . - _`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(value_type = String, min_length = 1, max_length = 64))]
pub struct Username(String);

/// What a person may be. The order is that of the hierarchy: nobody acts on an equal or higher role.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Calls models with own keys.
    User,
    /// Reads everything, changes nothing.
    Auditor,
    /// Sees to balances and payments.
    Finance,
    /// Runs models and channels.
    Operator,
    /// Runs the site, but for its owners.
    Admin,
    /// Whose site it is. The last one stays.
    Owner,
}

/// Whether a person may do anything at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum UserStatus {
    /// Signs in and calls models.
    Active,
    /// Neither sessions nor keys are accepted.
    Disabled,
}

impl Email {
    /// The address as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The part before the `@`.
    pub fn local_part(&self) -> &str {
        self.0.split_once('@').map_or(&self.0, |(local, _)| local)
    }
}

impl FromStr for Email {
    type Err = EmailError;

    fn from_str(text: &str) -> Result<Self, EmailError> {
        let text = text.trim().to_ascii_lowercase();
        let (local, domain) = text.split_once('@').ok_or(EmailError)?;
        if text.len() <= EMAIL_LENGTH_MAX && is_local_part(local) && is_domain(domain) {
            Ok(Email(text))
        } else {
            Err(EmailError)
        }
    }
}

/// RFC 5322, section 3.2.3: a dot-atom. The quoted forms are not taken.
fn is_local_part(text: &str) -> bool {
    let is_atom = |atom: &str| {
        !atom.is_empty()
            && atom.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~".contains(&byte))
    };
    text.len() <= LOCAL_PART_LENGTH_MAX && text.split('.').all(is_atom)
}

fn is_domain(text: &str) -> bool {
    text.split('.').all(|label| {
        (1..=DOMAIN_LABEL_LENGTH_MAX).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    })
}

impl Username {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Username {
    type Err = UsernameError;

    fn from_str(text: &str) -> Result<Self, UsernameError> {
        let text = text.trim().to_ascii_lowercase();
        let plain = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-_".contains(&byte));
        let starts_well = text.starts_with(|first: char| first.is_ascii_alphanumeric());
        if plain && starts_well && text.len() <= USERNAME_LENGTH_MAX {
            Ok(Username(text))
        } else {
            Err(UsernameError)
        }
    }
}

/// Both are text in JSON and in the terminal, and read through their check.
macro_rules! checked_text {
    ($($name:ident),*) => {$(
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    )*};
}

checked_text!(Email, Username);

impl Role {
    /// Every role, the lowest first.
    pub const ALL: [Role; 6] =
        [Role::User, Role::Auditor, Role::Finance, Role::Operator, Role::Admin, Role::Owner];

    /// The stable name used in JSON and in stored rows.
    pub const fn name(self) -> &'static str {
        match self {
            Role::User => "user",
            Role::Auditor => "auditor",
            Role::Finance => "finance",
            Role::Operator => "operator",
            Role::Admin => "admin",
            Role::Owner => "owner",
        }
    }

    /// The role of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Role::ALL.into_iter().find(|role| role.name() == name)
    }

    /// Whether a person of this role may act on another person of the other role.
    pub fn may_act_on(self, other: Role) -> bool {
        self > other
    }

    /// Whether a person of this role may make somebody the other role. Owners make each other: a site with one
    /// owner only is lost with that person.
    pub fn may_give(self, other: Role) -> bool {
        self == Role::Owner || self > other
    }
}

impl UserStatus {
    /// The stable name used in JSON and in stored rows.
    pub const fn name(self) -> &'static str {
        match self {
            UserStatus::Active => "active",
            UserStatus::Disabled => "disabled",
        }
    }

    /// The status of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        [UserStatus::Active, UserStatus::Disabled].into_iter().find(|status| status.name() == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_trimmed_and_lower_cased() {
        let email: Email = " Ann.Lee+Relay@Example.ORG ".parse().unwrap();
        assert_eq!(email.as_str(), "ann.lee+relay@example.org");
        assert_eq!(email.local_part(), "ann.lee+relay");
        assert_eq!(normalised("root@localhost"), Ok("root@localhost".to_owned()));
    }

    fn normalised(text: &str) -> Result<String, EmailError> {
        text.parse::<Email>().map(|email| email.to_string())
    }

    #[test]
    fn what_is_not_an_address_is_refused() {
        let long_local = format!("{}@example.org", "a".repeat(65));
        let long = format!("a@{}example.org", "a.".repeat(130));
        for text in [
            "",
            "@",
            "a@",
            "@b",
            "a",
            "a@b@c",
            "a b@c",
            "a@b c",
            "a@-b",
            "a@b-",
            "a@b..c",
            ".a@b",
            "a.@b",
            "a..b@c",
            "a\0@b",
            "é@b",
            "a@é",
            "a@b\r\nc",
            "\"a b\"@c",
            "a@[::1]",
            "<a@b>",
            &long_local,
            &long,
        ] {
            assert_eq!(text.parse::<Email>(), Err(EmailError), "{text:?}");
        }
    }

    #[test]
    fn a_username_is_plain_and_lower_case() {
        assert_eq!(" Ann_1 ".parse::<Username>().map(|name| name.to_string()), Ok("ann_1".to_owned()));
        for text in ["", " ", "-a", ".a", "a b", "a@b", "a/b", "é", &"a".repeat(65)] {
            assert_eq!(text.parse::<Username>(), Err(UsernameError), "{text:?}");
        }
    }

    #[test]
    fn nobody_acts_on_or_makes_an_equal_or_higher_role_but_owners_make_owners() {
        for (rank, actor) in Role::ALL.into_iter().enumerate() {
            for (other_rank, other) in Role::ALL.into_iter().enumerate() {
                assert_eq!(actor.may_act_on(other), rank > other_rank, "{actor:?} on {other:?}");
                assert_eq!(
                    actor.may_give(other),
                    rank > other_rank || actor == Role::Owner,
                    "{actor:?} to {other:?}"
                );
            }
        }
    }

    #[test]
    fn a_name_is_read_back() {
        for role in Role::ALL {
            assert_eq!(Role::from_name(role.name()), Some(role));
        }
        assert_eq!(Role::from_name("root"), None);
        assert_eq!(UserStatus::from_name("disabled"), Some(UserStatus::Disabled));
    }
}
