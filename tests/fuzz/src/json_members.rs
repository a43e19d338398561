//! JSON objects seen by another reader than the one under test, with order, duplicates and spelling kept.

use std::fmt;

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

/// The members of an object: each key decoded, each value as it is written.
#[derive(Debug)]
pub struct Members(pub Vec<(Key, Box<RawValue>)>);

/// A key. Lone surrogates are kept, in the bytes that a three-byte UTF-8 would have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key(pub Vec<u8>);

impl Members {
    /// Reads an object; nothing when the text is no JSON object.
    pub fn read(json: &[u8]) -> Option<Members> {
        // Keys read as bytes are not checked for control characters; this does.
        serde_json::from_slice::<IgnoredAny>(json).ok()?;
        serde_json::from_slice(json).ok()
    }

    /// The values of the members with this name, in order.
    pub fn all(&self, name: &str) -> Vec<&str> {
        self.0.iter().filter(|(key, _)| key.0 == name.as_bytes()).map(|(_, value)| value.get()).collect()
    }

    /// The last value of this name, which is what most readers take.
    pub fn last(&self, name: &str) -> Option<&str> {
        self.all(name).last().copied()
    }

    /// Names and values, but for the members named.
    pub fn without(&self, names: &[&str]) -> Vec<(&[u8], &str)> {
        self.0
            .iter()
            .filter(|(key, _)| !names.iter().any(|name| key.0 == name.as_bytes()))
            .map(|(key, value)| (key.0.as_slice(), value.get()))
            .collect()
    }
}

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct MembersVisitor;

        impl<'de> Visitor<'de> for MembersVisitor {
            type Value = Members;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }

        deserializer.deserialize_map(MembersVisitor)
    }
}

impl<'de> Deserialize<'de> for Key {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct KeyVisitor;

        impl Visitor<'_> for KeyVisitor {
            type Value = Key;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a key")
            }

            fn visit_bytes<E>(self, bytes: &[u8]) -> Result<Key, E> {
                Ok(Key(bytes.to_vec()))
            }

            fn visit_str<E>(self, text: &str) -> Result<Key, E> {
                Ok(Key(text.as_bytes().to_vec()))
            }
        }

        deserializer.deserialize_bytes(KeyVisitor)
    }
}
