//! Whether a call costs the same on an empty table of requests and on one of a million.

use std::process::Command;
use std::time::Duration;

use crate::arguments::RunOptions;
use crate::database::DatabaseKind;
use crate::error::{BenchError, While};
use crate::load::run_closed_loop;
use crate::report::{Bound, Goal, Report, Table};
use crate::run::bed::Bed;
use crate::run::site::Site;
use crate::run::tell;
use crate::run::throughput::CALLERS;
use crate::samples::Samples;

const ROWS: u64 = 1_000_000;
const ROWS_QUICK: u64 = 100_000;
const WARM_UP: Duration = Duration::from_millis(400);
/// Dearer than this by as much is no longer flat; below it lies what the machine's noise makes of equal runs.
const FLAT: f64 = 1.15;

const FILL: &str = include_str!("fill_requests.py");

#[derive(Debug, Default)]
struct Lane {
    rate: Samples,
    cpu: Samples,
}

/// Measures two sites in turn: one without rows, one with a million.
pub(crate) async fn measure(
    bed: &mut Bed,
    options: &RunOptions,
    report: &mut Report,
) -> Result<(), BenchError> {
    let rows = if options.is_quick { ROWS_QUICK } else { ROWS };
    let mut sites = [
        bed.create_site(DatabaseKind::Sqlite, "", "scale-empty").await?,
        bed.create_site(DatabaseKind::Sqlite, "", "scale-full").await?,
    ];
    let [_, full] = &mut sites;
    fill(full, rows).await?;
    let mut lanes = [Lane::default(), Lane::default()];
    let (mut cpu_ratio, mut rate_ratio) = (Samples::default(), Samples::default());
    for round in 0..options.rounds {
        tell(&format!("scale, round {} of {}", round + 1, options.rounds));
        let mut before: Option<(f64, f64)> = None;
        for (site, lane) in sites.iter_mut().zip(&mut lanes) {
            let (rate, cpu) = measure_site(site, options.seconds, report).await?;
            lane.rate.add(rate);
            lane.cpu.add(cpu);
            if let Some((empty_rate, empty_cpu)) = before {
                rate_ratio.add(rate / empty_rate);
                cpu_ratio.add(cpu / empty_cpu);
            }
            before = Some((rate, cpu));
        }
    }
    tell("auditing the books of both");
    for site in &sites {
        report.problems.extend(site.audit()?);
    }
    let row = |name: String, lane: &Lane| vec![name, lane.rate.text(0), lane.cpu.text(0)];
    let [empty, full] = &lanes;
    report.tables.push(Table {
        title: "Scale",
        note: format!(
            "SQLite, {CALLERS} callers, two servers in turn: one whose tables were empty before the first round, one \
             with {rows} ended calls of earlier hours in them, with their attempts and transfers."
        ),
        columns: vec!["rows before", "calls/s", "CPU µs a call"],
        rows: vec![
            row("0".to_owned(), empty),
            row(rows.to_string(), full),
            vec!["ratio of a round".to_owned(), rate_ratio.text(2), cpu_ratio.text(2)],
        ],
    });
    report.goals.push(Goal {
        name: format!("CPU a call at {rows} rows, of that at none"),
        found: cpu_ratio.median(),
        unit: "",
        must: Some(Bound::Most(FLAT)),
        aim: None,
    });
    Ok(())
}

/// Copies one real call as often as wanted, with ids and times of earlier hours.
async fn fill(site: &mut Site, rows: u64) -> Result<(), BenchError> {
    tell(&format!("writing {rows} rows"));
    let figures = run_closed_loop(&site.calls_of_one()?, 1, Duration::from_millis(100)).await;
    site.expect_rows(&figures);
    site.stop()?;
    let mut command = Command::new("python3");
    command.args(["-c", FILL]).arg(site.sqlite_file()).arg(rows.to_string());
    let output = command.output().while_doing("running python3")?;
    if !output.status.success() {
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        return Err(BenchError::new(format!("the rows could not be written: {text}")));
    }
    site.expect_more_rows(rows);
    site.start()
}

async fn measure_site(site: &mut Site, seconds: f64, report: &mut Report) -> Result<(f64, f64), BenchError> {
    let calls = site.calls(None)?;
    let warm_up = run_closed_loop(&calls, CALLERS, WARM_UP).await;
    let before = site.use_so_far();
    let figures = run_closed_loop(&calls, CALLERS, Duration::from_secs_f64(seconds)).await;
    let after = site.use_so_far();
    site.expect_rows(&warm_up);
    site.expect_rows(&figures);
    if warm_up.failed + figures.failed > 0 {
        report.problems.push(format!("scale: {} calls failed", warm_up.failed + figures.failed));
    }
    Ok((figures.rate(), (after.cpu_us - before.cpu_us) / figures.answered.max(1) as f64))
}
