//! Links by which people set a password who were given none, or whose was taken away.

use waystation_api::time::Time;
use waystation_api::users::PasswordLink;
use waystation_store::{NewResetLink, User};

use crate::clock::now_ms;
use crate::drawn_secret::DrawnSecret;
use crate::error::ApiError;
use crate::http::public_origin::link_base;
use crate::mail::{Mail, MailKind};
use crate::state::App;

/// As long as an invited person may take to look at it.
const LASTS_DAYS: u16 = 3;
const LASTS_MS: i64 = LASTS_DAYS as i64 * 24 * 60 * 60 * 1_000;

/// A link that is not stored yet, and what is stored of it.
pub(super) struct DrawnLink {
    /// What is stored.
    pub(super) stored: NewResetLink,
    link: PasswordLink,
}

/// Draws a link.
pub(super) fn draw_link(app: &App) -> Result<DrawnLink, ApiError> {
    let token = DrawnSecret::draw()?;
    let stored = NewResetLink { hash: token.hash(), lasts_ms: LASTS_MS };
    // Behind the #, which no server sees: the page posts it.
    let url = format!("{}/reset-password#token={}", link_base(app)?, token.reveal());
    Ok(DrawnLink {
        stored,
        link: PasswordLink { url, expires_at: Time::from_unix_ms(now_ms().saturating_add(LASTS_MS)) },
    })
}

/// Mails a link that is stored; gives it back where there is no mail to send it by.
pub(super) fn hand_over_link(app: &App, to: &User, drawn: DrawnLink) -> Option<PasswordLink> {
    if !app.mail.reaches(&to.email) {
        return Some(drawn.link);
    }
    let locale = app.mail_locale(to.locale.as_deref());
    let kind = MailKind::ChoosePassword { link: drawn.link.url, days: LASTS_DAYS };
    app.mail.send(Mail { to: to.email.clone(), locale, kind });
    None
}
