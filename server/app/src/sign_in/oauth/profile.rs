//! Who somebody is to a provider, read out of what the provider says.

use serde_json::Value;
use waystation_ids::Email;

use crate::config::ProviderSettings;
use crate::sign_in::oauth::failure::OauthFailure;
use crate::sign_in::oauth::id_token::{Claims, is_true};

const SUBJECT_LENGTH_MAX: usize = 255;
const NAME_LENGTH_MAX: usize = 128;

/// Who somebody is to a provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Profile {
    /// Who says so.
    pub(super) issuer: String,
    /// Whom it means: for good, and nobody else.
    pub(super) subject: String,
    /// The address, and whether the provider asserts that it is the person's.
    pub(super) email: Option<(Email, Verified)>,
    /// What the person is called.
    pub(super) name: Option<String>,
}

/// Whether a provider asserts that an address is the person's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verified {
    /// It does.
    Yes,
    /// It does not: anybody may have written it there.
    No,
}

impl Profile {
    /// The address, if the provider asserts that it is the person's.
    pub(super) fn verified_email(&self) -> Option<&Email> {
        match &self.email {
            Some((email, Verified::Yes)) => Some(email),
            _ => None,
        }
    }

    /// GitHub's answers at `/user` and `/user/emails`. The id lasts; the name that people sign in with there does not.
    pub(super) fn of_github(issuer: String, user: &Value, emails: &Value) -> Result<Self, OauthFailure> {
        let primary = emails
            .as_array()
            .into_iter()
            .flatten()
            .find(|row| row["primary"] == Value::Bool(true) && row["verified"] == Value::Bool(true));
        let name = name_of(user.get("name")).or_else(|| name_of(user.get("login")));
        Ok(Profile {
            issuer,
            subject: number_of(user.get("id"))?,
            email: primary.and_then(|row| email_of(row.get("email"), Verified::Yes)),
            name,
        })
    }

    /// LINUX DO's answer. Its addresses are not verified.
    pub(super) fn of_linux_do(
        issuer: String,
        user: &Value,
        min_trust_level: u32,
    ) -> Result<Self, OauthFailure> {
        let trust_level = user.get("trust_level").and_then(Value::as_u64).filter(|level| *level <= 4);
        let is_active = user.get("active") == Some(&Value::Bool(true));
        let is_trusted = min_trust_level == 0 || trust_level >= Some(u64::from(min_trust_level));
        if !is_active || !is_trusted {
            return Err(OauthFailure::AccountNotAllowed);
        }
        Ok(Profile {
            issuer,
            subject: number_of(user.get("id"))?,
            email: email_of(user.get("email"), Verified::No),
            name: name_of(user.get("name")).or_else(|| name_of(user.get("username"))),
        })
    }

    /// Whatever document a provider has, read where the settings say.
    pub(super) fn of_document(
        issuer: String,
        document: &Value,
        settings: &ProviderSettings,
    ) -> Result<Self, OauthFailure> {
        let at = |pointer: &str| document.pointer(pointer);
        let verified =
            if is_true(at(&settings.email_verified_pointer)) { Verified::Yes } else { Verified::No };
        Ok(Profile {
            issuer,
            subject: subject_of(at(&settings.subject_pointer))?,
            email: email_of(at(&settings.email_pointer), verified),
            name: name_of(at(&settings.name_pointer)),
        })
    }

    /// The claims of an id token.
    pub(super) fn of_claims(issuer: String, claims: &Claims) -> Self {
        let verified = if claims.is_email_verified() { Verified::Yes } else { Verified::No };
        let text = |text: &Option<String>| text.clone().map(Value::String);
        Profile {
            issuer,
            subject: claims.sub.clone(),
            email: email_of(text(&claims.email).as_ref(), verified),
            name: name_of(text(&claims.name).as_ref()),
        }
    }

