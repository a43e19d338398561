//! How the text of a setting becomes a value.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::num::NonZeroU32;
use std::path::PathBuf;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use lettre::message::Mailbox;
use url::Url;
use waystation_api::locale::Locale;
use waystation_api::name::Name;
use waystation_ids::{KeyPrefix, Role};
use waystation_pricing::Money;
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::hex::read_hex;

/// What a setting's text means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SettingKind {
    /// Any text that fits.
    Text,
    /// A whole number.
    Number,
    /// `true` or `false`.
    Boolean,
    /// One of these words.
    Choice(&'static [&'static str]),
    /// Texts, separated by commas.
    List,
    /// An amount of USD.
    Amount,
}

/// A type of settings. An empty text is what is not set.
pub(crate) trait SettingValue: Sized {
    /// What its text means.
    const KIND: SettingKind = SettingKind::Text;

    /// Reads the value, or says in a few words what would be one.
    fn read(text: &str) -> Result<Self, String>;
}

/// A text that is never shown.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub(crate) struct Secret(String);

impl Secret {
    /// The text itself.
    pub(crate) fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// A master key as it is written: 64 hexadecimal digits.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub(crate) struct MasterKeyText([u8; 32]);

impl MasterKeyText {
    /// The key's bytes.
    pub(crate) fn bytes(&self) -> [u8; 32] {
        self.0
    }
}

impl fmt::Debug for MasterKeyText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MasterKeyText(…)")
    }
}

/// SHA-256 of a certificate's public key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Fingerprint(pub(crate) [u8; 32]);

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&BASE64_URL_SAFE_NO_PAD.encode(self.0))
    }
}

/// An IANA time zone.
#[derive(Clone, Debug)]
pub(crate) struct TimeZone(jiff::tz::TimeZone);

impl TimeZone {
    /// The zone's rules.
    pub(crate) fn rules(&self) -> &jiff::tz::TimeZone {
        &self.0
    }
}

/// A network of addresses, such as `10.0.0.0/8`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Net {
    address: u128,
    bits: u32,
    is_v4: bool,
}

impl Net {
    /// Whether the address lies in the network. An IPv4 address written as IPv6 counts as what it is.
    pub(crate) fn contains(&self, address: IpAddr) -> bool {
        let (number, is_v4) = address_number(address.to_canonical());
        is_v4 == self.is_v4 && number & mask(self.bits) == self.address
    }
}

/// A list of networks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Nets(Vec<Net>);

impl Nets {
    /// Whether the address lies in one of them.
    pub(crate) fn contain(&self, address: IpAddr) -> bool {
        self.0.iter().any(|net| net.contains(address))
    }
}

/// A setting whose values are words.
macro_rules! words {
    ($(#[$meta:meta])* $name:ident { $($(#[$doc:meta])* $variant:ident = $word:literal),+ $(,)? }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum $name { $($(#[$doc])* $variant),+ }

        impl SettingValue for $name {
            const KIND: SettingKind = SettingKind::Choice(&[$($word),+]);

            fn read(text: &str) -> Result<Self, String> {
                match text {
                    $($word => Ok($name::$variant),)+
                    _ => Err(format!("must be one of: {}", [$($word),+].join(", "))),
                }
            }
        }
    };
}

words!(/// What a call pays that died with its server.
Crashed {
    /// Nothing.
    Void = "void",
    /// Its input.
    Input = "input",
    /// Everything that was held.
    FullHold = "full_hold",
});
words!(/// What an interrupted call pays.
Interrupted {
    /// What was seen to be used.
    Evidence = "evidence",
    /// Everything that was held.
    FullHold = "full_hold",
});
words!(/// The HTTP status of an empty balance.
BalanceStatus {
    /// 402 Payment Required.
    PaymentRequired = "402",
    /// 429 Too Many Requests.
    TooManyRequests = "429",
});
words!(/// How the log is written.
LogFormat {
    /// Lines for people.
    Text = "text",
    /// One JSON object a line.
    Json = "json",
});

words!(/// Who may register.
Registration {
    /// Everybody.
    Open = "open",
    /// Whoever is invited.
    Invite = "invite",
    /// Nobody.
    Closed = "closed",
});

/// Where mails are handed over: `smtp://…` or `smtps://…`, often with a password in it.
#[derive(Clone)]
pub(crate) struct SmtpUrl(Secret);

impl SmtpUrl {
    /// The address with whatever secret it holds.
    pub(crate) fn reveal(&self) -> &str {
        self.0.reveal()
    }
}

impl fmt::Debug for SmtpUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SmtpUrl(…)")
    }
}

