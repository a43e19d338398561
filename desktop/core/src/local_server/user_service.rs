//! The server as a service of its user's, which goes on without the app.

use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::connections::SiteAddress;
use crate::files::{read_file, replace_file};
use crate::local_server::ServerFiles;
use crate::local_server::port::is_held_by;

/// What the service is called.
const UNIT: &str = "waystation-local.service";
const UNIT_BYTES_MAX: u64 = 64 * 1024;
const LISTEN: &str = "--listen 127.0.0.1:";

/// Why the service could not be changed.
#[derive(Debug, Error)]
pub enum ServiceError {
    /// A path cannot be written into a unit.
    #[error("the path {0} cannot be written into a service")]
    Path(PathBuf),
    /// The unit could not be written or removed.
    #[error("the service's file could not be written")]
    File(#[source] io::Error),
    /// The system's own program could not be run.
    #[error("systemctl could not be run")]
    Run(#[source] io::Error),
    /// The system's own program refused.
    #[error("systemctl refused: {0}")]
    Refused(String),
}

/// The text of a unit of systemd.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceUnit(String);

impl ServiceUnit {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The unit that runs the server on a port of this machine. It does nothing once the app was taken off the system, and
/// gives up where it cannot start.
pub fn service_unit(files: &ServerFiles, port: u16) -> Result<ServiceUnit, ServiceError> {
    let program = quote(&files.program)?;
    let data_dir = quote(&files.data_dir)?;
    // Of a path that a setting takes whole, quotes would be a part.
    let working_folder = escape_specifiers(plain_text(&files.data_dir)?);
    let needed_program = escape_specifiers(plain_text(&files.program)?);
    Ok(ServiceUnit(format!(
        "[Unit]\n\
         Description=Waystation, a relay for AI models\n\
         After=network.target\n\
         ConditionFileIsExecutable={needed_program}\n\
         StartLimitIntervalSec=300\n\
         StartLimitBurst=5\n\
         \n\
         [Service]\n\
         ExecStart={program} serve {LISTEN}{port} --data-dir {data_dir}\n\
         WorkingDirectory={working_folder}\n\
         Restart=on-failure\n\
         RestartSec=5\n\
         TimeoutStopSec=60\n\
         UMask=0077\n\
         NoNewPrivileges=yes\n\
         \n\
         [Install]\n\
         WantedBy=default.target\n"
    )))
}

/// The unit's file, below the folder of the user's settings, such as `~/.config`.
#[derive(Clone, Debug)]
pub struct ServiceFile(PathBuf);

impl ServiceFile {
    /// The file below a folder of settings.
    pub fn below(config_home: &Path) -> Self {
        ServiceFile(config_home.join("systemd/user").join(UNIT))
    }

    /// Whether the service is installed.
    pub fn exists(&self) -> bool {
        self.0.exists()
    }

    /// Where the service answers: at its port, if the program that listens there is the server and runs for the same
    /// user. Whoever else has the port is sent nothing.
    pub fn find_server(&self, program: &Path) -> Option<SiteAddress> {
        let unit = read_file(&self.0, UNIT_BYTES_MAX).ok()??;
        let port = listening_port(std::str::from_utf8(&unit).ok()?)?;
        let address = is_held_by(port, program).then(|| format!("http://127.0.0.1:{port}").parse());
        address?.ok()
    }

    /// Installs the service and starts it.
    pub async fn install(&self, unit: &ServiceUnit) -> Result<(), ServiceError> {
        replace_file(&self.0, unit.as_str().as_bytes()).map_err(ServiceError::File)?;
        let enabled = match run_systemctl(&["daemon-reload"]).await {
            Ok(()) => run_systemctl(&["enable", "--now", UNIT]).await,
            Err(error) => Err(error),
        };
        if enabled.is_err() {
            // A service that nobody can start is not left behind.
            let _ = std::fs::remove_file(&self.0);
        }
        enabled
    }

    /// Stops the service and takes it out.
    pub async fn remove(&self) -> Result<(), ServiceError> {
        if !self.exists() {
            return Ok(());
        }
        run_systemctl(&["disable", "--now", UNIT]).await?;
        std::fs::remove_file(&self.0).map_err(ServiceError::File)?;
        run_systemctl(&["daemon-reload"]).await
    }
}

fn listening_port(unit: &str) -> Option<u16> {
    let (_, after) = unit.split_once(LISTEN)?;
    after.split_whitespace().next()?.parse().ok()
}

async fn run_systemctl(arguments: &[&str]) -> Result<(), ServiceError> {
    let ran = tokio::process::Command::new("systemctl").arg("--user").args(arguments).output().await;
    let ran = ran.map_err(ServiceError::Run)?;
    if ran.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&ran.stderr);
    Err(ServiceError::Refused(said.lines().next().unwrap_or_default().to_owned()))
}

/// A path as one word of a command line (systemd.service(5), "Command lines").
fn quote(path: &Path) -> Result<String, ServiceError> {
    let text =
        escape_specifiers(plain_text(path)?).replace('\\', "\\\\").replace('"', "\\\"").replace('$', "$$");
    Ok(format!("\"{text}\""))
}

fn plain_text(path: &Path) -> Result<&str, ServiceError> {
    let refused = || ServiceError::Path(path.to_owned());
    let text = path.to_str().filter(|_| path.is_absolute()).ok_or_else(refused)?;
    if text.chars().any(char::is_control) { Err(refused()) } else { Ok(text) }
}

/// A percent sign begins a specifier (systemd.unit(5), "Specifiers").
fn escape_specifiers(text: &str) -> String {
    text.replace('%', "%%")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unit(program: &str, data_dir: &str) -> Result<String, ServiceError> {
        let files = ServerFiles { program: program.into(), data_dir: data_dir.into() };
        service_unit(&files, 8787).map(|unit| unit.0)
    }

    #[test]
    fn a_unit_runs_the_server_where_its_data_is() {
        let unit = unit("/usr/bin/waystation", "/home/a b/da%ta\"$x\\").unwrap();
        assert!(unit.contains(
            "ExecStart=\"/usr/bin/waystation\" serve --listen 127.0.0.1:8787 --data-dir \"/home/a b/da%%ta\\\"$$x\\\\\"\n"
        ));
        assert!(unit.contains("WorkingDirectory=/home/a b/da%%ta\"$x\\\n"));
        assert!(!unit.contains("--attached"));
        assert!(unit.contains("\nConditionFileIsExecutable=/usr/bin/waystation\n"));
        assert_eq!(listening_port(&unit), Some(8787));
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn a_service_answers_where_the_server_itself_listens() {
        let folder = tempfile::tempdir().unwrap();
        let service = ServiceFile::below(folder.path());
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let program = std::env::current_exe().unwrap();
        assert_eq!(service.find_server(&program), None);
        let files = ServerFiles { program: program.clone(), data_dir: folder.path().to_owned() };
        replace_file(&service.0, service_unit(&files, port).unwrap().as_str().as_bytes()).unwrap();
        let found = service.find_server(&program).unwrap();
        assert_eq!((found.is_loopback(), found.port()), (true, port));
        // Another program that has the port is not it, and nobody is not either.
        assert_eq!(service.find_server(Path::new("/usr/bin/waystation-server")), None);
        drop(listener);
        assert_eq!(service.find_server(&program), None);
    }

    #[test]
    fn a_path_cannot_add_lines_to_a_unit() {
        for path in ["/a\nExecStartPre=/bin/sh", "/a\rb", "relative/path", ""] {
            assert!(matches!(unit(path, "/data"), Err(ServiceError::Path(_))), "{path:?}");
            assert!(matches!(unit("/usr/bin/waystation", path), Err(ServiceError::Path(_))), "{path:?}");
        }
    }
}
