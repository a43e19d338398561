//! Fields of a PATCH body that can be left alone, set, or taken away.

use serde::{Deserialize, Deserializer};

/// Reads a field that is there, so that `null` (take it away) differs from a field that is not there (leave it).
/// Goes with `#[serde(default)]` on an `Option<Option<T>>`.
pub fn present<'de, T, D>(deserializer: D) -> Result<Option<Option<T>>, D::Error>
where
    T: Deserialize<'de>,
    D: Deserializer<'de>,
{
    Option::<T>::deserialize(deserializer).map(Some)
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    #[derive(Deserialize)]
    struct Body {
        #[serde(default, deserialize_with = "super::present")]
        cap: Option<Option<u64>>,
    }

    #[test]
    fn null_differs_from_absent() {
        let read = |text: &str| serde_json::from_str::<Body>(text).unwrap().cap;
        assert_eq!(read("{}"), None);
        assert_eq!(read("{\"cap\":null}"), Some(None));
        assert_eq!(read("{\"cap\":5}"), Some(Some(5)));
    }
}