/// Whom mails come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct MailSender(Mailbox);

impl MailSender {
    /// The address with its name.
    pub(crate) fn mailbox(&self) -> &Mailbox {
        &self.0
    }
}

/// The part of an address behind the `@`, in lower case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct MailDomain(String);

impl MailDomain {
    /// The domain as text.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}
words!(/// How an identity provider speaks.
ProviderKind {
    /// As GitHub does.
    Github = "github",
    /// As Google does: OpenID Connect, its issuer written in two ways.
    Google = "google",
    /// As LINUX DO does.
    LinuxDo = "linuxdo",
    /// OpenID Connect.
    Oidc = "oidc",
    /// OAuth 2 with a document about the person.
    OAuth2 = "oauth2",
});
words!(/// How this site proves to an identity provider who it is.
ClientAuthentication {
    /// By the header `authorization`.
    Basic = "basic",
    /// In the body.
    Body = "body",
});

impl From<Crashed> for waystation_ledger::Crashed {
    fn from(rule: Crashed) -> Self {
        match rule {
            Crashed::Void => waystation_ledger::Crashed::Void,
            Crashed::Input => waystation_ledger::Crashed::Input,
            Crashed::FullHold => waystation_ledger::Crashed::FullHold,
        }
    }
}

impl<T: SettingValue> SettingValue for Option<T> {
    const KIND: SettingKind = T::KIND;

    fn read(text: &str) -> Result<Self, String> {
        if text.is_empty() { Ok(None) } else { T::read(text).map(Some) }
    }
}

impl<T: SettingValue> SettingValue for Vec<T> {
    const KIND: SettingKind = SettingKind::List;

    fn read(text: &str) -> Result<Self, String> {
        text.split(',').map(str::trim).filter(|part| !part.is_empty()).map(T::read).collect()
    }
}

impl SettingValue for String {
    fn read(text: &str) -> Result<Self, String> {
        if text.is_empty() { Err("must not be empty".to_owned()) } else { Ok(text.to_owned()) }
    }
}

impl SettingValue for Secret {
    fn read(text: &str) -> Result<Self, String> {
        Ok(Secret(text.to_owned()))
    }
}

impl SettingValue for MasterKeyText {
    fn read(text: &str) -> Result<Self, String> {
        read_hex(text).map(MasterKeyText).ok_or_else(|| "must be 64 hexadecimal digits".to_owned())
    }
}

impl SettingValue for Fingerprint {
    fn read(text: &str) -> Result<Self, String> {
        let plain = || BASE64_URL_SAFE_NO_PAD.decode(text.trim_end_matches('=')).ok()?.try_into().ok();
        // As tools print it, with colons between the bytes.
        read_hex(&text.replace(':', ""))
            .or_else(plain)
            .map(Fingerprint)
            .ok_or_else(|| "must be 32 bytes in hexadecimal or base64url".to_owned())
    }
}

impl SettingValue for Role {
    fn read(text: &str) -> Result<Self, String> {
        Role::from_name(text).ok_or_else(|| format!("{text:?} is no role such as admin"))
    }
}

impl SettingValue for NonZeroU32 {
    const KIND: SettingKind = SettingKind::Number;

    fn read(text: &str) -> Result<Self, String> {
        text.parse().map_err(|_| "must be a whole number above 0".to_owned())
    }
}

impl SettingValue for bool {
    const KIND: SettingKind = SettingKind::Boolean;

    fn read(text: &str) -> Result<Self, String> {
        text.parse().map_err(|_| "must be true or false".to_owned())
    }
}

impl SettingValue for u32 {
    const KIND: SettingKind = SettingKind::Number;

