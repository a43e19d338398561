//! The engine that needs nothing but the compiler: seeds, a dictionary and seeded mutations, without feedback.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use waystation_mutation::{Mutator, Random};

use crate::targets::Target;

/// Longest input, in bytes.
const INPUT_BYTES_MAX: usize = 1024;

/// When to stop, whichever comes first.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// The time.
    pub time: Duration,
    /// The number of inputs.
    pub runs: u64,
}

/// What was done.
#[derive(Clone, Copy, Debug)]
pub struct Summary {
    /// Inputs tried.
    pub runs: u64,
    /// The time that took.
    pub time: Duration,
}

/// An input that broke a promise.
#[derive(Clone, Debug)]
pub struct Finding {
    /// Which input it was, counted from zero after the seeds.
    pub run: u64,
    /// The input.
    pub input: Vec<u8>,
}

/// Feeds a target its seeds as they are, and then mutations of them until a limit is reached.
pub fn run_target(target: &Target, seed: u64, limits: Limits) -> Result<Summary, Finding> {
    let started = Instant::now();
    let seeds = read_seeds(target.name);
    assert!(!seeds.is_empty(), "no seeds for {}", target.name);
    for input in &seeds {
        try_input(target, 0, input)?;
    }
    let mutator = Mutator::new(seeds, read_words(), INPUT_BYTES_MAX);
    let mut runs = 0;
    while runs < limits.runs {
        // The clock is looked at now and then only.
        if runs % 64 == 0 && started.elapsed() >= limits.time {
            break;
        }
        let input = mutator.make_input(&mut Random::new(seed, runs));
        try_input(target, runs, &input)?;
        runs += 1;
    }
    Ok(Summary { runs, time: started.elapsed() })
}

fn try_input(target: &Target, run: u64, input: &[u8]) -> Result<(), Finding> {
    let check = target.check;
    std::panic::catch_unwind(|| check(input)).map_err(|_| Finding { run, input: input.to_vec() })
}

/// The seeds lie beside this crate's source, a file each.
fn read_seeds(name: &str) -> Vec<Vec<u8>> {
    let folder = seeds_folder().join(name);
    let entries = std::fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut files: Vec<PathBuf> =
        entries.map(|entry| entry.expect("the folder is readable").path()).collect();
    // The order of a folder is not the same everywhere; the runs of one seed should be.
    files.sort();
    files.iter().map(|file| std::fs::read(file).expect("a seed is readable")).collect()
}

/// The dictionary is written as libFuzzer reads it: a quoted word a line, with `\xAB`, `\\` and `\"`.
fn read_words() -> Vec<Vec<u8>> {
    let text =
        std::fs::read_to_string(seeds_folder().join("words.dict")).expect("the dictionary is readable");
    let words: Vec<Vec<u8>> = text
        .lines()
        .filter_map(|line| line.trim().strip_prefix('"')?.strip_suffix('"'))
        .map(unescape)
        .collect();
    assert!(!words.is_empty());
    words
}

fn unescape(word: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = word.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        if *first != b'\\' {
            bytes.push(*first);
        } else if let Some(digits) = rest.strip_prefix(b"x").and_then(|after| after.get(..2)) {
            let digits = std::str::from_utf8(digits).expect("hexadecimal digits");
            bytes.push(u8::from_str_radix(digits, 16).expect("hexadecimal digits"));
            rest = &rest[3..];
        } else if let Some((escaped, after)) = rest.split_first() {
            bytes.push(*escaped);
            rest = after;
        }
    }
    bytes
}

fn seeds_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("seeds")
}

#[cfg(test)]
mod tests {
    use super::unescape;

    #[test]
    fn words_are_unescaped_as_libfuzzer_does() {
        assert_eq!(unescape(r#"a\"b\\c\x0a\xffd"#), b"a\"b\\c\n\xffd");
    }
}
