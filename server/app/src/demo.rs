//! A site to try out: made on an empty data folder, served on this machine only.

use std::io;
use std::net::SocketAddr;
use std::path::Path;

use waystation_ids::{
    AccountId, AdjustmentId, ChannelId, Email, KeyId, ModelId, PriceVersionId, Role, UserId,
};
use waystation_ledger::{AccountKind, Direction, SystemAccount, TransferKind, Unit};
use waystation_pricing::{Money, Price, PriceError};
use waystation_store::{
    AdjustmentRecord, ChannelFormat, ChannelModel, FundsOrder, FundsTarget, KeyLimits, NewChannel, NewKey,
    NewModel, NewPriceVersion, NewUser, OnDisconnect, OutputCapParameter,
};
use zeroize::Zeroizing;

use crate::adjustments::audit_movement;
use crate::audit_trail::Doer;
use crate::channels::shown_channel;
use crate::cli::{CommandError, Output};
use crate::clock::now_ms;
use crate::config::Config;
use crate::error::{StartError, error_chain};
use crate::keys::shown_key;
use crate::models::{shown_model, shown_price};
use crate::passwords::hash_password;
use crate::random::random_bytes;
use crate::sealing::write_private_file;
use crate::state::App;
use crate::users::shown_user;

/// Lies in the data folder of a demo, and in no other.
const MARK: &str = "demo-site";
const EMAIL: &str = "demo@example.com";
const MODEL: &str = "demo";
/// A call is held with less than two cents, so this admits well over a thousand calls at once.
const CREDIT: Money = Money::from_nanos(25_000_000_000);
const OUTPUT_TOKENS: u64 = 1_024;

/// What a new demo's secrets are; shown once.
pub(crate) struct DemoSecrets {
    password: Zeroizing<String>,
    key: Zeroizing<String>,
}

/// Whether the folder is that of a demo.
pub(crate) fn is_demo_folder(data_dir: &Path) -> bool {
    data_dir.join(MARK).exists()
}

/// A demo is never for other people to reach, however its server was started.
pub(crate) fn require_loopback(config: &Config) -> Result<(), StartError> {
    if !config.listen.ip().is_loopback() {
        let text = format!("a demo listens on this machine only, not on {}", config.listen);
        return Err(StartError::Demo(text));
    }
    Ok(())
}

/// Marks an empty data folder as a demo's; refuses one that holds a real site.
pub(crate) fn prepare_demo(config: &Config) -> Result<(), StartError> {
    let data_dir = &config.data_dir;
    let failed = |source| StartError::DataDir { path: data_dir.clone(), source };
    std::fs::create_dir_all(data_dir).map_err(failed)?;
    if is_demo_folder(data_dir) {
        return Ok(());
    }
    if std::fs::read_dir(data_dir).map_err(failed)?.next().is_some() {
        let text = format!("the data folder {} holds a site that is no demo", data_dir.display());
        return Err(StartError::Demo(text));
    }
    match write_private_file(&data_dir.join(MARK), b"A site to try out.\n") {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(failed(error)),
        _ => Ok(()),
    }
}

/// Makes the demo's model, channel, owner and key, unless they were made before.
pub(crate) async fn create_demo(app: &App) -> Result<Option<DemoSecrets>, CommandError> {
    if app.has_owner().await? {
        return Ok(None);
    }
    // A first start that was broken off leaves a part; what is missing is made.
    if app.store.load_catalog(now_ms()).await?.models.iter().all(|found| found.model.name != MODEL) {
        create_model(app).await?;
    }
    if app.store.list_channels(None, None, 1).await?.is_empty() {
        create_channel(app).await?;
    }
    let password = random_text()?;
    let key = app.new_key_secret().map_err(StartError::Random)?;
    let owner = UserId::new(now_ms(), random_bytes().map_err(StartError::Random)?);
    let audit = Doer::Server.does("user.create", "user", &owner.to_string()).showing(shown_user);
    app.store
        .create_user(
            &NewUser {
                id: owner,
                cash_account: AccountId::new(now_ms(), random_bytes().map_err(StartError::Random)?),
                email: EMAIL.parse::<Email>().map_err(|error| CommandError::Refused(error.to_string()))?,
                username: None,
                display_name: "Demo owner".to_owned(),
                role: Role::Owner,
                password_hash: Some(hash_password(&password)?),
                is_demo: true,
                identity: None,
            },
            &audit,
        )
        .await?;
    let id = KeyId::new(now_ms(), random_bytes().map_err(StartError::Random)?);
    let audit = Doer::Server.does("key.create", "key", &id.to_string()).showing(shown_key);
    app.store
        .create_key(
            &NewKey {
                id,
                user: owner,
                name: "Demo key".to_owned(),
                hash: key.hash(),
                preview: key.preview(),
                // So that whoever tries it sees the price.
                limits: KeyLimits { show_cost: true, ..KeyLimits::default() },
                budgets: Vec::new(),
            },
            &audit,
        )
        .await?;
    give_credit(app, owner).await?;
    Ok(Some(DemoSecrets { password, key: Zeroizing::new(key.reveal().to_owned()) }))
}