    fn read(text: &str) -> Result<Self, String> {
        text.parse().map_err(|_| "must be a whole number".to_owned())
    }
}

impl SettingValue for u64 {
    const KIND: SettingKind = SettingKind::Number;

    fn read(text: &str) -> Result<Self, String> {
        text.parse().map_err(|_| "must be a whole number".to_owned())
    }
}

impl SettingValue for usize {
    const KIND: SettingKind = SettingKind::Number;

    fn read(text: &str) -> Result<Self, String> {
        text.parse().map_err(|_| "must be a whole number".to_owned())
    }
}

impl SettingValue for SocketAddr {
    fn read(text: &str) -> Result<Self, String> {
        text.parse().map_err(|_| "must be an address and a port, such as 127.0.0.1:8787".to_owned())
    }
}

impl SettingValue for PathBuf {
    fn read(text: &str) -> Result<Self, String> {
        String::read(text).map(PathBuf::from)
    }
}

impl SettingValue for Url {
    fn read(text: &str) -> Result<Self, String> {
        let url = Url::parse(text).ok().filter(|url| {
            let is_plain = url.username().is_empty() && url.password().is_none() && url.fragment().is_none();
            matches!(url.scheme(), "http" | "https") && url.has_host() && is_plain
        });
        url.ok_or_else(|| "must be an address such as https://id.example.com/authorize".to_owned())
    }
}

impl SettingValue for Name {
    fn read(text: &str) -> Result<Self, String> {
        text.parse().map_err(|_| "must be 1 to 128 characters, none of them a control character".to_owned())
    }
}

impl SettingValue for KeyPrefix {
    fn read(text: &str) -> Result<Self, String> {
        KeyPrefix::try_from(text).map_err(|error| error.to_string())
    }
}

impl SettingValue for TimeZone {
    fn read(text: &str) -> Result<Self, String> {
        jiff::tz::TimeZone::get(text)
            .map(TimeZone)
            .map_err(|_| "must be an IANA time zone such as Asia/Shanghai".to_owned())
    }
}

impl SettingValue for Net {
    fn read(text: &str) -> Result<Self, String> {
        read_net(text).ok_or_else(|| format!("{text:?} is no network such as 10.0.0.0/8"))
    }
}

impl SettingValue for Nets {
    const KIND: SettingKind = SettingKind::List;

    fn read(text: &str) -> Result<Self, String> {
        Vec::read(text).map(Nets)
    }
}

impl SettingValue for SmtpUrl {
    fn read(text: &str) -> Result<Self, String> {
        let wrong = || "must be smtp://[user:password@]host[:port] or smtps://…".to_owned();
        let rest = ["smtp://", "smtps://"].iter().find_map(|scheme| text.strip_prefix(scheme));
        rest.filter(|rest| !rest.is_empty()).ok_or_else(wrong)?;
        Secret::read(text).map(SmtpUrl)
    }
}

impl SettingValue for MailSender {
    fn read(text: &str) -> Result<Self, String> {
        text.parse()
            .map(MailSender)
            .map_err(|_| "must be an address, such as Waystation <relay@example.com>".to_owned())
    }
}

impl SettingValue for MailDomain {
    fn read(text: &str) -> Result<Self, String> {
        let domain = text.trim_start_matches('@').to_ascii_lowercase();
        // What stands behind the @ is what addresses are read with.
        match format!("a@{domain}").parse::<waystation_ids::Email>() {
            Ok(_) => Ok(MailDomain(domain)),
            Err(_) => Err(format!("{text:?} is no domain such as example.com")),
        }
    }
}

impl SettingValue for Locale {
    const KIND: SettingKind = SettingKind::Choice(&["en", "zh-CN"]);

    fn read(text: &str) -> Result<Self, String> {
        Locale::from_tag(text).ok_or_else(|| "must be one of: en, zh-CN".to_owned())
    }
}

impl SettingValue for Money {
    const KIND: SettingKind = SettingKind::Amount;

