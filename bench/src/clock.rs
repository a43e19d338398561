//! A clock that several processes of one machine share, and a timer that keeps to it.

use std::io;
use std::os::fd::AsFd;
use std::time::Duration;

use nix::sys::time::TimeSpec;
use nix::sys::timerfd::{ClockId, Expiration, TimerFd, TimerFlags, TimerSetTimeFlags};
use nix::time::{ClockId as Clock, clock_gettime};
use tokio::net::unix::pipe::Receiver;

/// Nanoseconds since the machine started: the same in every process, and never set back.
pub(crate) fn now_ns() -> u64 {
    // The monotonic clock is there on every Linux.
    clock_gettime(Clock::CLOCK_MONOTONIC).map_or(0, |now| {
        let (seconds, nanos) = (now.tv_sec(), now.tv_nsec());
        u64::try_from(seconds).unwrap_or(0) * 1_000_000_000 + u64::try_from(nanos).unwrap_or(0)
    })
}

/// Wakes at a moment, to within some microseconds: the runtime's own timers count in milliseconds, which is more than
/// what is measured.
#[derive(Debug)]
pub(crate) struct ExactTimer {
    timer: TimerFd,
    /// The same file. To be read when it is ready is all a timer has in common with a pipe, and all that is needed.
    alarm: Receiver,
}

impl ExactTimer {
    /// A timer that is not set.
    pub fn new() -> io::Result<ExactTimer> {
        let flags = TimerFlags::TFD_NONBLOCK | TimerFlags::TFD_CLOEXEC;
        let timer = TimerFd::new(ClockId::CLOCK_MONOTONIC, flags)?;
        let alarm = Receiver::from_owned_fd_unchecked(timer.as_fd().try_clone_to_owned()?)?;
        Ok(ExactTimer { timer, alarm })
    }

    /// Returns at this moment of [`now_ns`], or at once when it has passed.
    pub async fn wait_until(&self, moment_ns: u64) -> io::Result<()> {
        if now_ns() >= moment_ns {
            return Ok(());
        }
        let moment = Expiration::OneShot(TimeSpec::from_duration(Duration::from_nanos(moment_ns)));
        self.timer.set(moment, TimerSetTimeFlags::TFD_TIMER_ABSTIME)?;
        loop {
            self.alarm.readable().await?;
            let mut expirations = [0; 8];
            match self.alarm.try_read(&mut expirations) {
                Ok(_) => return Ok(()),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Err(error),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_exact_timer_never_wakes_early() {
        let timer = ExactTimer::new().unwrap();
        for wait_us in [0, 1, 150, 2_300] {
            let moment = now_ns() + wait_us * 1_000;
            timer.wait_until(moment).await.unwrap();
            assert!(now_ns() >= moment);
        }
    }

    #[tokio::test]
    async fn a_moment_that_has_passed_is_not_waited_for() {
        let timer = ExactTimer::new().unwrap();
        timer.wait_until(now_ns().saturating_sub(1)).await.unwrap();
        timer.wait_until(0).await.unwrap();
    }
}
