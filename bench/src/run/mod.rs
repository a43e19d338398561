//! The whole measurement: starts everything, takes figure after figure, audits the books, reports.

mod bed;
mod idle;
mod latency;
mod machine;
mod nginx;
mod scale;
mod site;
mod start;
mod streams;
mod throughput;

use std::io::Write;

use crate::arguments::{Figure, RunOptions};
use crate::error::BenchError;
use crate::report::Report;
use bed::Bed;

/// Measures what is asked for. The report names every problem; with one, the run has failed.
pub(crate) async fn run_bench(options: &RunOptions) -> Result<Report, BenchError> {
    let mut bed = Bed::start(options).await?;
    let mut report = Report { machine: machine::describe(&bed), ..Report::default() };
    if options.wants(Figure::Throughput) {
        throughput::measure(&mut bed, options, &mut report).await?;
    }
    if options.wants(Figure::Latency) {
        latency::measure(&mut bed, options, &mut report).await?;
    }
    if options.wants(Figure::Steady) {
        latency::measure_steady(&mut bed, options, &mut report).await?;
    }
    if options.wants(Figure::Streams) {
        streams::measure(&mut bed, options, &mut report).await?;
    }
    if options.wants(Figure::Idle) {
        idle::measure(&mut bed, options, &mut report).await?;
    }
    if options.wants(Figure::Start) {
        start::measure(&mut bed, options, &mut report).await?;
    }
    for site in &bed.sites {
        tell(&format!("auditing the books, {}", site.database.kind().title()));
        report.problems.extend(site.audit()?);
    }
    if options.wants(Figure::Scale) {
        scale::measure(&mut bed, options, &mut report).await?;
    }
    Ok(report)
}

/// Says what is being done, beside the report.
fn tell(text: &str) {
    // A reader who has gone misses nothing that the report would not say.
    writeln!(std::io::stderr(), "bench: {text}").ok();
}
