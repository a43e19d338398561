//! What the figures were measured on.

use std::fs;
use std::path::Path;

use crate::run::bed::Bed;

/// A machine with more waiting than this, for each processor, is not idle.
const BUSY: f64 = 0.3;

/// A line each about the processor, the disk, and the programs.
pub(crate) fn describe(bed: &Bed) -> Vec<String> {
    let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    let model = read_model(&read("/proc/cpuinfo")).unwrap_or_else(|| "unknown processor".to_owned());
    let kernel = read("/proc/sys/kernel/osrelease");
    let load = read("/proc/loadavg");
    let load: f64 = load.split(' ').next().and_then(|load| load.parse().ok()).unwrap_or(0.0);
    let is_busy = load > BUSY * processors as f64;
    let warning = if is_busy { ": other programs had work to do, and the figures show it" } else { "" };
    let mut lines = vec![format!(
        "{processors} × {model}, Linux {}; load average before the run {load}{warning}",
        kernel.trim()
    )];
    if let Some((kind, device)) = find_filesystem(&read("/proc/mounts"), bed.folder()) {
        let warning =
            if kind == "tmpfs" { ": commits are NOT durable there, set TMPDIR to a disk" } else { "" };
        lines.push(format!("SQLite's file on {kind} ({device}){warning}"));
    }
    let databases: Vec<String> = bed
        .sites
        .iter()
        .map(|site| format!("{} {}", site.database.kind().title(), site.database.version()).trim().to_owned())
        .collect();
    lines.push(format!("{}; {}", bed.nginx.version(), databases.join(", ")));
    lines
}

fn read_model(cpuinfo: &str) -> Option<String> {
    let line = cpuinfo.lines().find(|line| line.starts_with("model name"))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}

/// Kind and device of the mount with the longest name that holds the path.
fn find_filesystem(mounts: &str, path: &Path) -> Option<(String, String)> {
    let mounts = mounts.lines().filter_map(|line| {
        let mut fields = line.split(' ');
        Some((fields.next()?, fields.next()?, fields.next()?))
    });
    let holding = mounts.filter(|(_, point, _)| path.starts_with(point));
    let (device, _, kind) = holding.max_by_key(|(_, point, _)| point.len())?;
    Some((kind.to_owned(), device.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_system_is_that_of_the_deepest_mount() {
        let mounts = "/dev/a / ext4 rw 0 0\ntmpfs /tmp tmpfs rw 0 0\n/dev/b /tmp/data xfs rw 0 0\n";
        let find = |path: &str| find_filesystem(mounts, Path::new(path)).unwrap().0;
        assert_eq!(find("/tmp/bench"), "tmpfs");
        assert_eq!(find("/tmp/data/bench"), "xfs");
        assert_eq!(find("/temporary"), "ext4");
    }

    #[test]
    fn the_processor_is_named() {
        assert_eq!(
            read_model("processor : 0\nmodel name\t: Some CPU @ 2 GHz\n").unwrap(),
            "Some CPU @ 2 GHz"
        );
    }
}
