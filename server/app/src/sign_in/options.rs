//! What strangers may know of the site: the pages for signing in and registering are made by it.

use axum::extract::State;
use waystation_api::oauth::{OauthPreset, OauthProvider};
use waystation_api::sign_in_options::{RegistrationPolicy, SignInOptions};

use crate::auth::Actor;
use crate::config::{ProviderKind, Registration};
use crate::error::ApiError;
use crate::http::body::Json;
use crate::passwords::PASSWORD_LENGTH_MIN;
use crate::sign_in::mailed_links::require_mail;
use crate::sign_in::oauth::Provider;
use crate::sign_in::relying_party::RelyingParty;
use crate::state::App;

/// Show the ways in that the site offers
///
/// For the pages that strangers see. Of people it says only whether whoever asks is signed in.
#[utoipa::path(
    get, path = "/auth/options", tag = "sign-in", operation_id = "show_sign_in_options",
    responses((status = 200, description = "All of them", body = SignInOptions)),
)]
pub(super) async fn show_sign_in_options(
    State(app): State<App>,
    actor: Option<Actor>,
) -> Result<Json<SignInOptions>, ApiError> {
    let live = app.site.current().await?;
    Ok(Json(SignInOptions {
        registration: match live.auth_registration {
            Registration::Open => RegistrationPolicy::Open,
            Registration::Invite => RegistrationPolicy::Invite,
            Registration::Closed => RegistrationPolicy::Closed,
        },
        requires_verification: app.config.requires_verification(),
        allowed_domains: live.auth_allowed_domains.iter().map(|domain| domain.as_str().to_owned()).collect(),
        is_mail_sent: require_mail(&app).is_ok(),
        password_length_min: u32::try_from(PASSWORD_LENGTH_MIN).unwrap_or(u32::MAX),
        providers: app.oauth.providers().iter().map(show_provider).collect(),
        has_passkeys: RelyingParty::of(&app).is_ok(),
        is_signed_in: actor.is_some(),
    }))
}

fn show_provider(provider: &Provider) -> OauthProvider {
    OauthProvider {
        name: provider.settings().name.clone(),
        title: provider.title().to_owned(),
        preset: match provider.settings().kind() {
            ProviderKind::Github => OauthPreset::Github,
            ProviderKind::Google => OauthPreset::Google,
            ProviderKind::LinuxDo => OauthPreset::LinuxDo,
            ProviderKind::Oidc => OauthPreset::Oidc,
            ProviderKind::OAuth2 => OauthPreset::OAuth2,
        },
    }
}
