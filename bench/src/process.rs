//! Programs started for a measurement, and what the kernel says they used.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use crate::error::{BenchError, While};

/// The kernel tells times in ticks of a hundredth of a second, on every Linux there is.
const TICK_US: f64 = 10_000.0;
/// How long a program may take to say where it listens.
const START_TIME: Duration = Duration::from_secs(60);

/// A running program; ended with this value.
#[derive(Debug)]
pub(crate) struct Program {
    child: Child,
}

/// A command that ends when this process dies, whichever way that happens.
pub(crate) fn tied_command(program: &Path) -> Command {
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "TERM"]).arg(program);
    command
}

impl Program {
    /// Starts a program whose output goes to a file.
    pub fn start(command: &mut Command, log: &Path) -> Result<Program, BenchError> {
        let output = open_log(log)?;
        let errors = output.try_clone().while_doing("sharing a log")?;
        let child = command.stdin(Stdio::null()).stdout(output).stderr(errors).spawn();
        Ok(Program { child: child.while_doing(format!("starting {command:?}"))? })
    }

    /// Starts a program that says on its output where it listens, and waits until it does; gives what follows
    /// `listening on `.
    pub fn start_listening(command: &mut Command, log: &Path) -> Result<(Program, String), BenchError> {
        let errors = open_log(log)?;
        let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(errors).spawn();
        let mut program = Program { child: child.while_doing(format!("starting {command:?}"))? };
        let (sender, receiver) = mpsc::channel();
        if let Some(output) = program.child.stdout.take() {
            // Reads to the end, so that the program never waits for a full pipe.
            std::thread::spawn(move || {
                for line in BufReader::new(output).lines().map_while(Result::ok) {
                    if let Some((_, address)) = line.split_once("listening on ") {
                        sender.send(address.trim().to_owned()).ok();
                    }
                }
            });
        }
        match receiver.recv_timeout(START_TIME) {
            Ok(address) => Ok((program, address)),
            Err(_) => {
                let text = fs::read_to_string(log).unwrap_or_default();
                let tail: Vec<&str> = text.lines().rev().take(10).collect();
                let tail: Vec<&str> = tail.into_iter().rev().collect();
                Err(BenchError::new(format!(
                    "{command:?} does not say where it listens\n{}",
                    tail.join("\n")
                )))
            }
        }
    }

    /// Asks the program to stop, and waits until it has.
    pub fn stop(&mut self) -> Result<(), BenchError> {
        let id = self.child.id().to_string();
        Command::new("kill").args(["-TERM", &id]).status().while_doing("stopping a program")?;
        self.child.wait().while_doing("waiting for a program's end")?;
        Ok(())
    }

    /// What the program and its children have used so far.
    pub fn use_so_far(&self) -> Usage {
        let own = self.child.id();
        let mut usage = Usage::default();
        for id in list_processes() {
            if let Some(process) = read_process(id)
                && (id == own || process.parent == own)
            {
                usage.cpu_us += process.cpu_us;
                usage.memory_kib += process.memory_kib;
                usage.anonymous_kib += process.anonymous_kib;
            }
        }
        usage
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// What a program has used.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Usage {
    /// Processor time in user and kernel mode, in microseconds.
    pub cpu_us: f64,
    /// Resident memory, in KiB.
    pub memory_kib: u64,
    /// The part of it that is no file's, in KiB: what the program itself has allocated.
    pub anonymous_kib: u64,
}

#[derive(Clone, Copy, Debug, PartialEq)]
struct Process {
    parent: u32,
    cpu_us: f64,
    memory_kib: u64,
    anonymous_kib: u64,
}

fn list_processes() -> Vec<u32> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect()
}

fn read_process(id: u32) -> Option<Process> {
    let stat = fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
    let status = fs::read_to_string(format!("/proc/{id}/status")).ok()?;
    let (parent, cpu_us) = parse_stat(&stat)?;
    let memory = |name: &str| parse_memory(&status, name).unwrap_or(0);
    Some(Process { parent, cpu_us, memory_kib: memory("VmRSS:"), anonymous_kib: memory("RssAnon:") })
}

/// The parent and the processor time of a line of `/proc/PID/stat` (proc(5): fields 4, 14 and 15). The name in
/// brackets may hold anything, brackets too.
fn parse_stat(stat: &str) -> Option<(u32, f64)> {
    let (_, rest) = stat.rsplit_once(')')?;
    let fields: Vec<&str> = rest.split_whitespace().collect();
    let number = |field: usize| fields.get(field - 3)?.parse::<u64>().ok();
    let ticks = number(14)? + number(15)?;
    Some((u32::try_from(number(4)?).ok()?, ticks as f64 * TICK_US))
}

/// A line of `/proc/PID/status`, in KiB.
fn parse_memory(status: &str, name: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    line.split_whitespace().next()?.parse().ok()
}

fn open_log(path: &Path) -> Result<fs::File, BenchError> {
    let file = fs::File::options().create(true).append(true).open(path);
    file.while_doing(format!("opening {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_processes_time_is_the_sum_of_both_modes() {
        let stat = "71 (a ) b) S 70 71 71 0 -1 4194304 9 0 0 0 250 150 7 8 20 0 3 0 99 1 2";
        assert_eq!(parse_stat(stat), Some((70, 4_000_000.0)));
        assert_eq!(parse_stat("71 (cut"), None);
        assert_eq!(parse_stat("71 (cut) S 1"), None);
    }

    #[test]
    fn resident_memory_is_read_in_kib() {
        let status = "Name:\ta\nVmHWM:\t 9 kB\nVmRSS:\t   1234 kB\nRssAnon:\t 34 kB\n";
        assert_eq!(parse_memory(status, "VmRSS:"), Some(1234));
        assert_eq!(parse_memory(status, "RssAnon:"), Some(34));
        assert_eq!(parse_memory("Name:\tkernel thread\n", "VmRSS:"), None);
    }

    #[test]
    fn this_process_is_found_and_uses_memory() {
        let process = read_process(std::process::id()).unwrap();
        assert!(process.memory_kib > 0);
    }
}
