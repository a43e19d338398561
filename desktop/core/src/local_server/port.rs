use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;

use serde::Serialize;

/// A port that the server should have had, and what has it instead.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TakenPort {
    /// The port.
    pub port: u16,
    /// Who holds it; none where the system does not tell, as of other users' programs.
    pub holder: Option<PortHolder>,
}

/// A program that holds a port.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PortHolder {
    /// The number of its process.
    pub process: u32,
    /// What the program is called.
    pub program: String,
}

/// The port that was wished for if it is free, else 0, which takes any, and why. Programs that were told an address
/// should find the server there again.
pub(super) fn choose_port(wished: Option<u16>) -> (u16, Option<TakenPort>) {
    let Some(port) = wished else { return (0, None) };
    match TcpListener::bind((Ipv4Addr::LOCALHOST, port)) {
        Ok(_) => (port, None),
        Err(_) => (0, Some(TakenPort { port, holder: find_holder(port) })),
    }
}

/// What has a port, if something has it.
pub fn find_taken_port(port: u16) -> Option<TakenPort> {
    choose_port(Some(port)).1
}

/// Whether a port is held by a program of that path, which runs for the same user.
#[cfg(target_os = "linux")]
pub(super) fn is_held_by(port: u16, program: &Path) -> bool {
    let running = |holder: PortHolder| std::fs::read_link(format!("/proc/{}/exe", holder.process)).ok();
    let Some(running) = find_holder(port).and_then(running) else { return false };
    // A program that was brought up to date goes on under this name (proc_pid_exe(5)).
    let name = running.to_string_lossy();
    let program = program.canonicalize().unwrap_or_else(|_| program.to_owned());
    Path::new(name.trim_end_matches(" (deleted)")) == program
}

/// Elsewhere the system is not asked.
#[cfg(not(target_os = "linux"))]
pub(super) fn is_held_by(_: u16, _: &Path) -> bool {
    false
}

/// Who listens on a port of this computer.
#[cfg(target_os = "linux")]
fn find_holder(port: u16) -> Option<PortHolder> {
    let tables =
        ["/proc/net/tcp", "/proc/net/tcp6"].map(|path| std::fs::read_to_string(path).unwrap_or_default());
    let sockets: Vec<String> = tables
        .iter()
        .flat_map(|table| listening_sockets(table, port))
        .map(|id| format!("socket:[{id}]"))
        .collect();
    let processes = std::fs::read_dir("/proc").ok()?.flatten();
    processes.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).find_map(|process: u32| {
        let open = std::fs::read_dir(format!("/proc/{process}/fd")).ok()?;
        let mut targets = open.flatten().filter_map(|file| std::fs::read_link(file.path()).ok());
        let holds =
            |target: std::path::PathBuf| sockets.iter().any(|socket| target.as_os_str() == socket.as_str());
        let program = || std::fs::read_to_string(format!("/proc/{process}/comm")).unwrap_or_default();
        targets.any(holds).then(|| PortHolder { process, program: program().trim().to_owned() })
    })
}

/// Elsewhere the system is not asked.
#[cfg(not(target_os = "linux"))]
fn find_holder(_: u16) -> Option<PortHolder> {
    None
}

/// The sockets of a table of the kernel's that listen on a port. A line has the address as `0100007F:2253` in its second
/// column, the state in its fourth and the socket in its tenth: proc_pid_net(5).
#[cfg(target_os = "linux")]
fn listening_sockets(table: &str, port: u16) -> impl Iterator<Item = &str> {
    const LISTENS: &str = "0A";
    table.lines().filter_map(move |line| {
        let columns: Vec<&str> = line.split_whitespace().collect();
        let (_, local) = columns.get(1)?.rsplit_once(':')?;
        let is_it = u16::from_str_radix(local, 16) == Ok(port) && columns.get(3) == Some(&LISTENS);
        columns.get(9).copied().filter(|_| is_it)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_that_is_taken_is_not_chosen_and_its_holder_is_named() {
        let holder = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = holder.local_addr().unwrap().port();
        let (chosen, taken) = choose_port(Some(port));
        let taken = taken.unwrap();
        assert_eq!((chosen, taken.port), (0, port));
        if cfg!(target_os = "linux") {
            let found = taken.holder.unwrap();
            assert_eq!(found.process, std::process::id());
            assert!(!found.program.is_empty());
        }
        drop(holder);
        assert_eq!(choose_port(Some(port)), (port, None));
        assert_eq!(choose_port(None), (0, None));
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn only_what_listens_on_the_port_holds_it() {
        let table =
            "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:2253 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 41 1
   1: 0100007F:2253 0100007F:D2A0 01 00000000:00000000 00:00000000 00000000  1000        0 42 1
   2: 0100007F:0050 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 43 1
   3: cut";
        assert_eq!(listening_sockets(table, 0x2253).collect::<Vec<_>>(), ["41"]);
        assert_eq!(listening_sockets(table, 1).count(), 0);
    }
}
