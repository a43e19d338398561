//! The words of every mail, in each language.

use std::net::IpAddr;

use waystation_api::locale::Locale;
use waystation_api::time::Time;

use crate::mail::letter::Letter;

/// What a mail says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum MailKind {
    /// Open the link to verify the address.
    VerifyEmail {
        /// Where it leads.
        link: String,
    },
    /// Somebody registered with an address that is known here.
    AlreadyRegistered {
        /// Where one signs in.
        link: String,
    },
    /// Open the link to choose a new password.
    ResetPassword {
        /// Where it leads.
        link: String,
    },
    /// Open the link to choose a password: whoever runs the site has entered the person, or taken the old one away.
    ChoosePassword {
        /// Where it leads.
        link: String,
        /// For how many days.
        days: u16,
    },
    /// The password was changed.
    PasswordChanged {
        /// When and from where.
        deed: SeenDeed,
    },
    /// Open the link to register.
    Invitation {
        /// Where it leads.
        link: String,
        /// For how many days.
        days: u16,
    },
    /// Somebody signed in from a device that was not seen before.
    NewDevice {
        /// When and from where.
        deed: SeenDeed,
    },
    /// A recovery code was used up.
    RecoveryCodeUsed {
        /// When and from where.
        deed: SeenDeed,
    },
    /// A second factor was added or taken away.
    SecondFactorChanged {
        /// When and from where.
        deed: SeenDeed,
    },
    /// The address that this goes to is the account's no more.
    EmailChanged {
        /// When and from where.
        deed: SeenDeed,
    },
}

/// Something that a person should know of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SeenDeed {
    /// When, in unix milliseconds.
    pub(crate) at_ms: i64,
    /// From which address; none: whoever runs the site did it.
    pub(crate) client_ip: Option<IpAddr>,
    /// What links of the site begin with.
    pub(crate) site: String,
}

impl MailKind {
    /// A name for the log.
    pub(crate) const fn name(&self) -> &'static str {
        match self {
            MailKind::VerifyEmail { .. } => "verify_email",
            MailKind::AlreadyRegistered { .. } => "already_registered",
            MailKind::ResetPassword { .. } => "reset_password",
            MailKind::ChoosePassword { .. } => "choose_password",
            MailKind::PasswordChanged { .. } => "password_changed",
            MailKind::Invitation { .. } => "invitation",
            MailKind::NewDevice { .. } => "new_device",
            MailKind::RecoveryCodeUsed { .. } => "recovery_code_used",
            MailKind::SecondFactorChanged { .. } => "second_factor_changed",
            MailKind::EmailChanged { .. } => "email_changed",
        }
    }
}

/// Writes a mail in a language.
pub(super) fn write_letter(kind: &MailKind, locale: Locale) -> Letter {
    match locale {
        Locale::En => in_english(kind),
        Locale::ZhCn => in_chinese(kind),
    }
}

