//! What streams weigh in which little happens.

use std::time::Duration;

use crate::arguments::RunOptions;
use crate::error::{BenchError, While};
use crate::load::OpenStreams;
use crate::report::{Bound, Goal, Report, Table};
use crate::run::bed::{Bed, Target};
use crate::run::streams::warm_up;
use crate::run::tell;
use crate::samples::slope;
use crate::traffic::StreamPlan;

/// Streams open when memory is read.
const STEPS: [u64; 4] = [500, 1_000, 2_000, 4_000];
const OPENED_A_SECOND: u64 = 1_000;
/// A chunk comes now and then, as from a model that thinks for long.
const PLAN: StreamPlan = StreamPlan { chunks: 1_000, every_ms: (15_000, 30_000) };
/// What allocators and connections need to come to rest.
const REST: Duration = Duration::from_millis(700);
/// Long enough for the first keep-alives and chunks.
const HOLDING: Duration = Duration::from_secs(20);

/// Opens streams step by step, holds them, and hangs up.
pub(crate) async fn measure(
    bed: &mut Bed,
    options: &RunOptions,
    report: &mut Report,
) -> Result<(), BenchError> {
    let Some(number) = bed.sqlite() else { return Ok(()) };
    let site = Target::Site(number);
    bed.site_mut(number)?.restart()?;
    warm_up(bed, number).await?;
    let memory = |bed: &Bed| bed.use_so_far(site).memory_kib as f64;
    let mut weights = vec![(0.0, memory(bed))];
    let calls = bed.calls(site, Some(PLAN))?;
    let mut streams = OpenStreams::new();
    for step in STEPS {
        tell(&format!("{step} idle streams"));
        let count = step - streams.begun();
        let over = Duration::from_millis(count * 1_000 / OPENED_A_SECOND);
        streams.open(&calls, count, over).await.while_doing(format!("opening {step} idle streams"))?;
        tokio::time::sleep(REST).await;
        weights.push((step as f64, memory(bed)));
    }
    let weight = slope(&weights);
    let before = bed.use_so_far(site);
    let holding = if options.is_quick { REST } else { HOLDING };
    tokio::time::sleep(holding).await;
    let after = bed.use_so_far(site);
    bed.expect_rows(site, streams.begun());
    streams.abandon().await;

    let held = after.memory_kib as f64 / 1024.0;
    let cpu = (after.cpu_us - before.cpu_us) / holding.as_secs_f64() / 10_000.0;
    let seconds = holding.as_secs_f64();
    let cell = |(count, kib): &(f64, f64)| vec![format!("{count:.0}"), format!("{:.1}", kib / 1024.0)];
    let mut rows: Vec<Vec<String>> = weights.iter().map(cell).collect();
    let most = STEPS.iter().max().copied().unwrap_or(0);
    rows.push(vec![format!("{most}, held for {seconds:.0} s"), format!("{held:.1}")]);
    report.tables.push(Table {
        title: "Memory of idle streams",
        note: format!(
            "Streams that have had one chunk and get another every 15 to 30 s, on a fresh and warm process: \
             {weight:.1} KiB a stream; while all are held they take {cpu:.1} % of a core."
        ),
        columns: vec!["streams", "RSS MiB"],
        rows,
    });
    report.goals.push(Goal {
        name: format!("memory with {most} idle streams"),
        found: Some(held),
        unit: "MiB",
        must: Some(Bound::Most(400.0)),
        aim: None,
    });
    Ok(())
}
