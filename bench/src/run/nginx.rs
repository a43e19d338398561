//! nginx as a plain reverse proxy, to measure against.

use std::fs;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use crate::error::{BenchError, While};
use crate::process::{Program, Usage, tied_command};

/// A running nginx.
#[derive(Debug)]
pub(crate) struct Nginx {
    program: Program,
    binary: PathBuf,
    /// For calls answered in one piece.
    pub calls: SocketAddr,
    /// For streams, which it forwards as they come.
    pub streams: SocketAddr,
}

impl Nginx {
    /// Starts nginx before this upstream, with everything it writes in `folder`.
    pub fn start(binary: Option<&Path>, folder: &Path, upstream: SocketAddr) -> Result<Nginx, BenchError> {
        let binary = binary.map_or_else(find_binary, Path::to_path_buf);
        fs::create_dir_all(folder).while_doing("making nginx's folder")?;
        let (calls, streams) = (free_address()?, free_address()?);
        let file = folder.join("nginx.conf");
        let text = configuration(folder, upstream, calls, streams, nix::unistd::geteuid().is_root());
        fs::write(&file, text).while_doing("writing nginx's configuration")?;
        let log = folder.join("output.log");
        let mut command = tied_command(&binary);
        command.arg("-p").arg(folder).arg("-c").arg(&file);
        let program = Program::start(&mut command, &log)?;
        let started = Instant::now();
        while std::net::TcpStream::connect(calls).is_err() {
            if started.elapsed() > Duration::from_secs(10) {
                let text = fs::read_to_string(&log).unwrap_or_default();
                return Err(BenchError::new(format!("nginx did not start: {text}")));
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        Ok(Nginx { program, binary, calls, streams })
    }

    /// What the master and its workers have used so far.
    pub fn use_so_far(&self) -> Usage {
        self.program.use_so_far()
    }

    /// The version it names.
    pub fn version(&self) -> String {
        let output = Command::new(&self.binary).arg("-v").output();
        let text =
            output.map(|output| String::from_utf8_lossy(&output.stderr).into_owned()).unwrap_or_default();
        text.trim().rsplit(' ').next().unwrap_or_default().to_owned()
    }
}

/// Debian keeps it where ordinary users do not look.
fn find_binary() -> PathBuf {
    let debian = PathBuf::from("/usr/sbin/nginx");
    if debian.exists() { debian } else { "nginx".into() }
}

fn free_address() -> Result<SocketAddr, BenchError> {
    let listener = TcpListener::bind("127.0.0.1:0").while_doing("finding a free port")?;
    listener.local_addr().while_doing("finding a free port")
}

/// Nothing is logged and connections are kept, so that what is left is the proxying itself.
fn configuration(
    folder: &Path,
    upstream: SocketAddr,
    calls: SocketAddr,
    streams: SocketAddr,
    is_root: bool,
) -> String {
    // Workers of a master that runs as root would be another user, who cannot enter the folder.
    let user = if is_root { "user root root;" } else { "" };
    let folder = folder.display();
    let server = |listen: SocketAddr, more: &str| {
        format!(
            "    server {{
        listen {listen} backlog=4096;
        location / {{
            proxy_pass http://mock;
            proxy_http_version 1.1;
            proxy_set_header Connection \"\";
            proxy_read_timeout 300s;
            {more}
        }}
    }}
"
        )
    };
    format!(
        "{user}
daemon off;
worker_processes auto;
worker_rlimit_nofile 65536;
pid {folder}/nginx.pid;
error_log {folder}/error.log error;
events {{ worker_connections 16384; }}
http {{
    access_log off;
    tcp_nodelay on;
    keepalive_timeout 300s;
    keepalive_requests 1000000000;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    upstream mock {{
        server {upstream};
        keepalive 128;
        keepalive_requests 1000000000;
    }}
{}{}}}
",
        server(calls, ""),
        server(streams, "proxy_buffering off;")
    )
}
