//! The table of settings.

use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::path::PathBuf;

use waystation_api::locale::Locale;
use waystation_api::name::Name;
use waystation_ids::{KeyPrefix, Role};
use waystation_pricing::Money;

use crate::config::origin::{ConfigError, Origin, Values};
use crate::config::providers::ProviderSettings;
use crate::config::value::{
    BalanceStatus, Crashed, Fingerprint, Interrupted, LogFormat, MailDomain, MailSender, MasterKeyText, Nets,
    Registration, Secret, SettingKind, SettingValue, SmtpUrl, TimeZone,
};

/// One thing an operator can set.
pub(crate) struct Setting {
    /// Its name in the file, such as `relay.idle_ms`.
    pub(crate) name: &'static str,
    /// What it is unless set; empty means not set.
    pub(crate) default: &'static str,
    /// Whether its value is never shown, and may be given as the name of a file.
    pub(crate) secret: bool,
    /// Whether it may be changed while the server runs, by a value in the database.
    pub(crate) is_live: bool,
    /// What its text means.
    pub(crate) kind: SettingKind,
    /// What it does, for people.
    pub(crate) text: &'static str,
    pub(super) check: fn(&str) -> Result<(), String>,
}

impl Setting {
    /// The environment variable that sets it.
    pub(crate) fn variable(&self) -> String {
        format!("WAYSTATION_{}", self.name.replace('.', "_").to_uppercase())
    }

    /// Says what is wrong with a value.
    pub(crate) fn check(&self, text: &str) -> Result<(), String> {
        (self.check)(text)
    }

    /// The setting of that name.
    pub(crate) fn find(name: &str) -> Option<&'static Setting> {
        SETTINGS.iter().find(|setting| setting.name == name)
    }
}

