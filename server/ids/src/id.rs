//! One type for each kind of id.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use thiserror::Error;
use uuid::Uuid;

/// Crockford's base 32 in lower case: no letter that reads as another.
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
const TEXT_LENGTH: usize = 26;

/// Why a text is not an id of the wanted kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum IdError {
    /// The part before the underscore belongs to another kind of thing.
    #[error("an id of this kind starts with {0}_")]
    WrongPrefix(&'static str),
    /// The part after the underscore is not 26 characters of base 32.
    #[error("not an id")]
    Malformed,
}

macro_rules! id {
    ($(#[$meta:meta])* $name:ident, $prefix:literal) => {
        $(#[$meta])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Uuid);

        impl $name {
            /// The part before the underscore.
            pub const PREFIX: &'static str = $prefix;

            /// A new id of the given time; later times sort later.
            pub fn new(unix_ms: i64, random: [u8; 10]) -> Self {
                $name(time_ordered(unix_ms, random))
            }

            /// The id with this UUID inside.
            pub const fn from_uuid(uuid: Uuid) -> Self {
                $name(uuid)
            }

            /// The UUID inside.
            pub const fn uuid(self) -> Uuid {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write_text(f, $prefix, self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl FromStr for $name {
            type Err = IdError;

            fn from_str(text: &str) -> Result<Self, IdError> {
                read_text(text, $prefix).map($name)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}

id!(/// A person who signs in or is paid for.
    UserId, "usr");
id!(/// A user's key to the relay.
    KeyId, "key");
id!(/// One call to the relay. Its last byte is zero: attempts and transfers of the call count up from it.
    RequestId, "req");
id!(/// One try of a call at one channel.
    AttemptId, "att");
id!(/// A way to an upstream.
    ChannelId, "chn");
id!(/// A channel's secret.
    CredentialId, "crd");
id!(/// A model that users may ask for.
    ModelId, "mdl");
id!(/// An immutable version of a model's price.
    PriceVersionId, "prc");
id!(/// A ledger account.
    AccountId, "acc");
id!(/// A movement between two ledger accounts.
    TransferId, "xfr");
id!(/// A manual change of a balance. Its last byte is zero, as a request's.
    AdjustmentId, "adj");
id!(/// Tokens, calls or money given for a time. Its last byte is zero, as a request's.
    GrantId, "gnt");
id!(/// A spending limit of a key or user.
    BudgetId, "bud");
id!(/// One running server process.
    InstanceId, "ins");
id!(/// A sign-in that can be ended.
    SessionId, "ses");
id!(/// A person's account with an identity provider.
    IdentityId, "idn");
id!(/// An invitation to register.
    InviteId, "inv");
id!(/// A passkey of a person.
    PasskeyId, "pky");
id!(/// A set of models.
    ModelGroupId, "mgr");
id!(/// A message to the people of the site.
    NoticeId, "ntc");

/// Ids whose last byte is kept zero, so that what belongs to them is found beside them.
macro_rules! cause {
    ($($name:ident),*) => {$(
        impl $name {
            /// A new id of the given time with its last byte zero.
            pub fn new_cause(unix_ms: i64, random: [u8; 10]) -> Self {
                let mut bytes = *time_ordered(unix_ms, random).as_bytes();
                bytes[15] = 0;
                $name(Uuid::from_bytes(bytes))
            }

            /// The `line`-th transfer (from 1) that this operation made.
            pub fn transfer(self, line: u8) -> TransferId {
                TransferId(numbered(self.0, line))
            }
        }
    )*};
}

cause!(RequestId, AdjustmentId, GrantId);

impl RequestId {
    /// The `number`-th attempt (from 1) of this call.
    pub fn attempt(self, number: u8) -> AttemptId {
        AttemptId(numbered(self.0, number))
    }
}

impl TransferId {
    /// The operation's id with which this transfer shares all but its last byte.
    pub fn cause(self) -> Uuid {
        numbered(self.0, 0)
    }
}

fn numbered(uuid: Uuid, number: u8) -> Uuid {
    let mut bytes = *uuid.as_bytes();
    bytes[15] = number;
    Uuid::from_bytes(bytes)
}

/// UUID version 7 (RFC 9562, section 5.7).
fn time_ordered(unix_ms: i64, random: [u8; 10]) -> Uuid {
    let millis = u64::try_from(unix_ms).unwrap_or(0);
    uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid()
}

fn write_text(f: &mut fmt::Formatter<'_>, prefix: &str, uuid: Uuid) -> fmt::Result {
    let mut value = uuid.as_u128();
    let mut text = [0_u8; TEXT_LENGTH];
    for place in text.iter_mut().rev() {
        *place = ALPHABET[usize::from(value as u8 & 31)];
        value >>= 5;
    }
    f.write_str(prefix)?;
    f.write_str("_")?;
    f.write_str(str::from_utf8(&text).map_err(|_| fmt::Error)?)
}

fn read_text(text: &str, prefix: &'static str) -> Result<Uuid, IdError> {
    let digits = text
        .strip_prefix(prefix)
        .and_then(|rest| rest.strip_prefix('_'))
        .ok_or(IdError::WrongPrefix(prefix))?;
    // 26 digits hold 130 bits: the first may only use three of its five.
    if digits.len() != TEXT_LENGTH || !matches!(digits.as_bytes()[0], b'0'..=b'7') {
        return Err(IdError::Malformed);
    }
    digits
        .bytes()
        .try_fold(0_u128, |value, byte| {
            let digit = ALPHABET.iter().position(|letter| *letter == byte)?;
            Some(value << 5 | digit as u128)
        })
        .map(Uuid::from_u128)
        .ok_or(IdError::Malformed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_survives_its_text() {
        for random in [[0; 10], [255; 10], [7; 10]] {
            let id = UserId::new(1_795_000_000_000, random);
            assert_eq!(id.to_string().parse(), Ok(id));
            assert_eq!(id.to_string().len(), 30);
        }
    }

    #[test]
    fn an_id_of_another_kind_or_shape_is_refused() {
        let key = KeyId::new(1, [0; 10]).to_string();
        assert_eq!(key.parse::<UserId>(), Err(IdError::WrongPrefix("usr")));
        for text in [
            "usr_",
            "usr_zzzzzzzzzzzzzzzzzzzzzzzzzz",
            "usr_0123456789abcdefghijklmnop",
            "usr_é123456789abcdefghjkmnpq",
        ] {
            assert_eq!(text.parse::<UserId>(), Err(IdError::Malformed), "{text}");
        }
    }

    #[test]
    fn later_ids_sort_later() {
        assert!(RequestId::new_cause(5, [255; 10]) < RequestId::new_cause(6, [0; 10]));
    }

    #[test]
    fn transfers_and_attempts_lie_beside_their_request() {
        let request = RequestId::new_cause(9, [9; 10]);
        assert_eq!(request.transfer(3).cause(), request.uuid());
        assert!(request.attempt(1).uuid() > request.uuid());
    }
}
