//! How many calls a second each target carries, and what a call costs it.

use std::time::Duration;

use crate::arguments::RunOptions;
use crate::database::DatabaseKind;
use crate::error::BenchError;
use crate::load::{CallFigures, Calls, run_closed_loop};
use crate::report::{Bound, Goal, Report, Table};
use crate::run::bed::{Bed, Target};
use crate::run::site::USERS;
use crate::run::tell;
use crate::samples::Samples;

/// Callers at once.
pub(crate) const CALLERS: usize = 64;
const WARM_UP: Duration = Duration::from_millis(400);

/// What is asked of a target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Traffic {
    Chat,
    ChatOfOne,
    Models,
}

#[derive(Debug)]
struct Lane {
    target: Target,
    traffic: Traffic,
    name: String,
    rate: Samples,
    ratio: Samples,
    cpu: Samples,
    memory: Samples,
    half: Samples,
    slow: Samples,
    failed: u64,
}

/// Measures all targets in turn, round by round.
pub(crate) async fn measure(
    bed: &mut Bed,
    options: &RunOptions,
    report: &mut Report,
) -> Result<(), BenchError> {
    let mut lanes = list_lanes(bed);
    for round in 0..options.rounds {
        tell(&format!("throughput, round {} of {}", round + 1, options.rounds));
        let mut of_nginx = None;
        for lane in &mut lanes {
            let figures = measure_lane(bed, lane, options.seconds).await?;
            if lane.target == Target::Nginx {
                of_nginx = Some(figures.rate());
            }
            if let Some(nginx) = of_nginx {
                lane.ratio.add(figures.rate() / nginx);
            }
        }
    }
    for lane in lanes.iter().filter(|lane| lane.failed > 0) {
        report.problems.push(format!("{}: {} calls failed under full load", lane.name, lane.failed));
    }
    report.goals.extend(lanes.iter().flat_map(|lane| goals_of(bed, lane)));
    report.tables.push(table_of(&lanes));
    Ok(())
}

fn list_lanes(bed: &Bed) -> Vec<Lane> {
    let mut lanes = Vec::new();
    for target in bed.targets() {
        let name = bed.name(target);
        let is_sqlite = matches!(target, Target::Site(number) if Some(number) == bed.sqlite());
        match target {
            Target::Site(_) => lanes.push(new_lane(target, Traffic::Chat, format!("{name}, {USERS} users"))),
            Target::Direct | Target::Nginx => lanes.push(new_lane(target, Traffic::Chat, name.clone())),
        }
        if is_sqlite {
            lanes.push(new_lane(target, Traffic::ChatOfOne, format!("{name}, one user")));
            lanes.push(new_lane(target, Traffic::Models, "Waystation, `GET /v1/models`".to_owned()));
        }
    }
    lanes
}

fn new_lane(target: Target, traffic: Traffic, name: String) -> Lane {
    Lane {
        target,
        traffic,
        name,
        rate: Samples::default(),
        ratio: Samples::default(),
        cpu: Samples::default(),
        memory: Samples::default(),
        half: Samples::default(),
        slow: Samples::default(),
        failed: 0,
    }
}

async fn measure_lane(bed: &mut Bed, lane: &mut Lane, seconds: f64) -> Result<CallFigures, BenchError> {
    let calls: Calls = match (lane.traffic, lane.target) {
        (Traffic::ChatOfOne, Target::Site(number)) => bed.site(number)?.calls_of_one()?,
        (Traffic::Models, Target::Site(number)) => bed.site(number)?.lists()?,
        _ => bed.calls(lane.target, None)?,
    };
    let warm_up = run_closed_loop(&calls, CALLERS, WARM_UP).await;
    let before = bed.use_so_far(lane.target);
    let figures = run_closed_loop(&calls, CALLERS, Duration::from_secs_f64(seconds)).await;
    let after = bed.use_so_far(lane.target);
    if lane.traffic != Traffic::Models {
        bed.expect_rows(lane.target, warm_up.answered + figures.answered);
    }
    lane.failed += warm_up.failed + figures.failed;
    lane.rate.add(figures.rate());
    lane.cpu.add((after.cpu_us - before.cpu_us) / figures.answered.max(1) as f64);
    lane.memory.add(after.memory_kib as f64 / 1024.0);
    lane.half.add(figures.timing.percentile_ms(50.0));
    lane.slow.add(figures.timing.percentile_ms(99.0));
    Ok(figures)
}

fn goals_of(bed: &Bed, lane: &Lane) -> Vec<Goal> {
    let Target::Site(number) = lane.target else { return Vec::new() };
    if lane.traffic != Traffic::Chat {
        return Vec::new();
    }
    let kind = bed.sites.get(number).map(|site| site.database.kind());
    let (must, aim) = match kind {
        Some(DatabaseKind::Sqlite) => (Some(Bound::Least(0.25)), Some(Bound::Least(0.40))),
        _ => (None, Some(Bound::Least(0.15))),
    };
    let ratio = Goal {
        name: format!("{}: calls a second, of nginx", lane.name),
        found: lane.ratio.median(),
        unit: "",
        must,
        aim,
    };
    let cpu = Goal {
        name: format!("{}: CPU a call", lane.name),
        found: lane.cpu.median(),
        unit: "µs",
        must: Some(Bound::Most(230.0)),
        aim: Some(Bound::Most(130.0)),
    };
    if kind == Some(DatabaseKind::Sqlite) { vec![ratio, cpu] } else { vec![ratio] }
}

fn table_of(lanes: &[Lane]) -> Table {
    let row = |lane: &Lane| {
        let is_direct = lane.target == Target::Direct;
        let unless_direct = |text: String| if is_direct { "–".to_owned() } else { text };
        vec![
            lane.name.clone(),
            lane.rate.text(0),
            unless_direct(lane.ratio.text(2)),
            unless_direct(lane.cpu.text(0)),
            unless_direct(lane.memory.text(0)),
            lane.half.text(2),
            lane.slow.text(2),
        ]
    };
    Table {
        title: "Throughput",
        note: format!(
            "{CALLERS} callers on kept connections, an answer of 1 KiB, each target in turn in every round. Calls \
             through Waystation are governed: a key, a price, a hold committed before the call and a settlement \
             committed before the answer ends. It has no mode without books; plain proxying is nginx's row, and \
             `GET /v1/models` shows its HTTP and key check alone, without books and upstream. CPU and memory are \
             those of the target's own processes, without the database server's."
        ),
        columns: vec!["", "calls/s", "of nginx", "CPU µs a call", "RSS MiB", "p50 ms", "p99 ms"],
        rows: lanes.iter().map(row).collect(),
    }
}