macro_rules! settings {
    (
        startup {
            $($(#[doc = $text:literal])+ $(secret $secret:ident)? $name:literal $field:ident : $type:ty = $default:literal;)+
        }
        live {
            $($(#[doc = $live_text:literal])+ $live_name:literal $live_field:ident : $live_type:ty = $live_default:literal;)+
        }
    ) => {
        /// Every setting that stays as it is while the server runs, read and checked.
        #[derive(Clone, Debug)]
        pub(crate) struct Config {
            $($(#[doc = $text])+ pub(crate) $field: $type,)+
            /// Who may say who somebody is, by name.
            pub(crate) oauth: Vec<ProviderSettings>,
            /// What was set, and where, but for secrets.
            pub(crate) values: Values,
        }

        /// Every setting that may change while the server runs.
        #[derive(Clone, Debug)]
        pub(crate) struct LiveConfig {
            $($(#[doc = $live_text])+ pub(crate) $live_field: $live_type,)+
        }

        /// Every setting there is, in the order of the documentation.
        pub(crate) const SETTINGS: &[Setting] = &[
            $(Setting {
                name: $name,
                default: $default,
                secret: secret!($($secret)?),
                is_live: false,
                kind: <$type as SettingValue>::KIND,
                text: concat!($($text),+),
                check: |text| <$type as SettingValue>::read(text).map(drop),
            },)+
            $(Setting {
                name: $live_name,
                default: $live_default,
                secret: false,
                is_live: true,
                kind: <$live_type as SettingValue>::KIND,
                text: concat!($($live_text),+),
                check: |text| <$live_type as SettingValue>::read(text).map(drop),
            },)+
        ];

        impl Config {
            /// Reads the typed settings out of texts.
            pub(crate) fn from_values(values: &Values) -> Result<Self, ConfigError> {
                let config = Config {
                    $($field: values.read::<$type>($name)?,)+
                    oauth: values.read_providers()?,
                    values: values.without_secrets(),
                };
                check_together(&config, values)?;
                Ok(config)
            }
        }

        impl LiveConfig {
            /// Reads the typed settings out of texts.
            pub(crate) fn from_values(values: &Values) -> Result<Self, ConfigError> {
                Ok(LiveConfig { $($live_field: values.read::<$live_type>($live_name)?,)+ })
            }
        }
    };
}

macro_rules! secret {
    () => {
        false
    };
    (text) => {
        true
    };
}

settings! { startup {
    /// Where the server listens. Port 0 takes a free one.
    "listen" listen: SocketAddr = "127.0.0.1:8787";
    /// The folder of everything that is kept outside of the database.
    "data_dir" data_dir: PathBuf = "./data";
    /// The address under which people reach the site, such as `https://ai.example.com`.
    "public_url" public_url: Option<String> = "";
    /// Further host names that the site is reached under, separated by commas; requests for any other are refused.
    "http.other_hosts" http_other_hosts: Vec<String> = "";
    /// SHA-256 of the certificate's public key (its SubjectPublicKeyInfo), in hexadecimal or base64url, which devices that are paired go by; asked of `public_url` unless set.
    "tls.fingerprint" tls_fingerprint: Option<Fingerprint> = "";
    /// 32 bytes in hexadecimal under which every stored secret is sealed; made in `master.key` of the data folder unless set.
    secret text "master_key" master_key: Option<MasterKeyText> = "";
    /// The database: `sqlite:` and a path, `mysql://…` or `postgres://…`; a SQLite file in the data folder unless set.
    secret text "database.url" database_url: Option<Secret> = "";
    /// The most connections to a database server.
    "database.max_connections" database_max_connections: u32 = "20";
    /// A Redis that makes instances hear of changes sooner; none unless set.
    secret text "redis.url" redis_url: Option<Secret> = "";
    /// The IANA time zone of days and months in budgets and reports.
    "site.time_zone" site_time_zone: TimeZone = "UTC";
    /// After how many days without use a browser is signed out.
    "sessions.idle_days" sessions_idle_days: NonZeroU32 = "14";
    /// After how many days a browser is signed out however much it is used.
    "sessions.max_days" sessions_max_days: NonZeroU32 = "90";
    /// After how many days without use a device or program is signed out.
    "sessions.device_days" sessions_device_days: NonZeroU32 = "90";
    /// The roles that must have a second factor, separated by commas, such as `owner, admin`; whoever lacks it can do nothing but set one up.
    "auth.second_factor_roles" auth_second_factor_roles: Vec<Role> = "";
    /// From how many USD on a change of a balance by hand needs a fresh proof of who makes it.
    "auth.large_adjustment" auth_large_adjustment: Money = "100";
    /// The mail server: `smtp://user:password@host:port`, with `?tls=required` for STARTTLS, or `smtps://…`; without it no mail is sent.
    secret text "mail.smtp_url" mail_smtp_url: Option<SmtpUrl> = "";
    /// Whom mails come from, such as `Waystation <relay@example.com>`; needed with `mail.smtp_url`.
    "mail.from" mail_from: Option<MailSender> = "";
    /// How many mails and registrations one client, an IPv4 address or an IPv6 network of 64 bits, may ask for in an hour.
    "mail.requests_per_client_max" mail_requests_per_client_max: u32 = "30";
    /// Whether whoever registers must open a mailed link before signing in; `true` where mails are sent, unless set.
    "auth.require_verification" auth_require_verification: Option<bool> = "";
    /// How long connecting to an upstream may take, in milliseconds.
    "relay.connect_ms" relay_connect_ms: u64 = "10000";
    /// How long an upstream's first byte may take, in milliseconds.
    "relay.first_byte_ms" relay_first_byte_ms: u64 = "120000";
    /// How long an upstream may be silent amid an answer, in milliseconds.
    "relay.idle_ms" relay_idle_ms: u64 = "120000";
    /// How long a call may take in all, in milliseconds.
    "relay.total_ms" relay_total_ms: u64 = "900000";
    /// After how much silence a stream carries a comment that keeps it open, in milliseconds.
    "relay.keep_alive_ms" relay_keep_alive_ms: u64 = "15000";
    /// The largest event of a stream, in bytes.
    "relay.max_event_bytes" relay_max_event_bytes: usize = "16777216";
    /// How long a settlement may take before the answer is withheld, in milliseconds.
    "relay.settle_ms" relay_settle_ms: u64 = "5000";
    /// The largest body of a call, in bytes.
    "relay.max_body_bytes" relay_max_body_bytes: usize = "33554432";
    /// How long a stopping server lets calls finish, in milliseconds.
    "relay.drain_ms" relay_drain_ms: u64 = "30000";
    /// What a call pays that died with its server: `void`, `input` or `full_hold`.
    "billing.crashed" billing_crashed: Crashed = "void";
    /// What an interrupted call pays: `evidence` (what was seen to be used) or `full_hold`.
    "billing.interrupted" billing_interrupted: Interrupted = "evidence";
    /// Whether an output cap that cannot be paid is lowered instead of refused.
    "billing.clamp" billing_clamp: bool = "false";
    /// Whether every answer of the relay carries its cost; a key may ask for it too.
    "billing.show_cost" billing_show_cost: bool = "false";
    /// The HTTP status of an empty balance: `402`, or `429` for clients that insist.
    "compat.balance_status" compat_balance_status: BalanceStatus = "402";
    /// What new keys start with.
    "keys.prefix" keys_prefix: KeyPrefix = "sk-";
    /// What older keys may start with, separated by commas.
    "keys.old_prefixes" keys_old_prefixes: Vec<KeyPrefix> = "";
    /// Networks whose `X-Forwarded-For` is believed, separated by commas, such as `127.0.0.1/32, 10.0.0.0/8`.
    "proxy.trusted" proxy_trusted: Nets = "";
    /// The most connections at once; further ones are told to come again.
    "limits.connections_max" limits_connections_max: usize = "10000";
    /// The most of them from one IPv4 address or one IPv6 network of 64 bits, other than loopback and `proxy.trusted`.
    "limits.connections_per_peer_max" limits_connections_per_peer_max: usize = "1000";
    /// How long a caller may take nothing of its answer before its connection is dropped, in milliseconds.
    "limits.write_stall_ms" limits_write_stall_ms: u64 = "30000";
    /// How the log is written: `text` or `json`.
    "log.format" log_format: LogFormat = "text";
    /// What is logged: `error`, `warn`, `info`, `debug`, `trace`, or a filter such as `info,waystation=debug`.
    "log.level" log_level: String = "info";
    /// Whether each request gets a line in the log; `info,waystation::access=off` as `log.level` does the same.
    "log.access" log_access: bool = "true";
    /// An address of their own for the server's numbers (`/metrics`), in the form of Prometheus; none unless set. Other than on loopback it needs `metrics.token`.
    "metrics.listen" metrics_listen: Option<SocketAddr> = "";
    /// The bearer token that opens `/metrics`: on `metrics.listen`, or if that is not set, on the server's own address.
    secret text "metrics.token" metrics_token: Option<Secret> = "";
    /// The most rows of an export.
    "export.max_rows" export_max_rows: u64 = "10000";
    /// A key of the OpenAI API that makes the first channel when there is none.
    secret text "bootstrap.openai_api_key" bootstrap_openai_api_key: Option<Secret> = "";
} live {
    /// What people call the site.
    "site.name" site_name: Name = "Waystation";
    /// Whether strangers may see the models and their prices.
    "site.public_models" site_public_models: bool = "true";
    /// The language of mails to people who chose none: `en` or `zh-CN`.
    "site.locale" site_locale: Locale = "en";
    /// The balance in USD below which people are told that theirs is low.
    "balance.low" balance_low: Money = "1";
    /// Who may register: `open`, `invite` (whoever is invited) or `closed`.
    "auth.registration" auth_registration: Registration = "closed";
    /// The domains whose addresses may register, separated by commas, such as `example.com`; all unless set.
    "auth.allowed_domains" auth_allowed_domains: Vec<MailDomain> = "";
    /// What whoever registers is given once, in USD, on an account of its own.
    "auth.sign_up_gift" auth_sign_up_gift: Money = "0";
} }

impl Config {
    /// The database's URL, which unless set is a SQLite file in the data folder.
    pub(crate) fn database_url(&self) -> String {
        match &self.database_url {
            Some(url) => url.reveal().to_owned(),
            None => format!("sqlite:{}", self.data_dir.join("waystation.sqlite").display()),
        }
    }

    /// Whether whoever registers must show that the address is theirs before signing in.
    pub(crate) fn requires_verification(&self) -> bool {
        self.auth_require_verification.unwrap_or(self.mail_smtp_url.is_some())
    }

    /// Whether those who may register can: who must open a mailed link needs a mail server to send it.
    pub(crate) fn may_register(&self, live: &LiveConfig) -> bool {
        live.auth_registration == Registration::Closed
            || self.mail_smtp_url.is_some()
            || !self.requires_verification()
    }

    /// The prefixes that keys may have: new ones first.
    pub(crate) fn key_prefixes(&self) -> Vec<KeyPrefix> {
        std::iter::once(&self.keys_prefix).chain(&self.keys_old_prefixes).cloned().collect()
    }
}

/// Checks what one setting alone cannot say.
fn check_together(config: &Config, values: &Values) -> Result<(), ConfigError> {
    let wrong = |name: &'static str, reason: &str| {
        let origin = Setting::find(name).map_or(Origin::Default, |setting| values.get(setting).1);
        Err(ConfigError::Value { name: name.to_owned(), origin, reason: reason.to_owned() })
    };
    let sends_mails = config.mail_smtp_url.is_some();
    if sends_mails && config.public_url.is_none() && !config.listen.ip().is_loopback() {
        return wrong("public_url", "must be set with mail.smtp_url: mails hold links");
    }
    if sends_mails && config.mail_from.is_none() {
        return wrong("mail.from", "must be set with mail.smtp_url: mails need a sender");
    }
    if !config.may_register(&LiveConfig::from_values(values)?) {
        return wrong(
            "auth.require_verification",
            "is true, but without mail.smtp_url nobody can be mailed a link: set that, or set this to false",
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Flags, load_values};

    #[test]
    fn settings_that_cannot_go_together_are_refused_with_what_to_do() {
        let load = |settings: &[(&str, &str)]| {
            let settings =
                settings.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect();
            let values = load_values(&Flags { file: None, settings }, |_: &str| None).unwrap();
            Config::from_values(&values).map_err(|error| error.to_string())
        };
        let open = ("auth.registration", "open");
        let error = load(&[open, ("auth.require_verification", "true")]).unwrap_err();
        assert!(error.starts_with("auth.require_verification (flag)"), "{error}");
        assert!(error.contains("mail.smtp_url"), "{error}");
        let smtp = ("mail.smtp_url", "smtp://127.0.0.1");
        assert!(load(&[smtp]).unwrap_err().starts_with("mail.from"));
        assert!(!load(&[open]).unwrap().requires_verification());
        let with_mail = [open, smtp, ("mail.from", "a@b.org")];
        assert!(load(&with_mail).unwrap().requires_verification());
        let waived = [with_mail.as_slice(), &[("auth.require_verification", "false")]].concat();
        assert!(!load(&waived).unwrap().requires_verification());
    }

    #[test]
    fn every_default_is_a_valid_value() {
        for setting in SETTINGS {
            assert_eq!(setting.check(setting.default), Ok(()), "{}", setting.name);
        }
    }

    #[test]
    fn a_setting_is_named_alike_in_file_and_environment() {
        let setting = Setting::find("database.max_connections").unwrap();
        assert_eq!(setting.variable(), "WAYSTATION_DATABASE_MAX_CONNECTIONS");
        let mut variables: Vec<String> = SETTINGS.iter().map(Setting::variable).collect();
        variables.sort();
        variables.dedup();
        assert_eq!(variables.len(), SETTINGS.len());
    }
}
