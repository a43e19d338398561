//! `admin`: people and access tokens, for whoever has the server's own account.

use std::io::Read;
use std::time::Duration;

use clap::{Args, Subcommand};
use waystation_api::name::Name;
use waystation_ids::{Email, Role, UserStatus, Username};
use waystation_store::{ChangeKind, SessionKind, StoreError};
use zeroize::Zeroizing;

use crate::audit_trail::{Deed, Doer, state_of};
use crate::auth::create_access_token;
use crate::cli::{CommandError, Outcome, Output};
use crate::config::Config;
use crate::mail::MailKind;
use crate::passwords::{PASSWORD_BYTES_MAX, check_password, hash_password};
use crate::setup_token::remove_setup_token;
use crate::sign_in::{create_pairing, mail_site_deed};
use crate::state::App;
use crate::users::{Entry, enter_user, show};

const TTL_MAX: Duration = Duration::from_secs(30 * 24 * 60 * 60);

#[derive(Debug, Subcommand)]
pub(crate) enum AdminCommand {
    /// Enters a person. The first one is to be an owner.
    CreateUser(CreateUserArguments),
    /// Prints an access token of the management API.
    AccessToken(AccessTokenArguments),
    /// Prints what is entered at a device to pair it with a person.
    Pair(PairArguments),
    /// Sets a person's password and ends all of that person's sessions. The second factor stays.
    ResetPassword(ResetPasswordArguments),
    /// Takes away a person's authenticator app, passkeys and recovery codes, and ends all of that person's sessions.
    #[command(name = "disable-2fa")]
    DisableSecondFactor(DisableSecondFactorArguments),
}

#[derive(Debug, Args)]
pub(crate) struct CreateUserArguments {
    /// The address.
    #[arg(long)]
    email: Email,
    /// What the person may do: owner, admin, operator, finance, auditor or user.
    #[arg(long, value_parser = parse_role)]
    role: Role,
    /// A name to sign in with.
    #[arg(long)]
    username: Option<Username>,
    /// Reads the password from standard input; without it there is no sign-in by password.
    #[arg(long)]
    password_stdin: bool,
    /// Prints one JSON object.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct AccessTokenArguments {
    /// Whose.
    #[arg(long)]
    email: Email,
    /// How long it is valid, such as 90s, 15m, 1h or 7d; at most 30d.
    #[arg(long, default_value = "1h", value_parser = parse_ttl)]
    ttl: Duration,
    /// Prints one JSON object.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct PairArguments {
    /// With whom.
    #[arg(long)]
    email: Email,
    /// What to call the device.
    #[arg(long, default_value = "device")]
    name: Name,
    /// Prints one JSON object.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct ResetPasswordArguments {
    /// Whose.
    #[arg(long)]
    email: Email,
    /// Reads the password from standard input, which is the only way to give it.
    #[arg(long, required = true)]
    password_stdin: bool,
    /// Prints one JSON object.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct DisableSecondFactorArguments {
    /// Whose.
    #[arg(long)]
    email: Email,
    /// Prints one JSON object.
    #[arg(long)]
    json: bool,
}

/// Runs a command on people.
pub(crate) async fn run(
    config: Config,
    command: AdminCommand,
    output: &mut Output,
) -> Result<Outcome, CommandError> {
    let app = App::open(config).await?;
    let outcome = match command {
        AdminCommand::CreateUser(arguments) => create_user(&app, arguments, output).await,
        AdminCommand::AccessToken(arguments) => print_access_token(&app, &arguments, output).await,
        AdminCommand::Pair(arguments) => print_pairing(&app, arguments, output).await,
        AdminCommand::ResetPassword(arguments) => reset_password(&app, &arguments, output).await,
        AdminCommand::DisableSecondFactor(arguments) => disable_second_factor(&app, &arguments, output).await,
    };
    app.close().await?;
    outcome
}

async fn create_user(
    app: &App,
    arguments: CreateUserArguments,
    output: &mut Output,
) -> Result<Outcome, CommandError> {
    let password = match arguments.password_stdin {
        true => Some(read_password(std::io::stdin(), Some(&arguments.email))?),
        false => None,
    };
    let entry = Entry {
        email: arguments.email,
        username: arguments.username,
        display_name: None,
        role: arguments.role,
        password_hash: password.map(|password| hash_password(&password)).transpose()?,
    };
    let user = enter_user(app, Doer::Command, entry).await?;
    if user.role == Role::Owner {
        remove_setup_token(&app.config.data_dir)?;
    }
    let user = show(app, user).await?;
    match arguments.json {
        true => output.json(&user)?,
        false => output.line(&format!("{} {} {}", user.id, user.role.name(), user.email))?,
    }
    Ok(Outcome::Done)
}

async fn print_access_token(
    app: &App,
    arguments: &AccessTokenArguments,
    output: &mut Output,
) -> Result<Outcome, CommandError> {
    let user = find_user(app, &arguments.email).await?;
    let token = create_access_token(app, user.id, SessionKind::Cli, arguments.ttl).await?;
    match arguments.json {
        true => output.json(&token)?,
        false => output.line(&token.access_token)?,
    }
    Ok(Outcome::Done)
}

async fn print_pairing(
    app: &App,
    arguments: PairArguments,
    output: &mut Output,
) -> Result<Outcome, CommandError> {
    let user = find_user(app, &arguments.email).await?;
    let entry = Deed { action: "device.invite", target: None }.by_command();
    let pairing = create_pairing(app, user.id, None, arguments.name.into(), entry).await?;
    match arguments.json {
        true => output.json(&pairing)?,
        false => output.line(&pairing.uri)?,
    }
    Ok(Outcome::Done)
}

