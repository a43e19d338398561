//! What the server does by itself, again and again. One table; a job with a lease runs on one instance at a time.

mod audit;
mod prune;
mod renew;
mod sweep;

use std::time::Duration;

use futures_util::future::BoxFuture;
use tracing::{debug, warn};

use crate::error::error_chain;
use crate::state::App;

/// Why a run of a job failed. It runs again at its next time.
pub(crate) type JobError = Box<dyn std::error::Error + Send + Sync>;

/// One thing that is done again and again.
struct Job {
    name: &'static str,
    every: Duration,
    who: Who,
    run: for<'app> fn(&'app App) -> BoxFuture<'app, Result<(), JobError>>,
}

/// Which instances run a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Who {
    /// Each of them.
    Every,
    /// The one that holds the job's lease, which it takes for so long, again and again while it runs.
    One(Duration),
}

const JOBS: &[Job] = &[
    Job {
        name: "renew_instance",
        every: Duration::from_secs(5),
        who: Who::Every,
        run: |app| Box::pin(renew::renew_instance(app)),
    },
    Job {
        name: "sweep_holds",
        every: Duration::from_secs(5),
        who: Who::Every,
        run: |app| Box::pin(sweep::sweep_holds(app)),
    },
    Job {
        name: "repeat_settlements",
        every: Duration::from_secs(2),
        who: Who::Every,
        run: |app| Box::pin(sweep::repeat_settlements(app)),
    },
    Job {
        name: "audit_changes",
        every: Duration::from_secs(60),
        who: Who::One(Duration::from_secs(90)),
        run: |app| Box::pin(audit::audit_changes(app)),
    },
    Job {
        name: "check_site",
        every: Duration::from_secs(300),
        who: Who::One(Duration::from_secs(90)),
        run: |app| Box::pin(audit::check_site(app)),
    },
    Job {
        name: "prune_records",
        every: Duration::from_secs(3_600),
        who: Who::One(Duration::from_secs(600)),
        run: |app| Box::pin(prune::prune_records(app)),
    },
];

/// Starts every job. The instance's lease is taken before this returns, so that the first call may be relayed.
pub(crate) async fn start_jobs(app: &App) -> Result<(), JobError> {
    renew::renew_instance(app).await?;
    app.changes.start(&app.store, &app.tasks);
    for job in JOBS {
        let app_of_job = app.clone();
        app.tasks.spawn_repeating(job.name, job.every, move || run_job(app_of_job.clone(), job));
    }
    Ok(())
}

async fn run_job(app: App, job: &'static Job) {
    match try_job(&app, job).await {
        Ok(()) => debug!("done"),
        Err(error) => {
            app.metrics.job_failures.increment();
            warn!(job = job.name, error = error_chain(error.as_ref()), "a job failed and will run again")
        }
    }
}

async fn try_job(app: &App, job: &Job) -> Result<(), JobError> {
    let Who::One(lease) = job.who else { return (job.run)(app).await };
    let lease_ms = i64::try_from(lease.as_millis())?;
    let take_lease = || app.store.take_job_lease(job.name, app.instance, lease_ms);
    if !take_lease().await? {
        return Ok(());
    }
    let mut running = (job.run)(app);
    loop {
        tokio::select! {
            ended = &mut running => return ended,
            () = tokio::time::sleep(lease / 3) => {}
        }
        if !take_lease().await? {
            return Err("another instance has taken over".into());
        }
    }
}

/// Runs a job as if its time had come.
#[cfg(test)]
pub(crate) async fn run_named_job(app: &App, name: &str) {
    let job = JOBS.iter().find(|job| job.name == name).unwrap();
    try_job(app, job).await.unwrap();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_job_has_its_own_name_and_a_lease_longer_than_a_missed_beat() {
        let mut names: Vec<&str> = JOBS.iter().map(|job| job.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), JOBS.len());
        assert!(JOBS.iter().all(|job| job.name.len() <= 64 && job.who != Who::One(Duration::ZERO)));
    }
}
