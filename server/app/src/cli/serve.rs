//! `serve`: the server itself.

use std::time::Duration;

use clap::Args;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tracing::{info, warn};

use crate::bootstrap::bootstrap_channel;
use crate::cli::{CommandError, Outcome, Output};
use crate::config::Config;
use crate::data_folder::lock_data_folder;
use crate::demo::{create_demo, is_demo_folder, prepare_demo, print_demo, require_loopback};
use crate::error::{StartError, error_chain};
use crate::http::{build_router, serve as answer_connections};
use crate::jobs::start_jobs;
use crate::relay_start::start_relay;
use crate::state::App;

/// How long settlements may take after calls were cut off.
const SETTLE_TIME: Duration = Duration::from_secs(5);

#[derive(Debug, Args)]
pub(crate) struct ServeArguments {
    /// Makes a site to try out on an empty data folder: an owner, a model, a channel inside the server and a key.
    #[arg(long)]
    demo: bool,
}

/// Runs the server until it is told to stop.
pub(crate) async fn serve(
    config: Config,
    arguments: &ServeArguments,
    output: &mut Output,
) -> Result<Outcome, CommandError> {
    if arguments.demo || is_demo_folder(&config.data_dir) {
        require_loopback(&config)?;
    }
    if arguments.demo {
        prepare_demo(&config)?;
    }
    let _lock = lock_data_folder(&config.data_dir)?;
    let app = App::open(config).await?;
    let demo_secrets = if arguments.demo { create_demo(&app).await? } else { None };
    for warning in app.store.list_durability_warnings().await? {
        warn!(warning, "the database may lose what it has committed");
    }
    if let Err(error) = bootstrap_channel(&app).await {
        warn!(error = error.message(), "the first channel could not be made");
    }
    start_jobs(&app).await.map_err(|error| CommandError::Refused(error_chain(error.as_ref())))?;
    let address = app.config.listen;
    let listen = |source| StartError::Listen { address, source };
    let listener = TcpListener::bind(address).await.map_err(listen)?;
    let address = listener.local_addr().map_err(listen)?;
    let stop = stop_signal().map_err(StartError::System)?;
    let relay = start_relay(&app).map_err(StartError::Relay)?;
    let router = build_router(&app, relay.clone());
    output.line(&format!("listening on http://{address}"))?;
    if arguments.demo {
        print_demo(&app, address, demo_secrets.as_ref(), output)?;
    }
    drop(demo_secrets);
    info!(%address, instance = %app.instance, "listening");

    let drain = Duration::from_millis(app.config.relay_drain_ms);
    let stopping = {
        let (app, relay) = (app.clone(), relay.clone());
        async move {
            stop.await;
            // From here on the server is not ready and takes no new calls; those under way go on for a while.
            app.tasks.begin_drain();
            app.tasks.clone().spawn("end_calls", async move { relay.shutdown(drain).await });
        }
    };
    let all_finished = answer_connections(listener, router, stopping, drain + SETTLE_TIME).await;
    stop_work(&app).await?;
    info!(all_finished, "stopped");
    Ok(Outcome::Done)
}

/// Waits for what must still be written, and leaves the database as it should be found.
async fn stop_work(app: &App) -> Result<(), CommandError> {
    app.tasks.stop();
    if !app.tasks.wait(SETTLE_TIME).await {
        warn!("some tasks did not end in time");
    }
    if let Err(error) = app.store.end_instance(app.instance).await {
        // The lease runs out by itself.
        warn!(error = error_chain(&error), "the instance's row could not be taken out");
    }
    app.store.clone().close().await?;
    Ok(())
}

/// Ends at the first SIGTERM or SIGINT.
fn stop_signal() -> std::io::Result<impl Future<Output = ()>> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}
