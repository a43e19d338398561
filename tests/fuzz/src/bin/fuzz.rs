//! Fuzzes targets with the engine that needs only the compiler: `fuzz [SECONDS] [RUNS] [TARGET...]`.
//!
//! Each target ends at the first of the two limits. `WAYSTATION_SEED` repeats an earlier run. One line is printed for
//! each target; the exit code is 1 when a promise was broken.

use std::process::ExitCode;
use std::time::Duration;

use waystation_fuzz::{Limits, TARGETS, run_target};

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let mut number = |default: u64| arguments.next().map_or(default, |text| text.parse().expect("a number"));
    let limits = Limits { time: Duration::from_secs(number(60)), runs: number(u64::MAX) };
    let wanted: Vec<String> = arguments.collect();
    let seed = std::env::var("WAYSTATION_SEED")
        .map_or_else(|_| clock_seed(), |text| text.parse().expect("a number"));
    let mut broken = false;
    for target in
        TARGETS.iter().filter(|target| wanted.is_empty() || wanted.iter().any(|name| name == target.name))
    {
        let name = target.name;
        match run_target(target, seed, limits) {
            Ok(done) => println!(
                "fuzz {name} runs={} seconds={} seed={seed} engine=stable result=ok",
                done.runs,
                done.time.as_secs()
            ),
            Err(found) => {
                println!("fuzz {name} runs={} seconds=0 seed={seed} engine=stable result=FAILED", found.run);
                println!("fuzz {name} input: b\"{}\"", found.input.escape_ascii());
                broken = true;
            }
        }
    }
    if broken { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

fn clock_seed() -> u64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    now.map_or(1, |now| u64::from(now.subsec_nanos()) | now.as_secs() << 32)
}