/// Says where the demo is and how to call it.
pub(crate) fn print_demo(
    app: &App,
    address: SocketAddr,
    secrets: Option<&DemoSecrets>,
    output: &mut Output,
) -> io::Result<()> {
    let base = format!("http://{address}");
    output.line(&format!(
        "\nWaystation demo\n  page      {base}/\n  base URL  {base}/v1\n  API docs  {base}/api/docs\n"
    ))?;
    match secrets {
        Some(DemoSecrets { password, key }) => {
            output.line("These are shown once:")?;
            output.line(&format!("  owner     {EMAIL}"))?;
            output.line(&format!("  password  {}", password.as_str()))?;
            output.line(&format!("  key       {}\n", key.as_str()))?;
            output.line("Paste this to see an answer come back:")?;
            output.line(&format!("  {}\n", curl_line(&base, key, MODEL)))
        }
        None => {
            let folder = app.config.data_dir.canonicalize().unwrap_or_else(|_| app.config.data_dir.clone());
            let folder = folder.display();
            let program = std::env::current_exe()
                .map_or_else(|_| "waystation".to_owned(), |path| path.display().to_string());
            output.line("The demo's secrets were shown when it was made. For a new key:")?;
            output.line(&format!("  {program} --data-dir {folder} key create --email {EMAIL}\n"))
        }
    }
}

/// A command that streams an answer as pasted, its usage in the last chunk.
fn curl_line(base: &str, key: &str, model: &str) -> String {
    format!(
        "curl -N {base}/v1/chat/completions -H \"Authorization: Bearer {key}\" \
         -H \"Content-Type: application/json\" \
         -d '{{\"model\":\"{model}\",\"stream\":true,\"stream_options\":{{\"include_usage\":true}},\
         \"messages\":[{{\"role\":\"user\",\"content\":\"Hello\"}}]}}'"
    )
}

async fn create_model(app: &App) -> Result<(), CommandError> {
    let refused = |error: PriceError| CommandError::Refused(error_chain(&error));
    let model = ModelId::new(now_ms(), random_bytes().map_err(StartError::Random)?);
    let audit = Doer::Server.does("model.create", "model", &model.to_string()).showing(shown_model);
    app.store
        .create_model(
            NewModel {
                id: model,
                name: MODEL.to_owned(),
                display_name: "Demo".to_owned(),
                context_length: Some(32_768),
                max_output_tokens: Some(4_096),
                first_byte_ms: None,
                default_output_tokens: OUTPUT_TOKENS,
                output_cap_parameter: OutputCapParameter::MaxTokens,
                capabilities: vec!["chat".to_owned()],
                active: true,
            },
            &audit,
        )
        .await?;
    let price = Price {
        input: "0.50".parse().map_err(refused)?,
        output: "1.50".parse().map_err(refused)?,
        ..Price::default()
    };
    let audit = Doer::Server.does("price.create", "model", &model.to_string()).showing(shown_price);
    app.store
        .create_price_version(
            NewPriceVersion {
                id: PriceVersionId::new(now_ms(), random_bytes().map_err(StartError::Random)?),
                model,
                price,
                effective_at_ms: now_ms(),
                created_by: None,
            },
            &audit,
        )
        .await?;
    Ok(())
}

async fn create_channel(app: &App) -> Result<(), CommandError> {
    let id = ChannelId::new(now_ms(), random_bytes().map_err(StartError::Random)?);
    let audit = Doer::Server.does("channel.create", "channel", &id.to_string()).showing(shown_channel);
    app.store
        .create_channel(
            NewChannel {
                id,
                name: "Demo".to_owned(),
                format: ChannelFormat::Demo,
                // Never called: the channel lives inside of the server.
                base_url: "http://demo.invalid/v1".to_owned(),
                priority: 0,
                weight: 1,
                active: true,
                allow_private_network: false,
                on_disconnect: OnDisconnect::Cancel,
                models: vec![ChannelModel { name: MODEL.to_owned(), upstream_name: MODEL.to_owned() }],
                credentials: Vec::new(),
            },
            &audit,
        )
        .await?;
    Ok(())
}

async fn give_credit(app: &App, owner: UserId) -> Result<(), CommandError> {
    let random = random_bytes().map_err(StartError::Random)?;
    let account = AccountId::new(now_ms(), random_bytes().map_err(StartError::Random)?);
    app.lanes
        .move_funds(FundsOrder {
            id: AdjustmentId::new_cause(now_ms(), random).uuid(),
            user: owner,
            target: FundsTarget::Standing(AccountKind::Cash, Unit::NanoUsd, account),
            counterpart: SystemAccount::Adjustments,
            direction: Direction::Credit,
            amount: CREDIT.nanos(),
            kind: TransferKind::Adjustment,
            record: AdjustmentRecord {
                entered: None,
                reason_code: "test".to_owned(),
                note: "Credit of the demo".to_owned(),
                actor: None,
            },
            audit: Some(audit_movement(Doer::Server, "adjustment.create", owner, &"credit of the demo")),
        })
        .await
        .map_err(|error| CommandError::Refused(error_chain(&error)))?;
    Ok(())
}

/// 24 letters and digits that a person can copy: over 120 random bits.
fn random_text() -> Result<Zeroizing<String>, CommandError> {
    const LETTERS: &[u8; 32] = b"abcdefghjkmnpqrstuvwxyz234567892";
    let bytes: [u8; 24] = random_bytes().map_err(StartError::Random)?;
    Ok(Zeroizing::new(bytes.iter().map(|byte| char::from(LETTERS[usize::from(byte & 31)])).collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_is_valid_json_within_shell_quotes() {
        let line = curl_line("http://h", "k", "demo");
        let body = line.split("-d '").nth(1).and_then(|rest| rest.strip_suffix('\'')).unwrap();
        let body: serde_json::Value = serde_json::from_str(body).unwrap();
        assert_eq!(body["model"], "demo");
        assert_eq!(body["stream_options"]["include_usage"], true);
    }
}
