//! The whole measurement: starts everything, takes figure after figure, audits the books, reports.

mod bed;
mod latency;
mod machine;
mod nginx;
mod site;
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
    for site in &bed.sites {
        tell(&format!("auditing the books, {}", site.database.kind().title()));
        report.problems.extend(site.audit()?);
    }
    Ok(report)
}

/// Says what is being done, beside the report.
fn tell(text: &str) {
    // A reader who has gone misses nothing that the report would not say.
    writeln!(std::io::stderr(), "bench: {text}").ok();
}
