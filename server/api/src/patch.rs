//! Fields of a change that tell null from silence.

use serde::{Deserialize, Deserializer};

/// Reads a field that was given, null included; a field left out stays `None` by its default.
pub(crate) fn given<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Option<T>>, D::Error> {
    Option::<T>::deserialize(deserializer).map(Some)
}
