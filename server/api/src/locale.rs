//! The languages that people are written to in.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A language of mails.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
pub enum Locale {
    /// English.
    #[default]
    #[serde(rename = "en")]
    En,
    /// Chinese as it is written in mainland China.
    #[serde(rename = "zh-CN")]
    ZhCn,
}

impl Locale {
    /// The tag used in JSON and in stored rows.
    pub const fn tag(self) -> &'static str {
        match self {
            Locale::En => "en",
            Locale::ZhCn => "zh-CN",
        }
    }

    /// The language of that tag.
    pub fn from_tag(tag: &str) -> Option<Self> {
        [Locale::En, Locale::ZhCn].into_iter().find(|locale| locale.tag() == tag)
    }
}
