//! The targets under libFuzzer. `WAYSTATION_FUZZ_TARGET` says which; all other arguments are libFuzzer's.
#![no_main]

use std::sync::OnceLock;

use libfuzzer_sys::fuzz_target;
use waystation_fuzz::{TARGETS, Target};

static TARGET: OnceLock<&Target> = OnceLock::new();

fn target() -> &'static Target {
    TARGET.get_or_init(|| {
        let name = std::env::var("WAYSTATION_FUZZ_TARGET").unwrap_or_default();
        TARGETS
            .iter()
            .find(|target| target.name == name)
            .unwrap_or_else(|| panic!("no such target: {name:?}"))
    })
}

fuzz_target!(|bytes: &[u8]| (target().check)(bytes));
