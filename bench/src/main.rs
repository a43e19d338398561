#![doc = include_str!("../README.md")]

mod arguments;
mod clock;
mod database;
mod error;
mod load;
mod message;
mod mock;
mod process;
mod report;
mod run;
mod samples;
mod traffic;

use std::io::Write;
use std::process::ExitCode;
use std::time::Duration;

use nix::sys::resource::{Resource, getrlimit, setrlimit};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

use crate::arguments::{LoadOptions, LoadShape, Order, RunOptions, read_arguments};
use crate::error::{BenchError, While};
use crate::load::{Calls, OpenStreams, run_closed_loop, run_fixed_rate};
use crate::traffic::StreamPlan;

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    match read_arguments(&words).and_then(|order| start(&order)) {
        Ok(code) => code,
        Err(error) => {
            let source = std::error::Error::source(&error).map(|source| format!(": {source}"));
            writeln!(std::io::stderr(), "{error}{}", source.unwrap_or_default()).ok();
            ExitCode::from(2)
        }
    }
}

/// Everything happens on one thread: what the generator takes from the machine is one core at most.
fn start(order: &Order) -> Result<ExitCode, BenchError> {
    raise_file_limit();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.while_doing("starting the runtime")?;
    runtime.block_on(async {
        let mut terminate = signal(SignalKind::terminate()).while_doing("listening for signals")?;
        let mut interrupt = signal(SignalKind::interrupt()).while_doing("listening for signals")?;
        tokio::select! {
            done = follow(order) => done,
            // Whatever was started ends with its value, here.
            _ = terminate.recv() => Err(BenchError::new("told to stop")),
            _ = interrupt.recv() => Err(BenchError::new("told to stop")),
        }
    })
}

async fn follow(order: &Order) -> Result<ExitCode, BenchError> {
    match order {
        Order::Run(options) => run_and_print(options).await,
        Order::Mock { listen } => {
            let listener = TcpListener::bind(listen).await.while_doing(format!("listening on {listen}"))?;
            let address = listener.local_addr().while_doing("listening")?;
            print(&format!("listening on {address}\n"))?;
            mock::serve_upstream(listener).await.while_doing("serving")?;
            Ok(ExitCode::SUCCESS)
        }
        Order::Load(options) => put_load(options).await,
    }
}

async fn run_and_print(options: &RunOptions) -> Result<ExitCode, BenchError> {
    let report = run::run_bench(options).await?;
    if options.json {
        print(&format!("{:#}\n", report.json()))?;
    } else {
        print(&report.markdown())?;
    }
    Ok(if report.problems.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn put_load(options: &LoadOptions) -> Result<ExitCode, BenchError> {
    let duration = Duration::from_secs_f64(options.seconds);
    let calls = |plan| Calls::chat(options.address, &options.keys, plan);
    let figures = match options.shape {
        LoadShape::Callers(callers) => run_closed_loop(&calls(None), callers, duration).await,
        LoadShape::Rate(rate) => {
            run_fixed_rate(&calls(None), rate, duration, 64).await.while_doing("calling")?
        }
        LoadShape::Streams(count) => return put_streams(options, count, duration).await,
    };
    let (half, slow) = (figures.timing.percentile_ms(50.0), figures.timing.percentile_ms(99.0));
    let (answered, failed) = (figures.answered, figures.failed);
    let rate = figures.rate();
    print(&format!(
        "{answered} answered, {failed} failed, {rate:.0}/s, p50 {half:.2} ms, p99 {slow:.2} ms\n"
    ))?;
    Ok(if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn put_streams(options: &LoadOptions, count: u64, duration: Duration) -> Result<ExitCode, BenchError> {
    let chunks = ((options.seconds + 2.0) * 20.0) as usize;
    let calls = Calls::chat(options.address, &options.keys, Some(StreamPlan::steady(chunks, 50)));
    let mut streams = OpenStreams::new();
    streams.open(&calls, count, Duration::from_secs(1)).await.while_doing("opening streams")?;
    let delay = streams.observe(duration).await;
    let (half, slow) = (delay.percentile_ms(50.0), delay.percentile_ms(99.0));
    let all = streams.finish().await.while_doing("reading streams")?;
    print(&format!(
        "{} of {all} chunks observed, delay p50 {half:.2} ms, p99 {slow:.2} ms\n",
        delay.count()
    ))?;
    Ok(ExitCode::SUCCESS)
}

/// Thousands of connections need as many files; as many as the system allows are taken.
fn raise_file_limit() {
    if let Ok((_, most)) = getrlimit(Resource::RLIMIT_NOFILE) {
        // What could not be raised shows when files run out.
        setrlimit(Resource::RLIMIT_NOFILE, most, most).ok();
    }
}

fn print(text: &str) -> Result<(), BenchError> {
    let mut output = std::io::stdout();
    output.write_all(text.as_bytes()).and_then(|()| output.flush()).while_doing("printing")
}
