//! New versions of the app itself. Who builds it for others says, while building, where they lie and by which key they
//! are signed; a build that says neither, and one that a package manager installed, does not look for any.

use std::time::Duration;

use serde::Serialize;
use tauri::utils::config::BundleType;
use tauri::{AppHandle, Manager, Runtime};
use tauri_plugin_updater::{Update, UpdaterExt};

use crate::desk::Desk;
use crate::failure::{Refusal, Reply};

/// The public key of what is signed.
const KEY: Option<&str> = option_env!("WAYSTATION_UPDATE_KEY");
/// Where new versions are told of, separated by commas; the next is asked when one does not answer.
const ENDPOINTS: Option<&str> = option_env!("WAYSTATION_UPDATE_ENDPOINTS");
const PATIENCE: Duration = Duration::from_secs(20);

/// A newer version.
#[derive(Debug, Serialize)]
pub(crate) struct NewVersion {
    version: String,
    notes: Option<String>,
}

/// Whether this app can bring itself up to date. What a package manager installed it also updates.
pub(crate) fn can_update() -> bool {
    let is_managed =
        matches!(tauri::utils::platform::bundle_type(), None | Some(BundleType::Deb | BundleType::Rpm));
    KEY.is_some() && ENDPOINTS.is_some() && !is_managed
}

/// Looks for a newer version that was not skipped.
pub(crate) async fn check(app: &AppHandle) -> Reply<Option<NewVersion>> {
    let skipped = app.state::<Desk>().preferences().skipped_version;
    let found = find(app).await?.filter(|update| skipped.as_deref() != Some(update.version.as_str()));
    Ok(found.map(|update| NewVersion { version: update.version.clone(), notes: update.body.clone() }))
}

/// Fetches the newer version, checks its signature and puts it in this one's place.
pub(crate) async fn install(app: &AppHandle) -> Reply<()> {
    let update = find(app).await?.ok_or_else(|| Refusal::new("no_update", "there is no newer version"))?;
    let program = update.download(|_, _| {}, || {}).await.map_err(refuse)?;
    // Not before: what cannot be fetched stops nobody's server.
    app.state::<Desk>().local.stop().await;
    update.install(program).map_err(refuse)?;
    app.restart();
}

async fn find(app: &AppHandle) -> Reply<Option<Update>> {
    let (Some(key), Some(endpoints), true) = (KEY, ENDPOINTS, can_update()) else {
        return Err(Refusal::new("no_updates", "this build does not update itself"));
    };
    find_update(app, key, endpoints).await
}

/// An older version than this one is none, whoever signed it.
async fn find_update<R: Runtime>(app: &impl Manager<R>, key: &str, endpoints: &str) -> Reply<Option<Update>> {
    let endpoints = endpoints.split(',').map(|endpoint| endpoint.trim().parse());
    let endpoints =
        endpoints.collect::<Result<Vec<_>, _>>().map_err(|error| Refusal::new("update", error))?;
    let updater = app.updater_builder().pubkey(key).timeout(PATIENCE).endpoints(endpoints).map_err(refuse)?;
    updater.build().map_err(refuse)?.check().await.map_err(refuse)
}

