//! Where secrets lie.

use std::sync::Arc;

use tauri::State;
use waystation_desktop::secrets::{Cupboard, SecretError, SecretsPlace, SecretsState};
use zeroize::Zeroizing;

use crate::desk::Desk;
use crate::failure::{Refusal, Reply};

#[tauri::command]
pub(crate) async fn show_secrets(desk: State<'_, Desk>) -> Reply<SecretsState> {
    state_of(&desk).await
}

#[tauri::command]
pub(crate) async fn create_passphrase_file(desk: State<'_, Desk>, passphrase: String) -> Reply<SecretsState> {
    let passphrase = Zeroizing::new(passphrase);
    work(&desk, move |cupboard| cupboard.file().create(&passphrase)).await?;
    use_place(&desk, SecretsPlace::PassphraseFile).await
}

#[tauri::command]
pub(crate) async fn unlock_passphrase_file(desk: State<'_, Desk>, passphrase: String) -> Reply<SecretsState> {
    let passphrase = Zeroizing::new(passphrase);
    work(&desk, move |cupboard| cupboard.file().unlock(&passphrase)).await?;
    use_place(&desk, SecretsPlace::PassphraseFile).await
}

#[tauri::command]
pub(crate) async fn use_keyring(desk: State<'_, Desk>) -> Reply<SecretsState> {
    use_place(&desk, SecretsPlace::Keyring).await
}

/// Secrets stay where they are: sites that were paired with the other place are paired anew.
async fn use_place(desk: &Desk, place: SecretsPlace) -> Reply<SecretsState> {
    desk.change_preferences(|kept| kept.secrets = Some(place))?;
    desk.cupboard.choose(place);
    desk.gateway.use_secrets(None);
    state_of(desk).await
}

async fn state_of(desk: &Desk) -> Reply<SecretsState> {
    work(desk, |cupboard| Ok(cupboard.state())).await
}

async fn work<A: Send + 'static>(
    desk: &Desk,
    work: impl FnOnce(&Cupboard) -> Result<A, SecretError> + Send + 'static,
) -> Reply<A> {
    let cupboard: Arc<Cupboard> = desk.cupboard.clone();
    let worked = tauri::async_runtime::spawn_blocking(move || work(&cupboard)).await;
    Ok(worked.map_err(|error| Refusal::new("keyring_unavailable", error))??)
}
