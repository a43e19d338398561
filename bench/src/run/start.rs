//! How soon a started server answers, and what it weighs when nobody asks.

use std::time::Duration;

use crate::arguments::RunOptions;
use crate::clock::now_ns;
use crate::error::{BenchError, While};
use crate::load::{Connection, run_closed_loop};
use crate::report::{Bound, Goal, Report, Table};
use crate::run::bed::Bed;
use crate::run::tell;
use crate::samples::Samples;

/// What a started server may still be doing before it counts as idle.
const REST: Duration = Duration::from_secs(1);

/// Starts the server on SQLite again and again, on a database that is ready.
pub(crate) async fn measure(
    bed: &mut Bed,
    options: &RunOptions,
    report: &mut Report,
) -> Result<(), BenchError> {
    let Some(number) = bed.sqlite() else { return Ok(()) };
    let (mut listening, mut answering) = (Samples::default(), Samples::default());
    let mut own = Samples::default();
    let (mut idle, mut called, mut loaded) = (Samples::default(), Samples::default(), Samples::default());
    for round in 0..options.rounds {
        tell(&format!("start, round {} of {}", round + 1, options.rounds));
        let site = bed.site_mut(number)?;
        site.stop()?;
        let started = now_ns();
        site.start()?;
        listening.add(now_ns().saturating_sub(started) as f64 / 1e6);
        let calls = site.calls_of_one()?;
        let request = calls.requests.first().ok_or_else(|| BenchError::new("there is no key"))?;
        let doing = "calling a server that has just started";
        let mut connection = Connection::open(calls.address).await.while_doing(doing)?;
        let status = connection.exchange(request).await.while_doing(doing)?.status;
        answering.add(now_ns().saturating_sub(started) as f64 / 1e6);
        if status != 200 {
            return Err(BenchError::new(format!("a server that has just started answers {status}")));
        }
        site.expect_more_rows(1);
        drop(connection);
        tokio::time::sleep(REST).await;
        called.add(memory_mib(bed, number)?);

        // Without any call, what was there from the start.
        bed.site_mut(number)?.restart()?;
        tokio::time::sleep(REST).await;
        idle.add(memory_mib(bed, number)?);
        own.add(bed.site(number)?.use_so_far().anonymous_kib as f64 / 1024.0);
        let calls = bed.site(number)?.calls(None)?;
        let figures = run_closed_loop(&calls, 64, Duration::from_secs(1)).await;
        bed.site_mut(number)?.expect_rows(&figures);
        tokio::time::sleep(REST).await;
        loaded.add(memory_mib(bed, number)?);
    }
    let row = |name: &str, samples: &Samples| vec![name.to_owned(), samples.text(1)];
    report.tables.push(Table {
        title: "Start",
        note: "SQLite, on a database that is ready. Times run from the start of the process.".to_owned(),
        columns: vec!["", "found"],
        rows: vec![
            row("listening after, ms", &listening),
            row("first chat completion answered after, ms", &answering),
            row("RSS before any call, MiB", &idle),
            row("of it allocated, not the program's file, MiB", &own),
            row("RSS after the first call, MiB", &called),
            row("RSS after a second of 64 callers, MiB", &loaded),
        ],
    });
    report.goals.push(goal("idle memory after the start", &idle, "MiB", 40.0));
    report.goals.push(goal("start to first answer", &answering, "ms", 500.0));
    Ok(())
}

fn goal(name: &str, samples: &Samples, unit: &'static str, must: f64) -> Goal {
    let must = Some(Bound::Most(must));
    Goal { name: name.to_owned(), found: samples.median(), unit, must, aim: None }
}

fn memory_mib(bed: &Bed, number: usize) -> Result<f64, BenchError> {
    Ok(bed.site(number)?.use_so_far().memory_kib as f64 / 1024.0)
}
