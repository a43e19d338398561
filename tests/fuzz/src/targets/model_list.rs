//! The reader of upstreams' lists of models: bounded, in order, and nothing in it that the upstream did not say.

use std::collections::HashSet;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use waystation_protocol::openai::model_list::{ModelListError, NAMES_MAX, read_model_list};

pub(super) fn check(bytes: &[u8]) {
    let read = match read_model_list(bytes) {
        Ok(list) => list,
        Err(ModelListError::NotAList | ModelListError::Failed(_)) => return,
    };
    assert!(read.names.len() <= NAMES_MAX);
    assert!(read.names.windows(2).all(|pair| pair[0] < pair[1]), "not in order, or twice: {:?}", read.names);
    // Another reader finds each name as a text of the same document; where it refuses what ours takes, there is
    // nothing to compare with.
    let mut texts = HashSet::new();
    let mut document = serde_json::Deserializer::from_slice(bytes);
    if Texts(&mut texts).deserialize(&mut document).is_err() {
        return;
    }
    for name in &read.names {
        assert!(!name.is_empty());
        assert!(texts.contains(name), "a name from nowhere: {name:?}");
    }
}

/// Gathers every text of a document, those of members that are named twice among them.
struct Texts<'a>(&'a mut HashSet<String>);

impl<'de> DeserializeSeed<'de> for Texts<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Texts<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_str<E>(self, text: &str) -> Result<(), E> {
        self.0.insert(text.to_owned());
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        while items.next_element_seed(Texts(self.0))?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        while members.next_key::<IgnoredAny>()?.is_some() {
            members.next_value_seed(Texts(self.0))?;
        }
        Ok(())
    }
}
