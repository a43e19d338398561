//! Objects in objects, read from nothing but objects.
//!
//! What serde derives for a struct also takes a list of the fields' values in the order of their declaration. Such a
//! list would be accepted today and mean something else once a field is added.

use std::fmt;
use std::marker::PhantomData;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, Deserializer, Error, MapAccess, Visitor};

/// Reads an object.
pub(crate) fn object<'de, T: Deserialize<'de>, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
    deserializer.deserialize_map(ObjectVisitor(PhantomData))
}

/// Reads an object or null.
pub(crate) fn object_or_null<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    deserializer.deserialize_option(OptionVisitor(PhantomData))
}

struct ObjectVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for ObjectVisitor<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
        T::deserialize(MapAccessDeserializer::new(map))
    }
}

struct OptionVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for OptionVisitor<T> {
    type Value = Option<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object or null")
    }

    fn visit_none<E: Error>(self) -> Result<Option<T>, E> {
        Ok(None)
    }

    fn visit_unit<E: Error>(self) -> Result<Option<T>, E> {
        Ok(None)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Option<T>, D::Error> {
        object(deserializer).map(Some)
    }
}

#[cfg(test)]
mod tests {
    use crate::channels::ServedModel;
    use crate::keys::{KeyCreate, KeyUpdate};

    #[test]
    fn a_list_is_not_an_object() {
        for budgets in ["[]", r#"["1"]"#, r#"["1","2","3"]"#, "1", r#""x""#] {
            let body = format!(r#"{{"name":"a","budgets":{budgets}}}"#);
            assert!(serde_json::from_str::<KeyCreate>(&body).is_err(), "{body}");
            assert!(serde_json::from_str::<KeyUpdate>(&body).is_err(), "{body}");
        }
        assert!(serde_json::from_str::<ServedModel>(r#"["a","b"]"#).is_err());
    }

    #[test]
    fn an_object_is_read_and_null_is_none() {
        let read = |budgets: &str| {
            let body = format!(r#"{{"name":"a","budgets":{budgets}}}"#);
            serde_json::from_str::<KeyCreate>(&body).unwrap().budgets
        };
        assert_eq!(read("null"), None);
        assert_eq!(read(r#"{"day":"1"}"#).unwrap().day.unwrap().0.nanos(), 1_000_000_000);
        assert!(serde_json::from_str::<KeyCreate>(r#"{"name":"a"}"#).unwrap().budgets.is_none());
        let mapped: ServedModel = serde_json::from_str(r#"{"name":"a","upstream":"b"}"#).unwrap();
        assert_eq!(mapped.name().as_str(), "a");
    }
}
