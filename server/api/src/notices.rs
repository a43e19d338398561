//! What the site tells its people.

use serde::{Deserialize, Serialize};
use thiserror::Error;
use utoipa::ToSchema;
use waystation_ids::NoticeId;

use crate::error::FieldCode;
use crate::object::{object, object_or_null};
use crate::patch::given;
use crate::time::Time;

const TITLE_LENGTH_MAX: usize = 200;
const TEXT_LENGTH_MAX: usize = 5_000;

/// A text in both languages of the site, or in one of them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Translated {
    /// In Chinese; null: not written.
    #[serde(rename = "zh-CN")]
    pub zh_cn: Option<String>,
    /// In English; null: not written.
    pub en: Option<String>,
}

/// How much a notice matters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum NoticeLevel {
    /// Good to know.
    #[default]
    Info,
    /// Something is, or will be, different from usual.
    Warning,
    /// Something does not work.
    Critical,
}

/// Whom a notice is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum NoticeAudience {
    /// Everybody who is signed in.
    #[default]
    All,
    /// Everybody who has a part in running the site: every role but `user`.
    Admins,
}

/// A notice to make.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NoticeCreate {
    /// The title, at most 200 characters in a language; one language at least.
    #[serde(deserialize_with = "object")]
    pub title: Translated,
    /// The text, at most 5,000 characters in a language; kept and shown as it is, as text.
    #[serde(default, deserialize_with = "object")]
    pub text: Translated,
    /// How much it matters.
    #[serde(default)]
    pub level: NoticeLevel,
    /// Whom it is for.
    #[serde(default)]
    pub audience: NoticeAudience,
    /// From when on it is shown; at once, unless given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub starts_at: Option<Time>,
    /// From when on it is not shown any more; never, unless given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ends_at: Option<Time>,
}

/// What to change of a notice. Fields left out stay as they are.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct NoticeUpdate {
    /// The title in all its languages.
    #[serde(deserialize_with = "object_or_null", skip_serializing_if = "Option::is_none")]
    pub title: Option<Translated>,
    /// The text in all its languages.
    #[serde(deserialize_with = "object_or_null", skip_serializing_if = "Option::is_none")]
    pub text: Option<Translated>,
    /// How much it matters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub level: Option<NoticeLevel>,
    /// Whom it is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub audience: Option<NoticeAudience>,
    /// From when on it is shown; null: since ever.
    #[serde(deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Time>)]
    pub starts_at: Option<Option<Time>>,
    /// From when on it is not shown any more; null: never.
    #[serde(deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Time>)]
    pub ends_at: Option<Option<Time>>,
}

/// What the site tells its people for a while.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Notice {
    /// Its id.
    #[schema(value_type = String, example = "ntc_06ft3r5yx1v2k4m7q9s0t2w6z0")]
    pub id: NoticeId,
    /// The title.
    pub title: Translated,
    /// The text, to be shown as text.
    pub text: Translated,
    /// How much it matters.
    pub level: NoticeLevel,
    /// Whom it is for.
    pub audience: NoticeAudience,
    /// From when on it is shown; null: since ever.
    pub starts_at: Option<Time>,
    /// From when on it is not shown any more; null: never.
    pub ends_at: Option<Time>,
    /// When it was made.
    pub created_at: Time,
    /// When it was last changed.
    pub updated_at: Time,
}

/// A notice as those see it whom it is for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CurrentNotice {
    /// Its id.
    #[schema(value_type = String)]
    pub id: NoticeId,
    /// The title.
    pub title: Translated,
    /// The text, to be shown as text.
    pub text: Translated,
    /// How much it matters.
    pub level: NoticeLevel,
    /// From when on it is shown; null: since ever.
    pub starts_at: Option<Time>,
    /// From when on it is not shown any more; null: never.
    pub ends_at: Option<Time>,
    /// When it was last changed.
    pub updated_at: Time,
}

/// A field of a notice whose value cannot be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum NoticeFieldError {
    /// There is a title in no language.
    #[error("is needed in one language at least")]
    NoTitle,
    /// The title is too long or has more than one line; the field of the language.
    #[error("is one line of at most 200 characters")]
    Title(&'static str),
    /// The text is too long or holds what cannot be seen; the field of the language.
    #[error("is at most 5000 characters, none of them a control character")]
    Text(&'static str),
    /// It would end before it begins.
    #[error("is not after starts_at")]
    Span,
}

impl NoticeFieldError {
    /// What is wrong with the field, for programs.
    pub fn code(self) -> FieldCode {
        match self {
            NoticeFieldError::NoTitle => FieldCode::Required,
            NoticeFieldError::Title(_) | NoticeFieldError::Text(_) => FieldCode::TooLong,
            NoticeFieldError::Span => FieldCode::OutOfRange,
        }
    }

    /// The path of the field at fault.
    pub fn field(self) -> &'static str {
        match self {
            NoticeFieldError::NoTitle => "title",
            NoticeFieldError::Title(field) | NoticeFieldError::Text(field) => field,
            NoticeFieldError::Span => "ends_at",
        }
    }
}