fn in_english(kind: &MailKind) -> Letter {
    const NOT_ME: &str = "If this was not you, reset your password now: open the sign-in page and choose \
                          \u{201c}Forgot password\u{201d}. That ends every session.";
    const ASK: &str = "If you do not know why, ask whoever runs the site.";
    let closing_of = |deed: &SeenDeed| if deed.client_ip.is_some() { NOT_ME } else { ASK }.to_owned();
    let (subject, opening, link, closing): (_, String, Option<(&str, &String)>, String) = match kind {
        MailKind::VerifyEmail { link } => (
            "Verify your e-mail address",
            "This address was given for an account here. Open the link to verify that it is yours.".to_owned(),
            Some(("Verify the address", link)),
            "The link is good for 24 hours. If you do not know why you got this mail, do not open it."
                .to_owned(),
        ),
        MailKind::AlreadyRegistered { link } => (
            "Somebody tried to register with your address",
            "Somebody tried to register with this address, which has an account already. If it was you, sign in; \
             if you forgot your password, reset it there."
                .to_owned(),
            Some(("Sign in", link)),
            "If it was not you, there is nothing to do: your account is as it was.".to_owned(),
        ),
        MailKind::ResetPassword { link } => (
            "Reset your password",
            "Somebody, hopefully you, asked to reset the password of your account. Open the link to choose a new \
             one."
                .to_owned(),
            Some(("Choose a new password", link)),
            "The link is good for one hour, once. If it was not you, there is nothing to do: your password is as it \
             was."
                .to_owned(),
        ),
        MailKind::ChoosePassword { link, days } => (
            "Choose your password",
            "Whoever runs this site asks you to choose a password for your account. Open the link to do so."
                .to_owned(),
            Some(("Choose a password", link)),
            format!("The link is good for {}, once. If you do not know why you got this mail, do not open it.", in_days(*days)),
        ),
        MailKind::PasswordChanged { deed } => (
            "Your password was changed",
            format!("The password of your account at {} was changed {}.", deed.site, deed.when_and_where()),
            None,
            closing_of(deed),
        ),
        MailKind::Invitation { link, days } => (
            "You are invited",
            "You are invited to register. Open the link to choose a password.".to_owned(),
            Some(("Register", link)),
            format!("The link is good for {}. If you do not know why you got this mail, do not open it.", in_days(*days)),
        ),
        MailKind::NewDevice { deed } => (
            "A new device signed in",
            format!("Somebody signed in to your account at {} {}.", deed.site, deed.when_and_where()),
            None,
            NOT_ME.to_owned(),
        ),
        MailKind::RecoveryCodeUsed { deed } => (
            "A recovery code was used",
            format!(
                "A recovery code of your account at {} was used {}. It is good for nothing more.",
                deed.site,
                deed.when_and_where()
            ),
            None,
            NOT_ME.to_owned(),
        ),
        MailKind::SecondFactorChanged { deed } => (
            "Your second factor was changed",
            format!("The second factor of your account at {} was changed {}.", deed.site, deed.when_and_where()),
            None,
            closing_of(deed),
        ),
        MailKind::EmailChanged { deed } => (
            "Your account has another e-mail address",
            format!(
                "The e-mail address of your account at {} was changed {}. Further mails go to the new one.",
                deed.site,
                deed.when_and_where()
            ),
            None,
            ASK.to_owned(),
        ),
    };
    letter(subject, opening, link, closing)
}

fn in_chinese(kind: &MailKind) -> Letter {
    const NOT_ME: &str =
        "如果不是您本人操作，请立即重置密码：打开登录页面，选择“忘记密码”。重置后所有会话都会退出。";
    const ASK: &str = "如果您不清楚原因，请联系本站管理员。";
    let closing_of = |deed: &SeenDeed| if deed.client_ip.is_some() { NOT_ME } else { ASK }.to_owned();
    let (subject, opening, link, closing): (_, String, Option<(&str, &String)>, String) = match kind {
        MailKind::VerifyEmail { link } => (
            "验证您的邮箱地址",
            "此邮箱已登记在本站的一个账户下。请打开以下链接，确认此邮箱属于您。".to_owned(),
            Some(("验证邮箱", link)),
            "链接在 24 小时内有效。如果您不清楚为何收到此邮件，请不要打开。".to_owned(),
        ),
        MailKind::AlreadyRegistered { link } => (
            "有人尝试用您的邮箱注册",
            "有人尝试用此邮箱注册，但它已有账户。如果是您本人，请直接登录；忘记密码时可在登录页面重置。"
                .to_owned(),
            Some(("登录", link)),
            "如果不是您本人，无需任何操作，您的账户没有变化。".to_owned(),
        ),
        MailKind::ResetPassword { link } => (
            "重置您的密码",
            "有人（希望是您本人）请求重置您账户的密码。请打开以下链接设置新密码。".to_owned(),
            Some(("设置新密码", link)),
            "链接在 1 小时内有效，只能使用一次。如果不是您本人，无需任何操作，您的密码没有变化。".to_owned(),
        ),
        MailKind::ChoosePassword { link, days } => (
            "请设置您的密码",
            "本站管理员请您为账户设置密码。请打开以下链接进行设置。".to_owned(),
            Some(("设置密码", link)),
            format!("链接在 {days} 天内有效，只能使用一次。如果您不清楚为何收到此邮件，请不要打开。"),
        ),
        MailKind::PasswordChanged { deed } => (
            "您的密码已更改",
            format!("您在 {} 的账户密码已更改（{}）。", deed.site, deed.time_and_address()),
            None,
            closing_of(deed),
        ),
        MailKind::Invitation { link, days } => (
            "邀请您注册",
            "您收到了注册邀请。请打开以下链接并设置密码。".to_owned(),
            Some(("注册", link)),
            format!("链接在 {days} 天内有效。如果您不清楚为何收到此邮件，请不要打开。"),
        ),
        MailKind::NewDevice { deed } => (
            "新设备登录",
            format!("您在 {} 的账户有一次新设备登录（{}）。", deed.site, deed.time_and_address()),
            None,
            NOT_ME.to_owned(),
        ),
        MailKind::RecoveryCodeUsed { deed } => (
            "恢复码已使用",
            format!(
                "您在 {} 的账户使用了一个恢复码（{}），该恢复码已失效。",
                deed.site,
                deed.time_and_address()
            ),
            None,
            NOT_ME.to_owned(),
        ),
        MailKind::SecondFactorChanged { deed } => (
            "您的两步验证已更改",
            format!("您在 {} 的账户两步验证已更改（{}）。", deed.site, deed.time_and_address()),
            None,
            closing_of(deed),
        ),
        MailKind::EmailChanged { deed } => (
            "您的账户邮箱已更改",
            format!(
                "您在 {} 的账户邮箱已更改（{}）。此后的邮件将发送到新邮箱。",
                deed.site,
                deed.time_and_address()
            ),
            None,
            ASK.to_owned(),
        ),
    };
    letter(subject, opening, link, closing)
}