fn refuse(error: tauri_plugin_updater::Error) -> Refusal {
    Refusal::new("update", error)
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::{Ipv4Addr, SocketAddr, TcpListener};

    use data_encoding::BASE64;
    use minisign::KeyPair;
    use tauri::App;
    use tauri::test::{MockRuntime, mock_builder, mock_context, noop_assets};

    use super::*;

    const PROGRAM: &[u8] = b"a newer program";

    /// The app as it is configured, without a window.
    fn app() -> App<MockRuntime> {
        let shipped: serde_json::Value = serde_json::from_str(include_str!("../tauri.conf.json")).unwrap();
        let mut context = mock_context(noop_assets());
        context.config_mut().plugins.0.insert("updater".to_owned(), shipped["plugins"]["updater"].clone());
        context.package_info_mut().version = "1.2.0".parse().unwrap();
        mock_builder().plugin(tauri_plugin_updater::Builder::new().build()).build(context).unwrap()
    }

    /// A place that tells of a version and has its program; it answers until the test ends.
    fn serve(version: &str, signature: String, program: &'static [u8]) -> SocketAddr {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let told = serde_json::json!({
            "version": version,
            "url": format!("http://{address}/program"),
            "signature": signature,
        })
        .to_string();
        std::thread::spawn(move || {
            for mut stream in listener.incoming().flatten() {
                let mut asked = [0; 4096];
                let length = stream.read(&mut asked).unwrap_or(0);
                let asks_program = asked[..length].starts_with(b"GET /program");
                let body = if asks_program { program } else { told.as_bytes() };
                let head =
                    format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", body.len());
                let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body));
            }
        });
        address
    }

    struct Signer(KeyPair);

    impl Signer {
        fn draw() -> Self {
            Signer(KeyPair::generate_unencrypted_keypair().unwrap())
        }

        fn key(&self) -> String {
            BASE64.encode(self.0.pk.to_box().unwrap().to_string().as_bytes())
        }

        /// Signs as the bundler does: the version stands in the comment that the signature covers.
        fn sign(&self, program: &[u8], version: Option<&str>) -> String {
            let comment = match version {
                Some(version) => format!("timestamp:1\tfile:waystation\tversion:{version}"),
                None => "timestamp:1\tfile:waystation".to_owned(),
            };
            let signed = minisign::sign(
                None,
                &self.0.sk,
                std::io::Cursor::new(program),
                Some(&comment),
                Some("signature"),
            );
            BASE64.encode(signed.unwrap().to_string().as_bytes())
        }
    }

    fn fetch(signer: &Signer, endpoints: &str) -> Result<Option<Vec<u8>>, String> {
        let app = app();
        tauri::async_runtime::block_on(async {
            let found =
                find_update(&app, &signer.key(), endpoints).await.map_err(|error| format!("{error:?}"))?;
            let Some(update) = found else { return Ok(None) };
            update.download(|_, _| {}, || {}).await.map(Some).map_err(|error| error.to_string())
        })
    }

    #[test]
    fn a_newer_version_that_is_signed_is_fetched_from_the_place_that_answers() {
        let signer = Signer::draw();
        let there = serve("1.3.0", signer.sign(PROGRAM, Some("1.3.0")), PROGRAM);
        let gone = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap();
        let fetched = fetch(&signer, &format!("http://{gone}/, http://{there}/"));
        assert_eq!(fetched, Ok(Some(PROGRAM.to_vec())));
    }

    #[test]
    fn a_program_that_was_changed_or_signed_by_others_is_refused() {
        let (signer, other) = (Signer::draw(), Signer::draw());
        let changed = serve("1.3.0", signer.sign(PROGRAM, Some("1.3.0")), b"another program");
        assert!(fetch(&signer, &format!("http://{changed}/")).is_err());
        let foreign = serve("1.3.0", other.sign(PROGRAM, Some("1.3.0")), PROGRAM);
        assert!(fetch(&signer, &format!("http://{foreign}/")).is_err());
        let unsigned = serve("1.3.0", String::new(), PROGRAM);
        assert!(fetch(&signer, &format!("http://{unsigned}/")).is_err());
    }

    #[test]
    fn an_older_version_is_none_and_does_not_pass_under_a_newer_name() {
        let signer = Signer::draw();
        for version in ["1.1.9", "1.2.0", "0.1.0"] {
            let older = serve(version, signer.sign(PROGRAM, Some(version)), PROGRAM);
            assert_eq!(fetch(&signer, &format!("http://{older}/")), Ok(None), "{version}");
        }
        let renamed = serve("1.3.0", signer.sign(PROGRAM, Some("1.1.0")), PROGRAM);
        assert!(fetch(&signer, &format!("http://{renamed}/")).is_err());
        let unnamed = serve("1.3.0", signer.sign(PROGRAM, None), PROGRAM);
        assert!(fetch(&signer, &format!("http://{unnamed}/")).is_err());
    }
}