impl NoticeCreate {
    /// The notice with every text trimmed and an empty one left out, if every field can be.
    pub fn checked(self) -> Result<NoticeCreate, NoticeFieldError> {
        let (title, text) = (trimmed(self.title), trimmed(self.text));
        if title == Translated::default() {
            return Err(NoticeFieldError::NoTitle);
        }
        for (title, field) in [(&title.zh_cn, "title.zh-CN"), (&title.en, "title.en")] {
            let fits = |title: &String| {
                title.chars().count() <= TITLE_LENGTH_MAX && !title.chars().any(char::is_control)
            };
            if title.as_ref().is_some_and(|title| !fits(title)) {
                return Err(NoticeFieldError::Title(field));
            }
        }
        for (text, field) in [(&text.zh_cn, "text.zh-CN"), (&text.en, "text.en")] {
            let is_plain = |letter: char| !letter.is_control() || matches!(letter, '\n' | '\r' | '\t');
            let fits = |text: &String| text.chars().count() <= TEXT_LENGTH_MAX && text.chars().all(is_plain);
            if text.as_ref().is_some_and(|text| !fits(text)) {
                return Err(NoticeFieldError::Text(field));
            }
        }
        if matches!((self.starts_at, self.ends_at), (Some(start), Some(end)) if end <= start) {
            return Err(NoticeFieldError::Span);
        }
        Ok(NoticeCreate { title, text, ..self })
    }
}

impl NoticeUpdate {
    /// What the notice would be made of if it were made so, out of what it is now.
    pub fn applied_to(self, notice: Notice) -> NoticeCreate {
        NoticeCreate {
            title: self.title.unwrap_or(notice.title),
            text: self.text.unwrap_or(notice.text),
            level: self.level.unwrap_or(notice.level),
            audience: self.audience.unwrap_or(notice.audience),
            starts_at: self.starts_at.unwrap_or(notice.starts_at),
            ends_at: self.ends_at.unwrap_or(notice.ends_at),
        }
    }
}

fn trimmed(text: Translated) -> Translated {
    let trim = |text: Option<String>| text.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
    Translated { zh_cn: trim(text.zh_cn), en: trim(text.en) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(body: &str) -> Result<NoticeCreate, &'static str> {
        serde_json::from_str::<NoticeCreate>(body).unwrap().checked().map_err(NoticeFieldError::field)
    }

    #[test]
    fn a_notice_is_in_one_language_at_least_and_kept_as_it_is_written() {
        let notice =
            check(r#"{"title":{"en":" Maintenance "},"text":{"en":"**tonight**\n<b>","zh-CN":" "}}"#);
        let notice = notice.unwrap();
        assert_eq!(notice.title, Translated { zh_cn: None, en: Some("Maintenance".to_owned()) });
        assert_eq!(notice.text, Translated { zh_cn: None, en: Some("**tonight**\n<b>".to_owned()) });
        assert_eq!(check(r#"{"title":{"zh-CN":"维护"}}"#).unwrap().level, NoticeLevel::Info);
    }

    #[test]
    fn what_cannot_be_is_refused_with_its_field() {
        let long = |length: usize| "字".repeat(length);
        for (body, field) in [
            (r#"{"title":{}}"#.to_owned(), "title"),
            (r#"{"title":{"en":"  "}}"#.to_owned(), "title"),
            (r#"{"title":{"en":"a\nb"}}"#.to_owned(), "title.en"),
            (format!(r#"{{"title":{{"zh-CN":"{}"}}}}"#, long(201)), "title.zh-CN"),
            (format!(r#"{{"title":{{"en":"a"}},"text":{{"en":"{}"}}}}"#, long(5_001)), "text.en"),
            (r#"{"title":{"en":"a"},"text":{"zh-CN":"\u0000"}}"#.to_owned(), "text.zh-CN"),
            (
                r#"{"title":{"en":"a"},"starts_at":"2026-01-02T00:00:00Z","ends_at":"2026-01-02T00:00:00Z"}"#
                    .to_owned(),
                "ends_at",
            ),
        ] {
            assert_eq!(check(&body).unwrap_err(), field, "{body}");
        }
        assert!(serde_json::from_str::<NoticeCreate>(r#"{"title":["a","b"]}"#).is_err());
    }

    #[test]
    fn a_change_tells_null_from_silence() {
        let notice = Notice {
            id: NoticeId::new(1, [0; 10]),
            title: Translated { zh_cn: None, en: Some("a".to_owned()) },
            text: Translated::default(),
            level: NoticeLevel::Warning,
            audience: NoticeAudience::All,
            starts_at: Some(Time::from_unix_ms(1)),
            ends_at: Some(Time::from_unix_ms(2)),
            created_at: Time::from_unix_ms(0),
            updated_at: Time::from_unix_ms(0),
        };
        let change: NoticeUpdate = serde_json::from_str(r#"{"ends_at":null,"audience":"admins"}"#).unwrap();
        let changed = change.applied_to(notice.clone());
        assert_eq!((changed.starts_at, changed.ends_at), (notice.starts_at, None));
        assert_eq!((changed.audience, changed.level), (NoticeAudience::Admins, NoticeLevel::Warning));
        assert_eq!(changed.title, notice.title);
    }
}