    /// What the provider's userinfo document adds, if it is about the same person (Core 1.0, section 5.3.2).
    pub(super) fn add_userinfo(&mut self, document: &Value) -> Result<(), OauthFailure> {
        if document.get("sub").and_then(Value::as_str) != Some(&self.subject) {
            return Err(OauthFailure::InvalidAnswer("the userinfo is about another subject"));
        }
        let verified = if is_true(document.get("email_verified")) { Verified::Yes } else { Verified::No };
        if self.email.is_none() {
            self.email = email_of(document.get("email"), verified);
        }
        if self.name.is_none() {
            self.name = name_of(document.get("name"));
        }
        Ok(())
    }
}

/// An id that must be a number: as text it could be what people choose.
fn number_of(value: Option<&Value>) -> Result<String, OauthFailure> {
    value
        .and_then(Value::as_u64)
        .filter(|number| *number > 0)
        .map(|number| number.to_string())
        .ok_or(OauthFailure::InvalidAnswer("the person's id is no number"))
}

fn subject_of(value: Option<&Value>) -> Result<String, OauthFailure> {
    let text = match value {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Number(number)) if number.is_u64() || number.is_i64() => number.to_string(),
        _ => return Err(OauthFailure::InvalidAnswer("there is no id of the person")),
    };
    let is_plain = !text.is_empty() && text.len() <= SUBJECT_LENGTH_MAX && !text.contains('\0');
    if is_plain && text.trim() == text {
        Ok(text)
    } else {
        Err(OauthFailure::InvalidAnswer("the person's id is none that can be kept"))
    }
}

fn email_of(value: Option<&Value>, verified: Verified) -> Option<(Email, Verified)> {
    value.and_then(Value::as_str).and_then(|text| text.parse().ok()).map(|email| (email, verified))
}

