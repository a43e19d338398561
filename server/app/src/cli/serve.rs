//! `serve`: the server itself.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use clap::Args;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::{Instant, sleep, sleep_until, timeout};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};
use waystation_relay::Relay;

use crate::bootstrap::bootstrap_channel;
use crate::cli::attachment::{announce, hear_parent_end};
use crate::cli::{CommandError, Outcome, Output};
use crate::config::Config;
use crate::data_folder::lock_data_folder;
use crate::demo::{create_demo, is_demo_folder, prepare_demo, print_demo, require_loopback};
use crate::error::{StartError, error_chain};
use crate::http::public_origin::link_base;
use crate::http::{build_router, serve as answer_connections};
use crate::jobs::start_jobs;
use crate::metrics::listen_for_metrics;
use crate::relay_start::start_relay;
use crate::setup_token::{SetupToken, create_setup_token, remove_setup_token};
use crate::state::App;

/// How long the last answers may take to their callers.
const FLUSH_TIME: Duration = Duration::from_millis(200);
/// How long the tasks beside the calls may take to end.
const TASKS_TIME: Duration = Duration::from_secs(2);
/// Files that are open beside those of connections.
const OTHER_FILES: u64 = 100;
/// The process has ended so long after the time for calls was over, whatever does not answer.
const END_TIME: Duration = Duration::from_secs(5);
/// What is left to do at last gets at least this.
const LAST_TIME_MIN: Duration = Duration::from_millis(500);

