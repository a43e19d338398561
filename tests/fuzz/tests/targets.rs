//! Every target for a short while, on the toolchain that builds the server.
//!
//! `WAYSTATION_FUZZ_SECONDS` (10 unless set) and `WAYSTATION_FUZZ_RUNS` limit each target; `WAYSTATION_SEED` repeats
//! an earlier run.

use std::time::Duration;

use waystation_fuzz::{Limits, TARGETS, run_target};

fn number(name: &str) -> Option<u64> {
    std::env::var(name)
        .ok()
        .map(|text| text.parse().unwrap_or_else(|_| panic!("{name} is no number: {text}")))
}

fn keep_promises(name: &str) {
    let target = TARGETS.iter().find(|target| target.name == name).expect("the target is listed");
    let seed = number("WAYSTATION_SEED").unwrap_or_else(|| {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        now.map_or(1, |now| now.as_secs())
    });
    let limits = Limits {
        time: Duration::from_secs(number("WAYSTATION_FUZZ_SECONDS").unwrap_or(10)),
        runs: number("WAYSTATION_FUZZ_RUNS").unwrap_or(u64::MAX),
    };
    match run_target(target, seed, limits) {
        Ok(done) => println!(
            "fuzz {name} runs={} seconds={} seed={seed} engine=stable result=ok",
            done.runs,
            done.time.as_secs()
        ),
        Err(found) => panic!(
            "{name} with WAYSTATION_SEED={seed}, run {}: b\"{}\"",
            found.run,
            found.input.escape_ascii()
        ),
    }
}

macro_rules! fuzz_targets {
    ($($name:ident)*) => {
        $(
            #[test]
            fn $name() {
                keep_promises(stringify!($name));
            }
        )*

        #[test]
        fn every_target_has_its_test() {
            let tested = [$(stringify!($name)),*];
            assert_eq!(tested.as_slice(), TARGETS.map(|target| target.name));
        }
    };
}

fuzz_targets! { sse chat_request chat_stream answer usage error_body model_list credential }
