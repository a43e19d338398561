//! The languages of what the app itself says: the tray, notifications and charts.

use serde::{Deserialize, Serialize};

/// A language.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Language {
    /// English.
    #[default]
    #[serde(rename = "en")]
    English,
    /// Chinese, in simplified characters.
    #[serde(rename = "zh-CN")]
    Chinese,
}

impl Language {
    /// The language of a locale's name, such as `zh_CN.UTF-8`; English where it is none of ours.
    pub fn of_locale(locale: &str) -> Self {
        let is_chinese = locale.get(..2).is_some_and(|start| start.eq_ignore_ascii_case("zh"));
        if is_chinese { Language::Chinese } else { Language::English }
    }

    /// One of two texts.
    pub fn pick<'a>(self, english: &'a str, chinese: &'a str) -> &'a str {
        match self {
            Language::English => english,
            Language::Chinese => chinese,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_locale_gives_its_language_or_english() {
        for locale in ["zh_CN.UTF-8", "zh-Hans-CN", "ZH"] {
            assert_eq!(Language::of_locale(locale), Language::Chinese, "{locale}");
        }
        for locale in ["en_US.UTF-8", "de_DE", "C", "", "z", "é"] {
            assert_eq!(Language::of_locale(locale), Language::English, "{locale}");
        }
    }
}