#[derive(Debug, Args)]
pub(crate) struct ServeArguments {
    /// Makes a site to try out on an empty data folder: an owner, a model, a channel inside the server and a key.
    #[arg(long)]
    demo: bool,
    /// For the program that starts the server: the first line printed is one JSON object, and the server stops when its
    /// standard input ends.
    #[arg(long, conflicts_with = "demo")]
    attached: bool,
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
    raise_open_files(config.limits_connections_max);
    let _lock = lock_data_folder(&config.data_dir)?;
    let app = App::open(config).await?;
    let demo_secrets = if arguments.demo { create_demo(&app).await? } else { None };
    let warnings = app.store.list_durability_warnings().await?;
    app.metrics.durability_warnings.set(warnings.len() as u64);
    for warning in warnings {
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
    app.listening_on.get_or_init(|| address);
    let stop = hear_stop_signals().map_err(StartError::System)?;
    let relay = start_relay(&app).map_err(StartError::Relay)?;
    let setup_token = prepare_setup(&app).await?;
    listen_for_metrics(&app, relay.clone()).await?;
    let router = build_router(&app, relay.clone());
    if arguments.attached {
        hear_parent_end(stop.asked.clone()).map_err(StartError::System)?;
        announce(&app, address, setup_token.is_some(), output)?;
    } else {
        output.line(&format!("listening on http://{address}"))?;
        if arguments.demo {
            print_demo(&app, address, demo_secrets.as_ref(), output)?;
        }
        print_setup(&app, setup_token.as_ref(), output)?;
    }
    drop(demo_secrets);
    drop(setup_token);
    info!(%address, instance = %app.instance, "listening");

    let end = End::default();
    let stopping = {
        let (app, relay, stop, end) = (app.clone(), relay.clone(), stop.clone(), end.clone());
        async move {
            stop.asked.cancelled().await;
            // From here on the server is not ready and takes no new calls; those under way go on for a while.
            app.tasks.begin_drain();
            let drain = Duration::from_millis(app.config.relay_drain_ms);
            end.latest.get_or_init(|| Instant::now() + drain + END_TIME);
            app.tasks
                .clone()
                .spawn("end_calls", async move { end_calls(&app, &relay, drain, &stop, &end).await });
        }
    };
    let given_up = end.connections_given_up.cancelled();
    let all_finished = answer_connections(&app, listener, router, stopping, given_up).await;
    // A call goes on without its caller.
    end.calls_ended.cancelled().await;
    let left = end.latest.get().map_or(END_TIME, |latest| latest.duration_since(Instant::now()));
    match timeout(left.max(LAST_TIME_MIN), stop_work(&app)).await {
        Ok(stopped) => stopped?,
        // The instance's lease runs out by itself.
        Err(_) => warn!("the database did not take the end of this server in time"),
    }
    info!(all_finished, "stopped");
    Ok(Outcome::Done)
}

/// Where there is no owner yet, makes a new token to set up with; where there is one, none is left.
async fn prepare_setup(app: &App) -> Result<Option<SetupToken>, CommandError> {
    let data_dir = &app.config.data_dir;
    let prepared = if app.has_owner().await? {
        remove_setup_token(data_dir).map(|()| None)
    } else {
        create_setup_token(data_dir).map(Some)
    };
    Ok(prepared.map_err(StartError::SetupToken)?)
}

/// Says how to set up a site that has no owner yet.
fn print_setup(app: &App, token: Option<&SetupToken>, output: &mut Output) -> std::io::Result<()> {
    let Some(token) = token else { return Ok(()) };
    let page = link_base(app).map_or_else(|_| "/setup".to_owned(), |base| format!("{base}/setup"));
    output.line(&format!("this site has no owner yet: open {page}"))?;
    // Whatever is no terminal may be kept, and read by others.
    if output.is_terminal() {
        output.line(&format!("the setup token, for an hour: {}", token.reveal()))
    } else {
        output.line("waystation setup-token prints the setup token")
    }
}

/// Lets the process open as many files and connections as the system allows it, and says so where that is not enough:
/// a connection has a file of its own, and the call on it may have another for its upstream.
fn raise_open_files(connections_max: usize) {
    let needed = (connections_max as u64).saturating_mul(2).saturating_add(OTHER_FILES);
    match rlimit::increase_nofile_limit(u64::MAX) {
        Ok(allowed) if allowed < needed => {
            warn!(allowed, needed, "fewer files may be open than limits.connections_max needs");
        }
        Ok(_) => {}
        Err(error) => warn!(%error, "the limit of open files could not be raised"),
    }
}

/// Lets calls finish for as long as stopping may take; when urged, ends them at once. They are settled either way.
/// Then connections that are still open, though they carry no call, are given up.
async fn end_calls(app: &App, relay: &Relay, drain: Duration, stop: &Stop, end: &End) {
    let drained_at = Instant::now() + drain;
    tokio::select! {
        () = relay.shutdown(drain) => {}
        () = stop.urged.cancelled() => {
            warn!("told to stop again: calls end now");
            relay.shutdown(Duration::ZERO).await;
        }
    }
    end.calls_ended.cancel();
    tokio::select! {
        () = sleep_until(drained_at) => {}
        () = stop.urged.cancelled() => {}
        () = app.tasks.stopping().cancelled() => {}
    }
    // What was answered last is still on its way to its callers.
    sleep(FLUSH_TIME).await;
    end.connections_given_up.cancel();
}

/// How far the end of the server has come.
#[derive(Clone, Debug, Default)]
struct End {
    /// Every call is settled, or kept to be settled by the next run.
    calls_ended: CancellationToken,
    /// Whoever has not heard its answer by now will not.
    connections_given_up: CancellationToken,
    /// When the process should be gone.
    latest: Arc<OnceLock<Instant>>,
}

/// Waits for what must still be written, and leaves the database as it should be found.
async fn stop_work(app: &App) -> Result<(), CommandError> {
    app.tasks.stop();
    if !app.tasks.wait(TASKS_TIME).await {
        warn!("some tasks did not end in time");
    }
    if let Err(error) = app.store.end_instance(app.instance).await {
        // The lease runs out by itself.
        warn!(error = error_chain(&error), "the instance's row could not be taken out");
    }
    app.store.clone().close().await?;
    Ok(())
}

/// What the operator has said by signals.
#[derive(Clone, Debug, Default)]
struct Stop {
    /// Once.
    asked: CancellationToken,
    /// Twice.
    urged: CancellationToken,
}

/// Hears SIGTERM and SIGINT from now on.
fn hear_stop_signals() -> std::io::Result<Stop> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let stop = Stop::default();
    let told = stop.clone();
    // Not in the task set: it waits for as long as the process lives.
    tokio::spawn(async move {
        for token in [told.asked, told.urged] {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
            token.cancel();
        }
    });
    Ok(stop)
}