fn name_of(value: Option<&Value>) -> Option<String> {
    let text = value.and_then(Value::as_str)?;
    let plain: String = text.chars().filter(|letter| !letter.is_control()).take(NAME_LENGTH_MAX).collect();
    Some(plain.trim().to_owned()).filter(|name| !name.is_empty())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::config::{Config, Flags, load_values};

    fn github(user: &Value, emails: &Value) -> Result<Profile, OauthFailure> {
        Profile::of_github("https://github.com".to_owned(), user, emails)
    }

    #[test]
    fn githubs_primary_verified_address_counts_and_no_other() {
        let user = json!({"id": 583231, "login": "octocat", "name": null, "email": "public@example.org"});
        let row = |email: &str, primary: bool, verified: bool| json!({"email": email, "primary": primary, "verified": verified, "visibility": null});
        let emails = json!([row("old@example.org", false, true), row("Ann@Example.org", true, true)]);
        let profile = github(&user, &emails).unwrap();
        assert_eq!(profile.verified_email().map(Email::as_str), Some("ann@example.org"));
        assert_eq!((profile.subject.as_str(), profile.name.as_deref()), ("583231", Some("octocat")));
        for emails in [
            json!([row("ann@example.org", true, false), row("b@example.org", false, true)]),
            json!([{"email": "ann@example.org", "primary": true, "verified": "true"}]),
            json!([{"email": 7, "primary": true, "verified": true}]),
            json!([]),
            json!({}),
            json!(null),
        ] {
            assert_eq!(github(&user, &emails).unwrap().email, None, "{emails}");
        }
    }

    #[test]
    fn an_id_that_is_no_number_is_nobody_at_github_and_linux_do() {
        for id in [json!(null), json!("583231"), json!(0), json!(-1), json!(1.5), json!([1]), json!({})] {
            assert!(github(&json!({"id": id, "login": "x"}), &json!([])).is_err(), "{id}");
            let user = json!({"id": id, "active": true, "trust_level": 4});
            assert!(Profile::of_linux_do(String::new(), &user, 0).is_err(), "{id}");
        }
        assert!(github(&json!({"login": "x"}), &json!([])).is_err());
    }

    #[test]
    fn linux_do_lets_in_by_trust_level_and_never_verifies_an_address() {
        let user = |trust_level: Value, active: Value| {
            json!({
                "id": 7, "username": "ann", "name": "", "active": active, "trust_level": trust_level,
                "email": "ann@example.org", "email_verified": true, "silenced": false,
            })
        };
        let read = |user: &Value, min: u32| Profile::of_linux_do(String::new(), user, min);
        let profile = read(&user(json!(2), json!(true)), 2).unwrap();
        assert_eq!((profile.verified_email(), profile.name.as_deref()), (None, Some("ann")));
        assert!(profile.email.is_some());
        for (trust_level, active, min) in [
            (json!(1), json!(true), 2),
            (json!("4"), json!(true), 2),
            (json!(5), json!(true), 2),
            (json!(-1), json!(true), 1),
            (json!(null), json!(true), 1),
            (json!(4), json!(false), 0),
            (json!(4), json!("true"), 0),
            (json!(4), json!(null), 0),
        ] {
            let refused = read(&user(trust_level.clone(), active.clone()), min);
            assert!(matches!(refused, Err(OauthFailure::AccountNotAllowed)), "{trust_level} {active} {min}");
        }
    }

    #[test]
    fn any_document_is_read_where_the_settings_say() {
        let settings = [
            ("oauth.x.kind", "oauth2"),
            ("oauth.x.client_id", "x"),
            ("oauth.x.authorize_url", "https://x.example/a"),
            ("oauth.x.token_url", "https://x.example/t"),
            ("oauth.x.userinfo_url", "https://x.example/u"),
            ("oauth.x.subject_pointer", "/data/id"),
            ("oauth.x.email_pointer", "/data/mail"),
            ("oauth.x.email_verified_pointer", "/data/checked"),
            ("oauth.x.name_pointer", "/data/names/0"),
        ];
        let settings = settings.map(|(name, text)| (name.to_owned(), text.to_owned())).to_vec();
        let values = load_values(&Flags { file: None, settings }, |_: &str| None).unwrap();
        let config = Config::from_values(&values).unwrap();
        let read = |document: &Value| Profile::of_document("i".to_owned(), document, &config.oauth[0]);
        let document =
            json!({"data": {"id": "A b", "mail": "a@b.c", "checked": true, "names": ["\u{7}Ann "]}});
        let profile = read(&document).unwrap();
        assert_eq!(profile.verified_email().map(Email::as_str), Some("a@b.c"));
        assert_eq!((profile.subject.as_str(), profile.name.as_deref()), ("A b", Some("Ann")));
        let unchecked = read(&json!({"data": {"id": 7, "mail": "a@b.c", "checked": 1}})).unwrap();
        assert_eq!((unchecked.subject.as_str(), unchecked.verified_email()), ("7", None));
        for id in [json!(null), json!(""), json!(" a"), json!(true), json!(1.5), json!({}), json!("a\0")] {
            assert!(read(&json!({"data": {"id": id}})).is_err(), "{id}");
        }
        assert!(read(&json!({"data": {"id": "a".repeat(256)}})).is_err());
    }

    #[test]
    fn userinfo_about_another_subject_is_refused_and_an_own_address_is_not_replaced() {
        let profile = Profile {
            issuer: "i".to_owned(),
            subject: "s".to_owned(),
            email: Some(("a@b.c".parse().unwrap(), Verified::No)),
            name: None,
        };
        for document in [json!({}), json!({"sub": "t"}), json!({"sub": 1}), json!([]), json!(null)] {
            assert!(profile.clone().add_userinfo(&document).is_err(), "{document}");
        }
        let mut same = profile.clone();
        let document = json!({"sub": "s", "email": "x@y.z", "email_verified": true, "name": "Ann"});
        same.add_userinfo(&document).unwrap();
        assert_eq!(same, Profile { name: Some("Ann".to_owned()), ..profile });
    }
}
