//! What the operating system knows of this process. Elsewhere than on Linux there is nothing to read.

use std::fs;

/// How often a second the kernel counts, as every Linux tells programs.
const TICKS_A_SECOND: u64 = 100;

/// What was read; what could not be read is not there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Process {
    /// Memory in use.
    pub(super) resident_bytes: Option<u64>,
    /// Time on processors, in milliseconds.
    pub(super) cpu_ms: Option<u64>,
    /// Open files and connections.
    pub(super) open_files: Option<u64>,
    /// How many there may be.
    pub(super) open_files_max: Option<u64>,
}

/// Reads the process' files below `/proc`.
pub(super) fn read_process() -> Process {
    let read = |name: &str| fs::read_to_string(format!("/proc/self/{name}")).unwrap_or_default();
    Process {
        resident_bytes: resident_bytes(&read("status")),
        cpu_ms: cpu_ms(&read("stat")),
        // One of them is the folder that is being read.
        open_files: fs::read_dir("/proc/self/fd").ok().map(|files| (files.count() as u64).saturating_sub(1)),
        open_files_max: open_files_max(&read("limits")),
    }
}

fn resident_bytes(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()?.checked_mul(1024)
}

fn cpu_ms(stat: &str) -> Option<u64> {
    // The name before the last parenthesis may hold anything.
    let (_, fields) = stat.rsplit_once(')')?;
    let mut fields = fields.split_whitespace().skip(11);
    let user: u64 = fields.next()?.parse().ok()?;
    let system: u64 = fields.next()?.parse().ok()?;
    (user + system).checked_mul(1_000 / TICKS_A_SECOND)
}

fn open_files_max(limits: &str) -> Option<u64> {
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files"))?;
    line.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernels_files_are_understood() {
        assert_eq!(resident_bytes("VmPeak:\t  9 kB\nVmRSS:\t    2048 kB\n"), Some(2_097_152));
        let stat = "7 (a) b (c)) S 1 7 7 0 -1 4194304 100 0 0 0 150 50 0 0 20 0 9 0 1 2 3";
        assert_eq!(cpu_ms(stat), Some(2_000));
        assert_eq!(
            open_files_max("Max open files            1024                 4096                 files\n"),
            Some(1_024)
        );
        for nonsense in ["", "VmRSS: x kB", "Max open files unlimited", ") 1 2"] {
            assert_eq!(resident_bytes(nonsense), None);
            assert_eq!(cpu_ms(nonsense), None);
            assert_eq!(open_files_max(nonsense), None);
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn this_process_has_memory_and_open_files() {
        let process = read_process();
        assert!(process.resident_bytes > Some(0) && process.open_files > Some(2), "{process:?}");
        assert!(process.cpu_ms.is_some() && process.open_files_max.is_some(), "{process:?}");
    }
}
