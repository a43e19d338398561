//! Chance that can be repeated.

/// A small generator of pseudo-random numbers.
#[derive(Clone, Debug)]
pub struct Chance {
    seed: u64,
    state: u64,
}

impl Chance {
    /// From the seed in `WAYSTATION_SEED`, or a new one; printed either way, so that a failure can be repeated.
    pub fn for_test(name: &str) -> Chance {
        let seed = match std::env::var("WAYSTATION_SEED") {
            Ok(seed) => seed.parse().expect("WAYSTATION_SEED is a number"),
            Err(_) => {
                let now = std::time::UNIX_EPOCH.elapsed().expect("the clock is past 1970");
                u64::from(now.subsec_nanos()) ^ now.as_secs()
            }
        };
        eprintln!("{name}: WAYSTATION_SEED={seed}");
        Chance::of_seed(seed)
    }

    /// From this seed.
    pub fn of_seed(seed: u64) -> Chance {
        // Two seeds that differ in a bit must not begin alike, and zero has to begin at all.
        Chance { seed, state: seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0xd1b5_4a32_d192_ed03 | 1 }
    }

    /// What it began with.
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// From 0 up to, but not including, `end`.
    pub fn below(&mut self, end: u64) -> u64 {
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        self.state % end
    }
}
