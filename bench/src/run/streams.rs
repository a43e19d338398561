//! How late chunks arrive through each target, what a chunk costs, and what a live stream weighs.

use std::time::Duration;

use crate::arguments::RunOptions;
use crate::error::{BenchError, While};
use crate::load::{OpenStreams, run_closed_loop};
use crate::report::{Bound, Goal, Report, Table};
use crate::run::bed::{Bed, Target};
use crate::run::tell;
use crate::samples::{Samples, slope};
use crate::traffic::StreamPlan;

const FEW: u64 = 500;
const MANY: u64 = 1_000;
/// Rounds with many streams: enough for a median, and they take long.
const ROUNDS_MANY_MAX: usize = 3;
/// Twenty chunks a second.
const CHUNK_EVERY_MS: u64 = 50;
const OPENING: Duration = Duration::from_secs(1);

#[derive(Debug, Default)]
struct Lane {
    half: Samples,
    slow: Samples,
    added_half: Samples,
    added_slow: Samples,
    cpu: Samples,
    first_half: Samples,
    first_slow: Samples,
}

/// What one round found.
#[derive(Debug)]
struct Round {
    half: f64,
    slow: f64,
    cpu_us: f64,
    memory_kib: u64,
    first_half: f64,
    first_slow: f64,
}

/// Measures the upstream, nginx and Waystation on SQLite in turn; then what a live stream weighs.
pub(crate) async fn measure(
    bed: &mut Bed,
    options: &RunOptions,
    report: &mut Report,
) -> Result<(), BenchError> {
    let Some(number) = bed.sqlite() else { return Ok(()) };
    let site = Target::Site(number);
    // A fresh process, so that what streams weigh is not hidden in what earlier calls have left free.
    bed.site_mut(number)?.restart()?;
    warm_up(bed, number).await?;
    let mut weights = vec![(0.0, bed.use_so_far(site).memory_kib as f64)];
    let mut rows = Vec::new();
    for (count, rounds) in [(FEW, options.rounds), (MANY, options.rounds.min(ROUNDS_MANY_MAX))] {
        let targets = [Target::Direct, Target::Nginx, site];
        let mut lanes = targets.map(|_| Lane::default());
        for round in 0..rounds {
            tell(&format!("{count} streams, round {} of {rounds}", round + 1));
            let mut of_nginx = None;
            for (target, lane) in targets.iter().zip(&mut lanes) {
                let found = measure_target(bed, *target, count, options.seconds).await?;
                lane.add(&found);
                if *target == Target::Nginx {
                    of_nginx = Some((found.half, found.slow));
                } else if let Some((half, slow)) = of_nginx {
                    lane.added_half.add(found.half - half);
                    lane.added_slow.add(found.slow - slow);
                }
                if *target == site && round == 0 {
                    weights.push((count as f64, found.memory_kib as f64));
                }
            }
        }
        for (target, lane) in targets.iter().zip(&lanes) {
            rows.push(row_of(format!("{}, {count} streams", bed.name(*target)), *target, lane));
        }
        let [_, _, lane] = &lanes;
        report.goals.extend(goals_of(count, lane));
    }
    report.tables.push(Table {
        title: "Streams",
        note: format!(
            "Each stream carries a chunk every {CHUNK_EVERY_MS} ms with the time it was sent at; its delay is receipt \
             less that time, the generator's own queue included. The added columns are differences to nginx of the \
             same round. The first chunk's time runs from the request, and through Waystation includes the hold's \
             commit."
        ),
        columns: vec![
            "",
            "delay p50 ms",
            "delay p99 ms",
            "p50 over nginx",
            "p99 over nginx",
            "CPU µs a chunk",
            "first chunk p50 ms",
            "first chunk p99 ms",
        ],
        rows,
    });
    tell_weight(report, &weights);
    Ok(())
}