    fn read(text: &str) -> Result<Self, String> {
        text.parse()
            .ok()
            .filter(|money| *money >= Money::ZERO)
            .ok_or_else(|| "must be an amount of USD, such as 0.50".to_owned())
    }
}

fn read_net(text: &str) -> Option<Net> {
    let (address, bits) = match text.split_once('/') {
        Some((address, bits)) => (address, Some(bits)),
        None => (text, None),
    };
    let (number, is_v4) = address_number(address.parse().ok()?);
    let width: u32 = if is_v4 { 32 } else { 128 };
    let bits = bits.map_or(Some(width), |bits| bits.parse().ok()).filter(|bits| *bits <= width)?;
    // Counted from the left of 128 bits, where an IPv4 address fills the last 32.
    let bits = bits + 128 - width;
    Some(Net { address: number & mask(bits), bits, is_v4 })
}

fn address_number(address: IpAddr) -> (u128, bool) {
    match address {
        IpAddr::V4(address) => (u128::from(u32::from(address)), true),
        IpAddr::V6(address) => (u128::from(address), false),
    }
}

fn mask(bits: u32) -> u128 {
    u128::MAX.checked_shl(128 - bits).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_contains_its_addresses_and_no_others() {
        let nets = Nets::read("10.0.0.0/8, 192.168.1.7, fd00::/8").unwrap();
        for inside in ["10.255.0.1", "192.168.1.7", "fd12::1", "::ffff:10.1.2.3"] {
            assert!(nets.contain(inside.parse().unwrap()), "{inside}");
        }
        for outside in ["11.0.0.1", "192.168.1.8", "fe80::1", "::1"] {
            assert!(!nets.contain(outside.parse().unwrap()), "{outside}");
        }
        assert!(Net::read("0.0.0.0/0").unwrap().contains("8.8.8.8".parse().unwrap()));
        assert!(!Net::read("0.0.0.0/0").unwrap().contains("::1".parse().unwrap()));
    }

    #[test]
    fn what_is_no_network_is_refused() {
        for text in ["10.0.0.0/33", "10.0.0/8", "host", "::/129", "10.0.0.0/-1"] {
            assert!(Net::read(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_fingerprint_is_read_as_tools_print_it() {
        let hex = "ab".repeat(32);
        let colons = ["AB"; 32].join(":");
        let base64 = Fingerprint::read(&hex).unwrap().to_string();
        for text in [&hex, &colons, &base64, &format!("{base64}=")] {
            assert_eq!(Fingerprint::read(text), Ok(Fingerprint([0xab; 32])), "{text}");
        }
        assert!(Fingerprint::read("ab").is_err() && Fingerprint::read(&"zz".repeat(32)).is_err());
    }

    #[test]
    fn a_mail_server_is_an_address_whose_password_is_not_shown() {
        for good in
            ["smtp://mail.example.com", "smtps://ann:hunter2@mail.example.com:465", "smtp://127.0.0.1:25"]
        {
            let url = SmtpUrl::read(good).unwrap();
            assert_eq!(url.reveal(), good);
            assert!(!format!("{url:?}").contains("hunter2"));
        }
        for bad in ["mail.example.com", "http://mail.example.com", "smtp://"] {
            assert!(SmtpUrl::read(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_sender_a_domain_and_an_amount_are_what_they_say() {
        assert!(MailSender::read("Waystation <relay@example.com>").is_ok());
        for bad in ["relay", "relay@", "a@b.org\r\nBcc: c@d.org"] {
            assert!(MailSender::read(bad).is_err(), "{bad:?}");
        }
        assert_eq!(MailDomain::read("@Example.COM").unwrap().as_str(), "example.com");
        for bad in ["", "exa mple.com", "a@b", "*.example.com"] {
            assert!(MailDomain::read(bad).is_err(), "{bad:?}");
        }
        assert_eq!(Money::read("0.50").unwrap().nanos(), 500_000_000);
        for bad in ["", "-1", "1e3", "a"] {
            assert!(Money::read(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_secret_is_not_shown() {
        let secret = Secret::read("hunter2").unwrap();
        assert!(!format!("{secret:?}").contains("hunter2"));
        let key = MasterKeyText::read(&"ab".repeat(32)).unwrap();
        assert!(!format!("{key:?}").contains("ab"));
        assert!(MasterKeyText::read(&"zz".repeat(32)).is_err());
    }
}
