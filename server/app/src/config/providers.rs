//! Identity providers: as many as an operator names, each with the same settings.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::path::Path;

use url::Url;

use crate::config::origin::{
    ConfigError, Environment, Origin, Values, check, nearest_name, read_text, text_of,
};
use crate::config::settings::Setting;
use crate::config::value::{ClientAuthentication, ProviderKind, Secret, SettingValue};

/// What the full names of providers' settings begin with.
pub(super) const PROVIDERS_PREFIX: &str = "oauth.";
const VARIABLES_PREFIX: &str = "WAYSTATION_OAUTH_";
const NAME_LENGTH_MAX: usize = 32;
const ISSUER_LENGTH_MAX: usize = 255;

/// What was set, by the provider's name.
pub(super) type ProviderValues = BTreeMap<String, BTreeMap<&'static str, (String, Origin)>>;

macro_rules! provider_settings {
    ($($(#[doc = $text:literal])+ $(secret $secret:ident)? $name:literal $field:ident : $type:ty = $default:literal;)+) => {
        /// One identity provider, read and checked.
        #[derive(Clone, Debug)]
        pub(crate) struct ProviderSettings {
            /// What it is called in addresses and settings.
            pub(crate) name: String,
            $($(#[doc = $text])+ pub(crate) $field: $type,)+
        }

        /// Every setting that a provider has, in the order of the documentation.
        pub(crate) const PROVIDER_SETTINGS: &[Setting] = &[
            $(Setting {
                name: $name,
                default: $default,
                secret: is_secret!($($secret)?),
                is_live: false,
                kind: <$type as SettingValue>::KIND,
                text: concat!($($text),+),
                check: |text| <$type as SettingValue>::read(text).map(drop),
            },)+
        ];

        impl ProviderSettings {
            fn read(name: &str, values: &BTreeMap<&'static str, (String, Origin)>) -> Result<Self, ConfigError> {
                Ok(ProviderSettings {
                    name: name.to_owned(),
                    $($field: read_one::<$type>(name, values, $name)?,)+
                })
            }
        }
    };
}

macro_rules! is_secret {
    () => {
        false
    };
    (text) => {
        true
    };
}

provider_settings! {
    /// How it speaks: `github`, `google`, `linuxdo`, `oidc` or `oauth2`; unless set, what its name says.
    "kind" kind: Option<ProviderKind> = "";
    /// What it knows this site by.
    "client_id" client_id: Option<String> = "";
    /// What this site proves itself with.
    secret text "client_secret" client_secret: Option<Secret> = "";
    /// How it does: `basic` (a header) or `body`; unless set, as the provider wants it.
    "client_auth" client_auth: Option<ClientAuthentication> = "";
    /// What people read on the button; the provider's name unless set.
    "display_name" display_name: Option<String> = "";
    /// Who says so: the `issuer` of OpenID Connect, exactly as the provider writes it; needed for `oidc`. People are known by it, so that changing it makes them strangers.
    "issuer" issuer: Option<String> = "";
    /// Where people are sent, in place of the provider's own address; needed for `oauth2`.
    "authorize_url" authorize_url: Option<Url> = "";
    /// Where their code is exchanged, in place of the provider's own address; needed for `oauth2`.
    "token_url" token_url: Option<Url> = "";
    /// Where it is told who they are, in place of the provider's own address; needed for `oauth2`.
    "userinfo_url" userinfo_url: Option<Url> = "";
    /// What is asked for, separated by commas; unless set, what the kind needs.
    "scopes" scopes: Vec<String> = "";
    /// For `oauth2`: where the person's lasting id is in that document, as a JSON pointer.
    "subject_pointer" subject_pointer: String = "/sub";
    /// For `oauth2`: where the e-mail address is.
    "email_pointer" email_pointer: String = "/email";
    /// For `oauth2`: where it says whether the address was verified. Set it only for a provider that verifies.
    "email_verified_pointer" email_verified_pointer: String = "/email_verified";
    /// For `oauth2`: where the person's name is.
    "name_pointer" name_pointer: String = "/name";
    /// For `linuxdo`: the lowest trust level that is let in.
    "min_trust_level" min_trust_level: u32 = "0";
    /// Whether people nobody here knows may register by it, as far as `auth.registration` lets anybody.
    "auto_register" auto_register: bool = "true";
    /// Whether its addresses may be `http` and lie in private networks.
    "allow_private_network" allow_private_network: bool = "false";
}

impl ProviderSettings {
    /// How it speaks.
    pub(crate) fn kind(&self) -> ProviderKind {
        self.kind.or_else(|| ProviderKind::read(&self.name).ok()).unwrap_or(ProviderKind::Oidc)
    }

    /// What is missing, or does not go together: the setting and what is wrong with it.
    fn find_fault(&self) -> Option<(&'static str, &'static str)> {
        let is_kind_known = self.kind.is_some() || ProviderKind::read(&self.name).is_ok();
        let urls = [
            ("authorize_url", &self.authorize_url),
            ("token_url", &self.token_url),
            ("userinfo_url", &self.userinfo_url),
        ];
        let issuer = self.issuer.as_deref().map(Url::read);
        if !is_kind_known {
            return Some(("kind", "must be set: github, google, linuxdo, oidc or oauth2"));
        }
        if self.client_id.is_none() {
            return Some(("client_id", "must be set"));
        }
        if self.kind() == ProviderKind::Oidc && issuer.is_none() {
            return Some(("issuer", "must be set for a provider of this kind"));
        }
        let is_issuer_bad = |issuer: &Result<Url, String>| {
            issuer.as_ref().map_or(true, |url| !self.may_ask(url) || url.query().is_some())
        };
        if issuer.as_ref().is_some_and(is_issuer_bad)
            || self.issuer.as_ref().is_some_and(|text| text.len() > ISSUER_LENGTH_MAX)
        {
            return Some(("issuer", "must be an https address without a query, of at most 255 characters"));
        }
        for (name, url) in urls {
            match url {
                None if self.kind() == ProviderKind::OAuth2 => {
                    return Some((name, "must be set for a provider of this kind"));
                }
                Some(url) if !self.may_ask(url) => {
                    return Some((name, "must be an https address, unless allow_private_network is set"));
                }
                // It may stand for the issuer.
                Some(url) if url.as_str().len() > ISSUER_LENGTH_MAX => {
                    return Some((name, "must be an address of at most 255 characters"));
                }
                _ => {}
            }
        }
        let pointers = [
            ("subject_pointer", &self.subject_pointer),
            ("email_pointer", &self.email_pointer),
            ("email_verified_pointer", &self.email_verified_pointer),
            ("name_pointer", &self.name_pointer),
        ];
        let wrong = pointers.into_iter().find(|(_, pointer)| !pointer.starts_with('/'));
        if let Some((name, _)) = wrong {
            return Some((name, "must be a JSON pointer such as /user/id"));
        }
        (self.min_trust_level > 4).then_some(("min_trust_level", "must be 0 to 4"))
    }

    /// Whether an address may be asked at all; where it lies is judged when connecting.
    pub(crate) fn may_ask(&self, url: &Url) -> bool {
        match url.scheme() {
            "https" => true,
            "http" => self.allow_private_network,
            _ => false,
        }
    }
}

impl Values {
    /// Reads every provider.
    pub(super) fn read_providers(&self) -> Result<Vec<ProviderSettings>, ConfigError> {
        self.providers.iter().map(|(name, values)| read_provider(name, values)).collect()
    }

    /// Every setting of every provider, by its full name.
    pub(crate) fn list_provider_settings(
        &self,
    ) -> impl Iterator<Item = (String, &'static Setting, &str, Origin)> {
        self.providers.iter().flat_map(|(provider, values)| {
            PROVIDER_SETTINGS.iter().map(move |setting| {
                let (text, origin) = text_of(values, setting);
                (full_name(provider, setting.name), setting, text, origin)
            })
        })
    }
}

/// Takes a value whose name, behind [`PROVIDERS_PREFIX`], is that of a provider and its setting.
pub(super) fn set_provider(
    providers: &mut ProviderValues,
    name: &str,
    text: String,
    origin: Origin,
) -> Result<(), ConfigError> {
    let (provider, field) = name.split_once('.').unwrap_or((name, ""));
    if !is_provider_name(provider) {
        let reason = format!("is named by at most {NAME_LENGTH_MAX} of a-z, 0-9 and _, a letter first");
        return Err(ConfigError::Value { name: format!("{PROVIDERS_PREFIX}{provider}"), origin, reason });
    }
    let Some(setting) = PROVIDER_SETTINGS.iter().find(|setting| setting.name == field) else {
        let nearest = full_name(provider, nearest_name(PROVIDER_SETTINGS, field));
        return Err(ConfigError::Unknown { name: full_name(provider, field), origin, nearest });
    };
    check(setting, &full_name(provider, field), &text, &origin)?;
    providers.entry(provider.to_owned()).or_default().insert(setting.name, (text, origin));
    Ok(())
}

/// A value out of the environment.
pub(super) struct VariableText {
    /// The variable.
    pub(super) variable: String,
    /// Its value, or what is in the file that it names.
    pub(super) text: String,
}

/// Everything the environment says about providers, by the settings' full names.
pub(super) fn provider_variables(
    environment: &impl Environment,
) -> Result<Vec<(String, VariableText)>, ConfigError> {
    let mut found = BTreeMap::new();
    for variable in environment.names() {
        let Some(rest) = variable.strip_prefix(VARIABLES_PREFIX) else { continue };
        let Some(text) = environment.get(&variable).filter(|text| !text.is_empty()) else { continue };
        let Some((provider, setting, is_file)) = read_variable(rest) else {
            let (provider, field) = rest.split_once('_').unwrap_or((rest, ""));
            let nearest = nearest_name(PROVIDER_SETTINGS, &field.to_lowercase()).to_uppercase();
            let nearest = format!("{VARIABLES_PREFIX}{provider}_{nearest}");
            let origin = Origin::Variable(variable.clone());
            return Err(ConfigError::Unknown { name: variable, origin, nearest });
        };
        let name = full_name(&provider, setting.name);
        if !is_file {
            found.insert(name, VariableText { variable, text });
        } else if let Entry::Vacant(place) = found.entry(name) {
            let text = read_text(Path::new(&text))?.trim().to_owned();
            place.insert(VariableText { variable, text });
        }
    }
    Ok(found.into_iter().collect())
}

/// Which provider and setting a variable means, and whether its value is the name of a file. The longest setting
/// that fits is meant.
fn read_variable(rest: &str) -> Option<(String, &'static Setting, bool)> {
    let split = |setting: &'static Setting, ending: &str| {
        let ending = format!("_{}{ending}", setting.name.to_uppercase());
        let provider = rest.strip_suffix(&ending).filter(|provider| !provider.is_empty())?;
        Some((provider.to_lowercase(), setting, ending.len()))
    };
    let plain = PROVIDER_SETTINGS.iter().filter_map(|setting| split(setting, "").map(|found| (found, false)));
    let in_files = PROVIDER_SETTINGS.iter().filter(|setting| setting.secret);
    let in_files = in_files.filter_map(|setting| split(setting, "_FILE").map(|found| (found, true)));
    let ((provider, setting, _), is_file) =
        plain.chain(in_files).max_by_key(|((_, _, length), _)| *length)?;
    Some((provider, setting, is_file))
}

fn read_provider(
    name: &str,
    values: &BTreeMap<&'static str, (String, Origin)>,
) -> Result<ProviderSettings, ConfigError> {
    let provider = ProviderSettings::read(name, values)?;
    match provider.find_fault() {
        None => Ok(provider),
        Some((field, reason)) => {
            let origin = values.get(field).map_or(Origin::Default, |(_, origin)| origin.clone());
            Err(ConfigError::Value { name: full_name(name, field), origin, reason: reason.to_owned() })
        }
    }
}

fn read_one<T: SettingValue>(
    provider: &str,
    values: &BTreeMap<&'static str, (String, Origin)>,
    field: &'static str,
) -> Result<T, ConfigError> {
    let (text, origin) = match values.get(field) {
        Some((text, origin)) => (text.as_str(), origin.clone()),
        None => {
            let setting = PROVIDER_SETTINGS.iter().find(|setting| setting.name == field);
            (setting.map_or("", |setting| setting.default), Origin::Default)
        }
    };
    T::read(text).map_err(|reason| ConfigError::Value { name: full_name(provider, field), origin, reason })
}

fn full_name(provider: &str, field: &str) -> String {
    format!("{PROVIDERS_PREFIX}{provider}.{field}")
}

fn is_provider_name(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    text.len() <= NAME_LENGTH_MAX
        && text.starts_with(|first: char| first.is_ascii_lowercase())
        && text.bytes().all(plain)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Config, Flags, load_values};

    /// An environment of these variables.
    struct Variables(Vec<(String, String)>);

    impl Environment for Variables {
        fn get(&self, name: &str) -> Option<String> {
            self.0.iter().find(|(known, _)| known == name).map(|(_, text)| text.clone())
        }

        fn names(&self) -> Vec<String> {
            self.0.iter().map(|(name, _)| name.clone()).collect()
        }
    }

    fn load(variables: &[(&str, &str)], settings: &[(&str, &str)]) -> Result<Config, ConfigError> {
        let owned = |pairs: &[(&str, &str)]| -> Vec<(String, String)> {
            pairs.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect()
        };
        let flags = Flags { file: None, settings: owned(settings) };
        Config::from_values(&load_values(&flags, Variables(owned(variables)))?)
    }

    fn refusal(variables: &[(&str, &str)], settings: &[(&str, &str)]) -> String {
        load(variables, settings).unwrap_err().to_string()
    }

    #[test]
    fn a_provider_is_read_from_variables_and_settings_together() {
        let config = load(
            &[
                ("WAYSTATION_OAUTH_MY_SSO_KIND", "oidc"),
                ("WAYSTATION_OAUTH_MY_SSO_CLIENT_ID", "one"),
                ("WAYSTATION_OAUTH_MY_SSO_DISPLAY_NAME", "Our SSO"),
                ("WAYSTATION_OAUTH_MY_SSO_ISSUER", "https://id.example.com"),
            ],
            &[
                ("oauth.my_sso.client_id", "two"),
                ("oauth.github.client_id", "x"),
                ("oauth.github.client_secret", "hunter2"),
            ],
        );
        let config = config.unwrap();
        let [github, sso] = &config.oauth[..] else { panic!("{:?}", config.oauth) };
        assert_eq!((github.kind(), github.name.as_str()), (ProviderKind::Github, "github"));
        assert_eq!(sso.kind(), ProviderKind::Oidc);
        assert_eq!((sso.client_id.as_deref(), sso.display_name.as_deref()), (Some("two"), Some("Our SSO")));
        assert!(!format!("{config:?}").contains("hunter2"));
    }

    #[test]
    fn a_providers_secret_may_stand_in_a_file_of_its_own() {
        let path = std::env::temp_dir().join(format!("waystation-provider-secret-{}", std::process::id()));
        std::fs::write(&path, "hunter2\n").unwrap();
        let variables = [
            ("WAYSTATION_OAUTH_GITHUB_CLIENT_ID", "x"),
            ("WAYSTATION_OAUTH_GITHUB_CLIENT_SECRET_FILE", path.to_str().unwrap()),
        ];
        let config = load(&variables, &[]).unwrap();
        std::fs::remove_file(&path).unwrap();
        assert_eq!(config.oauth[0].client_secret.as_ref().map(Secret::reveal), Some("hunter2"));
    }

    #[test]
    fn an_unknown_setting_of_a_provider_is_refused_with_the_nearest_known_one() {
        let text = refusal(&[], &[("oauth.github.clientid", "x")]);
        assert!(text.contains("oauth.github.clientid") && text.ends_with("oauth.github.client_id"), "{text}");
        let text = refusal(&[("WAYSTATION_OAUTH_GITHUB_CLIENTID", "x")], &[]);
        assert!(text.ends_with("the nearest is WAYSTATION_OAUTH_GITHUB_CLIENT_ID"), "{text}");
        let text = refusal(&[], &[("oauth.github", "x")]);
        assert!(text.contains("there is no setting oauth.github."), "{text}");
    }

    #[test]
    fn what_a_kind_needs_must_be_there() {
        let of = |settings: &[(&str, &str)]| refusal(&[], settings);
        assert!(of(&[("oauth.sso.client_id", "x")]).contains("oauth.sso.kind (default) must be set"));
        assert!(of(&[("oauth.sso.kind", "oidc")]).contains("oauth.sso.client_id (default) must be set"));
        let oidc = [("oauth.sso.kind", "oidc"), ("oauth.sso.client_id", "x")];
        assert!(of(&oidc).contains("oauth.sso.issuer (default) must be set"));
        let oauth2 = [("oauth.x.kind", "oauth2"), ("oauth.x.client_id", "x")];
        assert!(of(&oauth2).contains("oauth.x.authorize_url (default) must be set"));
        assert!(of(&[("oauth.x.kind", "saml")]).contains("must be one of: github, google, linuxdo"));
        assert!(of(&[("oauth.X.kind", "oidc")]).contains("oauth.X"));
    }

    #[test]
    fn addresses_are_https_unless_private_networks_are_allowed() {
        let private = [
            ("oauth.sso.kind", "oidc"),
            ("oauth.sso.client_id", "x"),
            ("oauth.sso.issuer", "http://10.0.0.1"),
        ];
        assert!(refusal(&[], &private).contains("oauth.sso.issuer (flag) must be an https address"));
        let allowed = [&private[..], &[("oauth.sso.allow_private_network", "true")]].concat();
        assert!(load(&[], &allowed).is_ok());
        let token_url = [("oauth.github.client_id", "x"), ("oauth.github.token_url", "http://github.com/")];
        assert!(refusal(&[], &token_url).contains("oauth.github.token_url (flag) must be an https"));
        for url in ["ftp://a/", "https://a:b@c/", "https://a/#b", "a", "javascript:1"] {
            assert!(load(&[], &[("oauth.github.client_id", "x"), ("oauth.github.token_url", url)]).is_err());
        }
    }
}
