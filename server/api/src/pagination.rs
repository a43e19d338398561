//! Lists, a page at a time.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

const LIMIT_DEFAULT: u32 = 20;
const LIMIT_MAX: u32 = 100;

/// One page of a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Page<T> {
    /// The things of this page.
    pub items: Vec<T>,
    /// What to give as `cursor` for the next page; null on the last.
    pub next_cursor: Option<String>,
}

/// Which page of a list is asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct PageQuery {
    /// How many things at most: 1 to 100, 20 unless given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[param(minimum = 1, maximum = 100)]
    pub limit: Option<u32>,
    /// The `next_cursor` of the page before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
}

/// Which page of a list is asked for, and what the things of it have in their names.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct SearchQuery {
    /// Part of a name, in any case.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[param(max_length = 254)]
    pub q: Option<String>,
    /// How many things at most: 1 to 100, 20 unless given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[param(minimum = 1, maximum = 100)]
    pub limit: Option<u32>,
    /// The `next_cursor` of the page before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
}

impl PageQuery {
    /// How many things the page may hold.
    pub fn limit(&self) -> u64 {
        page_limit(self.limit)
    }
}

/// How many things a page may hold when `limit` was asked for; for queries that carry filters too.
pub fn page_limit(limit: Option<u32>) -> u64 {
    u64::from(limit.unwrap_or(LIMIT_DEFAULT).clamp(1, LIMIT_MAX))
}

impl<T> Page<T> {
    /// Makes a page of what was found when one more than `limit` was looked for: the extra one shows that there
    /// are more, and the last one kept gives the cursor.
    pub fn from_found(mut found: Vec<T>, limit: u64, cursor: impl Fn(&T) -> String) -> Self {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let more = found.len() > limit;
        found.truncate(limit);
        let next_cursor = if more { found.last().map(cursor) } else { None };
        Page { items: found, next_cursor }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_names_its_last_thing_as_cursor_only_when_there_are_more() {
        let more = Page::from_found(vec![1, 2, 3], 2, i32::to_string);
        assert_eq!((more.items, more.next_cursor), (vec![1, 2], Some("2".to_owned())));
        let last = Page::from_found(vec![3], 2, i32::to_string);
        assert_eq!((last.items, last.next_cursor), (vec![3], None));
    }

    #[test]
    fn a_page_holds_between_1_and_100_things() {
        assert_eq!([None, Some(0), Some(7), Some(5_000)].map(page_limit), [20, 1, 7, 100]);
    }
}
