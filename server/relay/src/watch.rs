//! What can end a call from outside while it waits: the caller, the clock, the server.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use crate::catalog::OnDisconnect;
use crate::link::CallerLink;
use crate::relay::Relay;

/// Why a wait was broken off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stop {
    /// The caller has gone, and what it left is not read on, or not any more.
    CallerGone,
    /// The call's time is over.
    Deadline,
    /// The server is shutting down and waits no longer.
    Shutdown,
    /// This instance may not relay any more.
    LeaseLost,
}

/// How a wait ended that had its own limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Interruption {
    /// The limit of this wait is reached.
    Limit,
    /// The call must end.
    Stop(Stop),
}

/// What becomes of the call once its caller has gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AfterCaller {
    /// It is read on without a word: a whole answer is finished within the call's time.
    Finish,
    /// A stream is read on within limits.
    Drain,
    /// It ends at once.
    Cancel,
}

/// The outside of one call.
pub(crate) struct Watch {
    relay: Arc<Relay>,
    cut: CancellationToken,
    cut_at: Instant,
    after_caller: AfterCaller,
    is_caller_gone: bool,
    drain: Option<Drain>,
}

struct Drain {
    _permit: OwnedSemaphorePermit,
    bytes_left: usize,
}

impl AfterCaller {
    /// What a channel wants for a stream or for a whole answer.
    pub fn of(on_disconnect: OnDisconnect, stream: bool) -> Self {
        match on_disconnect {
            OnDisconnect::Cancel => AfterCaller::Cancel,
            OnDisconnect::Drain if stream => AfterCaller::Drain,
            OnDisconnect::Drain => AfterCaller::Finish,
        }
    }
}

impl Watch {
    /// Watches a call that began at `begun`, before its hold was taken.
    pub fn new(relay: Arc<Relay>, begun: Instant) -> Self {
        let time = relay.settings.total_time.saturating_sub(relay.settings.cut_before_deadline);
        Watch {
            cut: relay.cut.clone(),
            relay,
            cut_at: begun + time,
            after_caller: AfterCaller::Cancel,
            is_caller_gone: false,
            drain: None,
        }
    }

    /// Sets what the channel now tried wants.
    pub fn set_after_caller(&mut self, after_caller: AfterCaller) {
        self.after_caller = after_caller;
    }

    /// When the call must end.
    pub fn cut_at(&self) -> Instant {
        self.cut_at
    }

    /// Whether the caller is known to have gone.
    pub fn is_caller_gone(&self) -> bool {
        self.is_caller_gone
    }

    /// Notes that the caller has gone: the call ends, or goes on without it.
    pub fn lose_caller(&mut self) -> Result<(), Stop> {
        if self.is_caller_gone {
            return Ok(());
        }
        self.is_caller_gone = true;
        let settings = &self.relay.settings;
        match self.after_caller {
            AfterCaller::Finish => Ok(()),
            AfterCaller::Cancel => Err(Stop::CallerGone),
            AfterCaller::Drain => {
                let permit = Semaphore::try_acquire_owned(self.relay.drains.clone());
                let permit = permit.map_err(|_| Stop::CallerGone)?;
                self.cut_at = self.cut_at.min(Instant::now() + settings.drain_time);
                self.drain = Some(Drain { _permit: permit, bytes_left: settings.drain_bytes_max });
                Ok(())
            }
        }
    }

    /// Counts what is read for a caller that has gone.
    pub fn count_drained(&mut self, bytes: usize) -> Result<(), Stop> {
        if let Some(drain) = &mut self.drain {
            drain.bytes_left = drain.bytes_left.checked_sub(bytes).ok_or(Stop::CallerGone)?;
        }
        Ok(())
    }

    /// Looks whether the call must end, for work that never waits.
    pub fn check(&mut self, link: &CallerLink) -> Result<(), Stop> {
        if self.cut.is_cancelled() {
            return Err(Stop::Shutdown);
        }
        if !self.relay.ports.books.may_relay() {
            return Err(Stop::LeaseLost);
        }
        if Instant::now() >= self.cut_at {
            return Err(self.time_over());
        }
        if !self.is_caller_gone && link.is_gone() { self.lose_caller() } else { Ok(()) }
    }

    /// Waits for `work` until `limit`, or until the call must end.
    pub async fn wait<T>(
        &mut self,
        link: &CallerLink,
        limit: Instant,
        work: impl Future<Output = T>,
    ) -> Result<T, Interruption> {
        tokio::pin!(work);
        loop {
            let until = limit.min(self.cut_at);
            let is_present = !self.is_caller_gone;
            tokio::select! {
                biased;
                done = &mut work => return Ok(done),
                () = self.cut.cancelled() => return Err(Interruption::Stop(Stop::Shutdown)),
                () = link.gone(), if is_present => self.lose_caller().map_err(Interruption::Stop)?,
                () = sleep_until(until) => {
                    return Err(if until == limit && limit < self.cut_at {
                        Interruption::Limit
                    } else {
                        Interruption::Stop(self.time_over())
                    });
                }
            }
        }
    }

    /// Whose time it is that is over.
    fn time_over(&self) -> Stop {
        if self.drain.is_some() { Stop::CallerGone } else { Stop::Deadline }
    }
}
