//! What a target adds to a call while the machine has time to spare, and whether it keeps up with a thousand a second.

use std::time::Duration;

use crate::arguments::RunOptions;
use crate::error::{BenchError, While};
use crate::load::{CallFigures, run_fixed_rate};
use crate::report::{Bound, Goal, Report, Table};
use crate::run::bed::{Bed, Target};
use crate::run::tell;
use crate::samples::Samples;

/// Calls a second at which what a target adds is told.
const RATE: u64 = 500;
/// Calls a second that every database must keep up with.
const STEADY_RATE: u64 = 1_000;
const CONNECTIONS: usize = 64;
const WARM_UP: Duration = Duration::from_millis(400);

#[derive(Debug, Default)]
struct Lane {
    half: Samples,
    slow: Samples,
    added_half: Samples,
    added_slow: Samples,
    cpu: Samples,
    failed: u64,
}

/// Measures all targets in turn, round by round.
pub(crate) async fn measure(
    bed: &mut Bed,
    options: &RunOptions,
    report: &mut Report,
) -> Result<(), BenchError> {
    let targets = bed.targets();
    let mut lanes: Vec<Lane> = targets.iter().map(|_| Lane::default()).collect();
    for round in 0..options.rounds {
        tell(&format!("latency, round {} of {}", round + 1, options.rounds));
        let mut of_nginx = None;
        for (target, lane) in targets.iter().zip(&mut lanes) {
            let (figures, cpu_us) = measure_target(bed, *target, RATE, options.seconds).await?;
            lane.cpu.add(cpu_us);
            let (half, slow) = (figures.timing.percentile_ms(50.0), figures.timing.percentile_ms(99.0));
            lane.failed += figures.failed;
            lane.half.add(half);
            lane.slow.add(slow);
            if *target == Target::Nginx {
                of_nginx = Some((half, slow));
            } else if let Some((nginx_half, nginx_slow)) = of_nginx {
                lane.added_half.add(half - nginx_half);
                lane.added_slow.add(slow - nginx_slow);
            }
        }
    }
    let mut rows = Vec::new();
    for (target, lane) in targets.iter().zip(&lanes) {
        let name = bed.name(*target);
        if lane.failed > 0 {
            report.problems.push(format!("{name}: {} calls failed at {RATE} a second", lane.failed));
        }
        if matches!(target, Target::Site(number) if Some(*number) == bed.sqlite()) {
            let goal = |name: &str, samples: &Samples, must, aim| Goal {
                name: format!("SQLite, {RATE} calls/s: {name} over nginx"),
                found: samples.median(),
                unit: "ms",
                must: Some(Bound::Most(must)),
                aim: Some(Bound::Most(aim)),
            };
            report.goals.push(goal("p50", &lane.added_half, 1.0, 0.5));
            report.goals.push(goal("p99", &lane.added_slow, 3.0, 1.5));
        }
        let cpu = if *target == Target::Direct { "–".to_owned() } else { lane.cpu.text(0) };
        rows.push(vec![
            name,
            lane.half.text(2),
            lane.slow.text(2),
            lane.added_half.text(2),
            lane.added_slow.text(2),
            cpu,
        ]);
    }
    report.tables.push(Table {
        title: "Latency",
        note: format!(
            "{RATE} calls a second at fixed moments, governed as above; a call's time runs from the moment it was \
             due. The added columns are differences to nginx of the same round."
        ),
        columns: vec!["", "p50 ms", "p99 ms", "p50 over nginx", "p99 over nginx", "CPU µs a call"],
        rows,
    });
    Ok(())
}

/// A thousand governed calls a second on each database.
pub(crate) async fn measure_steady(
    bed: &mut Bed,
    options: &RunOptions,
    report: &mut Report,
) -> Result<(), BenchError> {
    let mut rows = Vec::new();
    for target in bed.targets().into_iter().filter(|target| matches!(target, Target::Site(_))) {
        tell(&format!("{STEADY_RATE} calls/s, {}", bed.name(target)));
        let (figures, cpu_us) = measure_target(bed, target, STEADY_RATE, options.seconds * 2.0).await?;
        let name = bed.name(target);
        let slow = figures.timing.percentile_ms(99.0);
        if figures.failed > 0 {
            report
                .problems
                .push(format!("{name}: {} calls failed at {STEADY_RATE} a second", figures.failed));
        }
        report.goals.push(Goal {
            name: format!("{name}, {STEADY_RATE} calls/s: p99"),
            found: Some(slow),
            unit: "ms",
            must: Some(Bound::Most(200.0)),
            aim: None,
        });
        rows.push(vec![
            name,
            format!("{:.0}", figures.rate()),
            format!("{:.2}", figures.timing.percentile_ms(50.0)),
            format!("{slow:.2}"),
            format!("{:.2}", figures.timing.percentile_ms(99.9)),
            format!("{cpu_us:.0}"),
        ]);
    }
    report.tables.push(Table {
        title: "A thousand governed calls a second",
        note: format!(
            "{STEADY_RATE} calls a second at fixed moments, timed as above; one run on each database."
        ),
        columns: vec!["", "answered/s", "p50 ms", "p99 ms", "p99.9 ms", "CPU µs a call"],
        rows,
    });
    Ok(())
}

/// One run at a fixed rate, and the processor time a call.
async fn measure_target(
    bed: &mut Bed,
    target: Target,
    rate: u64,
    seconds: f64,
) -> Result<(CallFigures, f64), BenchError> {
    let calls = bed.calls(target, None)?;
    let doing = "calling at a fixed rate";
    let warm_up = run_fixed_rate(&calls, rate, WARM_UP, CONNECTIONS).await.while_doing(doing)?;
    let duration = Duration::from_secs_f64(seconds);
    let before = bed.use_so_far(target);
    let mut figures = run_fixed_rate(&calls, rate, duration, CONNECTIONS).await.while_doing(doing)?;
    let cpu_us = bed.use_so_far(target).cpu_us - before.cpu_us;
    bed.expect_rows(target, warm_up.answered + figures.answered);
    figures.failed += warm_up.failed;
    Ok((figures.clone(), cpu_us / figures.answered.max(1) as f64))
}
