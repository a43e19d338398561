#![doc = include_str!("../README.md")]

/// A small generator of random numbers (SplitMix64): the same seed, the same numbers.
#[derive(Clone, Debug)]
pub struct Random(u64);

impl Random {
    /// The generator of one run: every pair of numbers has its own.
    pub fn new(seed: u64, run: u64) -> Random {
        let mut random = Random(seed ^ run.wrapping_mul(0xd134_2543_de82_ef95));
        random.next();
        random
    }

    /// The next number.
    #[allow(clippy::should_implement_trait, reason = "there is always another one")]
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `limit`, which is above zero.
    pub fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.next() % limit.max(1) as u64).unwrap_or(0)
    }

    fn pick<'a, T>(&mut self, values: &'a [T]) -> Option<&'a T> {
        values.get(self.below(values.len()))
    }

    /// A range of `0..length`, more often a short one.
    fn range(&mut self, length: usize) -> std::ops::Range<usize> {
        let start = self.below(length + 1);
        let longest = if self.below(4) == 0 { length } else { 16 };
        let end = (start + self.below(longest + 1)).min(length);
        start..end
    }
}

/// Numbers at the edges of what readers hold.
const NUMBERS: [&str; 24] = [
    "0",
    "-0",
    "-1",
    "1",
    "1.5",
    "1e2",
    "1e308",
    "-1e308",
    "1e999",
    "127",
    "128",
    "129",
    "2147483647",
    "2147483648",
    "2147483649",
    "9007199254740993",
    "9223372036854775806",
    "9223372036854775807",
    "9223372036854775808",
    "18446744073709551615",
    "18446744073709551616",
    "\"7\"",
    "null",
    "99999999999999999999999999999999999999999",
];

/// Makes inputs.
#[derive(Clone, Debug)]
pub struct Mutator {
    seeds: Vec<Vec<u8>>,
    words: Vec<Vec<u8>>,
    bytes_max: usize,
}

impl Mutator {
    /// From these seeds and words; inputs are at most `bytes_max` long.
    pub fn new(seeds: Vec<Vec<u8>>, words: Vec<Vec<u8>>, bytes_max: usize) -> Mutator {
        Mutator { seeds, words, bytes_max }
    }

    /// The next input: a seed with a few changes.
    pub fn make_input(&self, random: &mut Random) -> Vec<u8> {
        let mut input = random.pick(&self.seeds).cloned().unwrap_or_default();
        for _ in 0..1 + random.below(6) {
            self.mutate(&mut input, random);
            input.truncate(self.bytes_max);
        }
        input
    }

    fn mutate(&self, input: &mut Vec<u8>, random: &mut Random) {
        let at = random.below(input.len() + 1);
        match random.below(13) {
            0 => {
                if let Some(byte) = input.get_mut(at) {
                    *byte ^= 1 << random.below(8);
                }
            }
            1 => {
                if let Some(byte) = input.get_mut(at) {
                    *byte = random.next() as u8;
                }
            }
            2 => drop(input.drain(random.range(input.len()))),
            3 => {
                let copied = input[random.range(input.len())].to_vec();
                insert(input, at, &copied);
            }
            4..=6 => {
                if let Some(word) = random.pick(&self.words) {
                    insert(input, at, word);
                }
            }
            7 => {
                if let Some(word) = random.pick(&self.words) {
                    let end = (at + word.len()).min(input.len());
                    input.splice(at..end, word.iter().copied());
                }
            }
            8 => replace_number(input, at, random),
            9 => {
                let other = random.pick(&self.seeds).cloned().unwrap_or_default();
                insert(input, at, &other[random.range(other.len())]);
            }
            10 => {
                let other = random.pick(&self.seeds).cloned().unwrap_or_default();
                input.truncate(at);
                input.extend_from_slice(&other[random.below(other.len() + 1)..]);
            }
            11 => input.truncate(at),
            _ => {
                let repeated = input[random.range(input.len())].repeat(random.below(80));
                insert(input, at, &repeated);
            }
        }
    }
}

fn insert(input: &mut Vec<u8>, at: usize, bytes: &[u8]) {
    input.splice(at..at, bytes.iter().copied());
}

/// Puts an extreme in the place of the first number from `from` on.
fn replace_number(input: &mut Vec<u8>, from: usize, random: &mut Random) {
    let digits = |byte: &u8| byte.is_ascii_digit();
    let Some(start) = input[from..].iter().position(digits).map(|offset| from + offset) else {
        return;
    };
    let end =
        input[start..].iter().position(|byte| !digits(byte)).map_or(input.len(), |offset| start + offset);
    let number = random.pick(&NUMBERS).copied().unwrap_or_default();
    input.splice(start..end, number.bytes());
}