fn letter(
    subject: &'static str,
    opening: String,
    link: Option<(&'static str, &String)>,
    closing: String,
) -> Letter {
    Letter {
        subject,
        opening: vec![opening],
        link: link.map(|(words, address)| (words, address.clone())),
        closing: vec![closing],
    }
}

fn in_days(days: u16) -> String {
    if days == 1 { "one day".to_owned() } else { format!("{days} days") }
}

impl SeenDeed {
    fn when_and_where(&self) -> String {
        match self.client_ip {
            Some(address) => format!("at {} from the address {address}", self.minute()),
            None => format!("at {} by whoever runs the site", self.minute()),
        }
    }

    fn time_and_address(&self) -> String {
        match self.client_ip {
            Some(address) => format!("{}，来自 {address}", self.minute()),
            None => format!("{}，由本站管理员操作", self.minute()),
        }
    }

    /// Such as `2026-11-21 04:00 UTC`.
    fn minute(&self) -> String {
        let time = Time::from_unix_ms(self.at_ms).to_string();
        format!("{} UTC", time.get(..16).unwrap_or(&time).replace('T', " "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds() -> Vec<MailKind> {
        let link = || "https://ai.example.com/page#token=abc".to_owned();
        let deed = || SeenDeed {
            at_ms: 1_795_233_600_000,
            client_ip: Some([203, 0, 113, 5].into()),
            site: "https://ai.example.com".to_owned(),
        };
        vec![
            MailKind::VerifyEmail { link: link() },
            MailKind::AlreadyRegistered { link: link() },
            MailKind::ResetPassword { link: link() },
            MailKind::ChoosePassword { link: link(), days: 3 },
            MailKind::PasswordChanged { deed: deed() },
            MailKind::Invitation { link: link(), days: 7 },
            MailKind::NewDevice { deed: deed() },
            MailKind::RecoveryCodeUsed { deed: deed() },
            MailKind::SecondFactorChanged { deed: deed() },
            MailKind::EmailChanged { deed: deed() },
        ]
    }

    #[test]
    fn what_the_site_did_itself_shows_no_address_and_asks_for_no_new_password() {
        let deed = SeenDeed { at_ms: 0, client_ip: None, site: "https://ai.example.com".to_owned() };
        for (locale, asks) in [(Locale::En, "whoever runs the site"), (Locale::ZhCn, "本站管理员")] {
            let text = write_letter(&MailKind::SecondFactorChanged { deed: deed.clone() }, locale).text();
            assert!(text.matches(asks).count() == 2, "{text}");
            assert!(!text.contains("password") && !text.contains("密码"), "{text}");
        }
    }

    #[test]
    fn each_mail_says_the_same_in_both_languages_as_text_and_as_a_page() {
        for kind in kinds() {
            let (english, chinese) = (write_letter(&kind, Locale::En), write_letter(&kind, Locale::ZhCn));
            assert_ne!(english.subject, chinese.subject, "{kind:?}");
            for (letter, locale) in [(english, Locale::En), (chinese, Locale::ZhCn)] {
                let (text, html) = (letter.text(), letter.html(locale));
                let facts: &[&str] = match letter.link {
                    Some(_) => &["https://ai.example.com/page#token=abc"],
                    None => &["https://ai.example.com", "2026-11-21 04:00 UTC", "203.0.113.5"],
                };
                for fact in facts {
                    assert!(text.contains(fact) && html.contains(fact), "{fact} in {text} {html}");
                }
                assert!(html.contains(&format!("lang=\"{}\"", locale.tag())), "{html}");
                // Nothing is loaded from elsewhere, so that opening a mail tells nobody.
                assert!(!html.contains("src=") && !html.contains("url("), "{html}");
                assert!(!letter.subject.contains(['\n', '\r']));
            }
        }
    }
}