async fn reset_password(
    app: &App,
    arguments: &ResetPasswordArguments,
    output: &mut Output,
) -> Result<Outcome, CommandError> {
    let user = find_user(app, &arguments.email).await?;
    let password = read_password(std::io::stdin(), Some(&user.email))?;
    let id = user.id.to_string();
    let entry = Deed { action: "password.reset", target: Some(("user", &id)) }.by_command();
    app.store.set_password(user.id, &hash_password(&password)?, &entry).await?;
    app.changes.announce(ChangeKind::User, user.id).await;
    mail_site_deed(app, &user, |deed| MailKind::PasswordChanged { deed });
    match arguments.json {
        true => output.json(&serde_json::json!({"user": user.id}))?,
        false => output.line(&format!("{id}: the password is set, and all sessions have ended"))?,
    }
    Ok(Outcome::Done)
}

async fn disable_second_factor(
    app: &App,
    arguments: &DisableSecondFactorArguments,
    output: &mut Output,
) -> Result<Outcome, CommandError> {
    let user = find_user(app, &arguments.email).await?;
    let id = user.id.to_string();
    let mut entry = Deed { action: "second_factor.disable", target: Some(("user", &id)) }.by_command();
    let had = app.store.load_second_factors(user.id).await?;
    entry.before = state_of(&serde_json::json!({
        "totp": had.totp, "passkeys": had.passkeys, "recovery_codes": had.recovery_codes,
    }));
    app.store.delete_second_factors(user.id, &entry).await?;
    app.changes.announce(ChangeKind::User, user.id).await;
    mail_site_deed(app, &user, |deed| MailKind::SecondFactorChanged { deed });
    match arguments.json {
        true => output.json(&serde_json::json!({
            "user": user.id, "had_totp": had.totp, "had_passkeys": had.passkeys,
        }))?,
        false => {
            output.line(&format!("{id}: there is no second factor any more, and all sessions have ended"))?
        }
    }
    Ok(Outcome::Done)
}

/// The active user of that address.
pub(super) async fn find_user(app: &App, email: &Email) -> Result<waystation_store::User, CommandError> {
    match app.store.load_user_by_email(email).await {
        Ok(user) if user.status == UserStatus::Active => Ok(user),
        Ok(_) => Err(CommandError::Refused(format!("{email} is disabled"))),
        Err(StoreError::Missing(_)) => Err(CommandError::Refused(format!("there is no user {email}"))),
        Err(error) => Err(error.into()),
    }
}

/// The first line, without its end. A password may hold spaces.
fn read_password(input: impl Read, email: Option<&Email>) -> Result<Zeroizing<String>, CommandError> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(PASSWORD_BYTES_MAX + 1));
    let most = u64::try_from(PASSWORD_BYTES_MAX + 1).unwrap_or(u64::MAX);
    input.take(most).read_to_end(&mut bytes)?;
    let refused = |text: &str| CommandError::Refused(text.to_owned());
    let text = std::str::from_utf8(&bytes).map_err(|_| refused("the password is not UTF-8 text"))?;
    let line = text.lines().next().unwrap_or_default();
    if text.len() > PASSWORD_BYTES_MAX {
        return Err(refused("a password has at most 1024 bytes"));
    }
    check_password(line, email).map_err(|weakness| refused(&weakness.to_string()))?;
    Ok(Zeroizing::new(line.to_owned()))
}

fn parse_role(text: &str) -> Result<Role, String> {
    Role::from_name(text).ok_or_else(|| "is one of owner, admin, operator, finance, auditor, user".to_owned())
}

/// A whole number with a unit: seconds, minutes, hours or days.
fn parse_ttl(text: &str) -> Result<Duration, String> {
    let wrong = || "is a time such as 90s, 15m, 1h or 7d, of at most 30d".to_owned();
    let unit = text.chars().last().ok_or_else(wrong)?;
    let seconds = match unit {
        's' => 1,
        'm' => 60,
        'h' => 60 * 60,
        'd' => 24 * 60 * 60,
        _ => return Err(wrong()),
    };
    let count: u64 = text.strip_suffix(unit).and_then(|digits| digits.parse().ok()).ok_or_else(wrong)?;
    let ttl = Duration::from_secs(count.checked_mul(seconds).ok_or_else(wrong)?);
    if ttl.is_zero() || ttl > TTL_MAX { Err(wrong()) } else { Ok(ttl) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_a_number_with_a_unit() {
        for (text, seconds) in [("90s", 90), ("15m", 900), ("1h", 3_600), ("30d", 2_592_000)] {
            assert_eq!(parse_ttl(text), Ok(Duration::from_secs(seconds)), "{text}");
        }
        for text in ["", "h", "1", "0s", "-1h", "1.5h", "31d", "1w", "1é", "99999999999999999999d"] {
            assert!(parse_ttl(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_password_is_the_first_line() {
        let read =
            |text: &str| read_password(text.as_bytes(), None).map(|password| password.to_string()).ok();
        assert_eq!(read("correct horse\n").as_deref(), Some("correct horse"));
        assert_eq!(read("correct horse\r\nmore").as_deref(), Some("correct horse"));
        assert_eq!(read(" ten chars").as_deref(), Some(" ten chars"));
        for text in ["", "\n", "short", "short\nbut more here"] {
            assert_eq!(read(text), None, "{text:?}");
        }
        assert_eq!(read(&"xy".repeat(513)), None);
        assert_eq!(read("password123"), None);
        let ann = "ann@example.org".parse().unwrap();
        assert!(read_password(&b"i am ann, really"[..], Some(&ann)).is_err());
        assert!(read_password(&b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"[..], None).is_err());
    }
}