/// The same calls that any server has seen after a minute: connections, statements and caches are there.
pub(crate) async fn warm_up(bed: &mut Bed, number: usize) -> Result<(), BenchError> {
    let calls = bed.site(number)?.calls(None)?;
    let figures = run_closed_loop(&calls, 16, Duration::from_millis(300)).await;
    bed.expect_rows(Target::Site(number), figures.answered);
    Ok(())
}

async fn measure_target(
    bed: &mut Bed,
    target: Target,
    count: u64,
    seconds: f64,
) -> Result<Round, BenchError> {
    let observed = Duration::from_secs_f64(seconds);
    // A second more than is observed, for a machine that opens slowly.
    let lasting = observed + OPENING + Duration::from_secs(1);
    let chunks = usize::try_from(lasting.as_millis()).unwrap_or(0) / CHUNK_EVERY_MS as usize;
    let calls = bed.calls(target, Some(StreamPlan::steady(chunks, CHUNK_EVERY_MS)))?;
    let mut streams = OpenStreams::new();
    let doing = format!("opening {count} streams through {}", bed.name(target));
    streams.open(&calls, count, OPENING).await.while_doing(doing)?;
    let before = bed.use_so_far(target);
    let delay = streams.observe(observed).await;
    let after = bed.use_so_far(target);
    let first = streams.first_chunk();
    bed.expect_rows(target, streams.begun());
    let all = streams.finish().await.while_doing(format!("streaming through {}", bed.name(target)))?;
    if all != count * chunks as u64 {
        let name = bed.name(target);
        return Err(BenchError::new(format!("{name}: {all} chunks of {} arrived", count * chunks as u64)));
    }
    Ok(Round {
        half: delay.percentile_ms(50.0),
        slow: delay.percentile_ms(99.0),
        cpu_us: (after.cpu_us - before.cpu_us) / delay.count().max(1) as f64,
        memory_kib: after.memory_kib,
        first_half: first.percentile_ms(50.0),
        first_slow: first.percentile_ms(99.0),
    })
}

impl Lane {
    fn add(&mut self, round: &Round) {
        self.half.add(round.half);
        self.slow.add(round.slow);
        self.cpu.add(round.cpu_us);
        self.first_half.add(round.first_half);
        self.first_slow.add(round.first_slow);
    }
}

fn row_of(name: String, target: Target, lane: &Lane) -> Vec<String> {
    let cpu = if target == Target::Direct { "–".to_owned() } else { lane.cpu.text(1) };
    vec![
        name,
        lane.half.text(2),
        lane.slow.text(2),
        lane.added_half.text(2),
        lane.added_slow.text(2),
        cpu,
        lane.first_half.text(2),
        lane.first_slow.text(2),
    ]
}

fn goals_of(count: u64, lane: &Lane) -> Vec<Goal> {
    let goal = |name: &str, samples: &Samples, unit, must, aim: Option<f64>| Goal {
        name: format!("{count} streams: {name}"),
        found: samples.median(),
        unit,
        must: Some(Bound::Most(must)),
        aim: aim.map(Bound::Most),
    };
    if count == FEW {
        vec![
            goal("p99 chunk delay over nginx", &lane.added_slow, "ms", 1.0, None),
            goal("CPU a chunk", &lane.cpu, "µs", 45.0, Some(30.0)),
        ]
    } else {
        vec![goal("p99 chunk delay", &lane.slow, "ms", 5.0, None)]
    }
}

fn tell_weight(report: &mut Report, weights: &[(f64, f64)]) {
    let weight = slope(weights);
    let cell = |(count, kib): &(f64, f64)| vec![format!("{count:.0}"), format!("{:.1}", kib / 1024.0)];
    report.tables.push(Table {
        title: "Memory of live streams",
        note: format!(
            "Resident memory of the server in the first round of each number, its process fresh and warm: {weight:.1} \
             KiB a stream."
        ),
        columns: vec!["streams", "RSS MiB"],
        rows: weights.iter().map(cell).collect(),
    });
    report.goals.push(Goal {
        name: "memory of a live stream".to_owned(),
        found: Some(weight),
        unit: "KiB",
        must: Some(Bound::Most(96.0)),
        aim: None,
    });
}
