//! Everything that is measured, side by side on this machine.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use crate::arguments::RunOptions;
use crate::database::{Database, DatabaseKind};
use crate::error::{BenchError, While};
use crate::load::Calls;
use crate::process::{Program, Usage, tied_command};
use crate::run::nginx::Nginx;
use crate::run::site::Site;
use crate::traffic::StreamPlan;

/// The programs of a run; all end with this value.
#[derive(Debug)]
pub(crate) struct Bed {
    /// One site for each database.
    pub sites: Vec<Site>,
    /// The proxy to compare with.
    pub nginx: Nginx,
    _mock: Program,
    /// Where the mock upstream is.
    pub upstream: SocketAddr,
    binary: PathBuf,
    folder: Folder,
}

/// Who is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    /// The upstream itself.
    Direct,
    /// nginx before it.
    Nginx,
    /// Waystation before it, of this number.
    Site(usize),
}

impl Bed {
    /// Starts all programs.
    pub async fn start(options: &RunOptions) -> Result<Bed, BenchError> {
        let own = std::env::current_exe().while_doing("finding this program")?;
        let binary = options.server.clone().unwrap_or_else(|| own.with_file_name("waystation"));
        if !binary.is_file() {
            return Err(BenchError::new(format!("{} is not there: build the server", binary.display())));
        }
        let binary = binary.canonicalize().while_doing("finding the server")?;
        let folder = Folder::make()?;
        let mut command = tied_command(&own);
        let (mock, address) = Program::start_listening(command.arg("mock"), &folder.path.join("mock.log"))?;
        let upstream = address.parse().map_err(|_| BenchError::new("the mock listens nowhere"))?;
        let nginx = Nginx::start(options.nginx.as_deref(), &folder.path.join("nginx"), upstream)?;
        let mut bed = Bed { sites: Vec::new(), nginx, _mock: mock, upstream, binary, folder };
        for kind in &options.databases {
            let server = match kind {
                DatabaseKind::Sqlite => Some(""),
                DatabaseKind::Mysql => options.mysql_url.as_deref(),
                DatabaseKind::Postgres => options.postgres_url.as_deref(),
            };
            if let Some(server) = server {
                let site = bed.create_site(*kind, server, kind.title()).await?;
                bed.sites.push(site);
            }
        }
        Ok(bed)
    }

    /// One more site of its own.
    pub async fn create_site(
        &self,
        kind: DatabaseKind,
        server_url: &str,
        name: &str,
    ) -> Result<Site, BenchError> {
        let folder = self.folder.path.join(name);
        fs::create_dir_all(&folder).while_doing("making a site's folder")?;
        let database = Database::create(kind, server_url, &folder)?;
        Site::create(&self.binary, &folder, database, self.upstream).await
    }

    /// All there is to call, the simplest first.
    pub fn targets(&self) -> Vec<Target> {
        [Target::Direct, Target::Nginx].into_iter().chain((0..self.sites.len()).map(Target::Site)).collect()
    }

    /// The number of the site on SQLite.
    pub fn sqlite(&self) -> Option<usize> {
        self.sites.iter().position(|site| site.database.kind() == DatabaseKind::Sqlite)
    }

    /// What a target is called in tables.
    pub fn name(&self, target: Target) -> String {
        match target {
            Target::Direct => "direct".to_owned(),
            Target::Nginx => "nginx".to_owned(),
            Target::Site(number) => {
                let title = self.sites.get(number).map(|site| site.database.kind().title());
                format!("Waystation, {}", title.unwrap_or_default())
            }
        }
    }

    /// Chat completions through a target.
    pub fn calls(&self, target: Target, plan: Option<StreamPlan>) -> Result<Calls, BenchError> {
        let nobody = ["no-key-is-asked-for".to_owned()];
        match (target, plan) {
            (Target::Direct, _) => Ok(Calls::chat(self.upstream, &nobody, plan)),
            (Target::Nginx, None) => Ok(Calls::chat(self.nginx.calls, &nobody, plan)),
            (Target::Nginx, Some(_)) => Ok(Calls::chat(self.nginx.streams, &nobody, plan)),
            (Target::Site(number), _) => self.site(number)?.calls(plan),
        }
    }

    /// What a target has used so far; the upstream's own use is not of interest.
    pub fn use_so_far(&self, target: Target) -> Usage {
        match target {
            Target::Direct => Usage::default(),
            Target::Nginx => self.nginx.use_so_far(),
            Target::Site(number) => self.sites.get(number).map(Site::use_so_far).unwrap_or_default(),
        }
    }

    /// Notes that calls of a target must have their rows.
    pub fn expect_rows(&mut self, target: Target, rows: u64) {
        if let Target::Site(number) = target
            && let Some(site) = self.sites.get_mut(number)
        {
            site.expect_more_rows(rows);
        }
    }

    /// A site by its number.
    pub fn site(&self, number: usize) -> Result<&Site, BenchError> {
        self.sites.get(number).ok_or_else(|| BenchError::new("there is no such site"))
    }

    /// A site by its number, to change it.
    pub fn site_mut(&mut self, number: usize) -> Result<&mut Site, BenchError> {
        self.sites.get_mut(number).ok_or_else(|| BenchError::new("there is no such site"))
    }

    /// Where everything is written.
    pub fn folder(&self) -> &Path {
        &self.folder.path
    }
}

/// A folder that is gone with this value.
#[derive(Debug)]
struct Folder {
    path: PathBuf,
}

impl Folder {
    fn make() -> Result<Folder, BenchError> {
        let path = std::env::temp_dir().join(format!("waystation-bench-{}", std::process::id()));
        fs::create_dir_all(&path).while_doing(format!("making {}", path.display()))?;
        Ok(Folder { path })
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.path).ok();
    }
}
