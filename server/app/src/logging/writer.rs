//! Writing the log beside the work: whoever logs adds to a buffer, and a thread of its own writes what has gathered.
//! A reader of the log that is slow, or has stopped reading, must not stop the server: beyond a bound lines are lost,
//! are counted, and the log says how many they were.

use std::io::{self, Write};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use crate::logging::one_line::append_line;

/// So much may wait to be written.
const WAITING_BYTES_MAX: usize = 4 * 1024 * 1024;
/// Lines of so much time are written together.
const GATHERING: Duration = Duration::from_millis(2);

/// The buffer's end for those who log. Cheap to clone.
#[derive(Clone, Debug)]
pub(super) struct LogWriter(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    waiting: Mutex<Waiting>,
    /// Something waits, or all was written.
    changed: Condvar,
    lost: AtomicU64,
}

#[derive(Debug, Default)]
struct Waiting {
    lines: Vec<u8>,
    /// Lost since the log last said so.
    lost: u64,
    is_writing: bool,
}

impl LogWriter {
    /// Writes to `output`, from a thread that lives as long as the process.
    pub(super) fn start(output: impl Write + Send + 'static) -> Self {
        let writer = LogWriter(Arc::default());
        let shared = writer.0.clone();
        let started = thread::Builder::new().name("log".to_owned()).spawn(move || shared.write_to(output));
        if let Err(error) = started {
            // Then there is nobody to tell but whoever started the process.
            let _ = writeln!(io::stderr(), "waystation: the log cannot be written: {error}");
        }
        writer
    }

    /// How many lines were lost.
    pub(super) fn lost_lines(&self) -> u64 {
        self.0.lost.load(Ordering::Relaxed)
    }

    /// Waits until all is written, but not for longer than `at_most`.
    pub(super) fn flush(&self, at_most: Duration) {
        let waiting = self.0.lock();
        // A thread that panics while it logs is an end like any other.
        let _ = self
            .0
            .changed
            .wait_timeout_while(waiting, at_most, |waiting| waiting.is_writing || !waiting.lines.is_empty());
    }

    fn add(&self, event: &[u8]) {
        let mut waiting = self.0.lock();
        if waiting.lines.len() + event.len() > WAITING_BYTES_MAX {
            waiting.lost += 1;
            self.0.lost.fetch_add(1, Ordering::Relaxed);
            return;
        }
        let was_empty = waiting.lines.is_empty();
        append_line(&mut waiting.lines, event);
        drop(waiting);
        if was_empty {
            self.0.changed.notify_all();
        }
    }
}

impl Write for &LogWriter {
    /// Takes a whole event: the formatter hands over nothing less.
    fn write(&mut self, event: &[u8]) -> io::Result<usize> {
        self.add(event);
        Ok(event.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn write_to(&self, mut output: impl Write) {
        let mut lines = Vec::new();
        loop {
            let waiting = self
                .changed
                .wait_while(self.lock(), |waiting| waiting.lines.is_empty())
                .unwrap_or_else(PoisonError::into_inner);
            drop(waiting);
            thread::sleep(GATHERING);
            let lost = {
                let mut waiting = self.lock();
                std::mem::swap(&mut waiting.lines, &mut lines);
                waiting.is_writing = true;
                std::mem::take(&mut waiting.lost)
            };
            // With nobody at the other end there is nobody to tell.
            let _ = output.write_all(&lines);
            if lost > 0 {
                let _ = writeln!(
                    output,
                    "{{\"level\":\"WARN\",\"message\":\"{lost} lines of the log were lost here\"}}"
                );
            }
            lines.clear();
            // What a flood has grown is not kept for ever.
            lines.shrink_to(64 * 1024);
            self.lock().is_writing = false;
            self.changed.notify_all();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

    use super::*;

    const PATIENCE: Duration = Duration::from_secs(10);

    /// An output whose writes wait to be taken one by one.
    struct Gate(SyncSender<Vec<u8>>);

    impl Write for Gate {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.send(bytes.to_vec()).map_err(io::Error::other)?;
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn gated_writer() -> (LogWriter, Receiver<Vec<u8>>) {
        let (sender, receiver) = sync_channel(0);
        (LogWriter::start(Gate(sender)), receiver)
    }

    fn read_until(receiver: &Receiver<Vec<u8>>, text: &str) -> String {
        let mut read = String::new();
        while !read.contains(text) {
            read.push_str(&String::from_utf8(receiver.recv_timeout(PATIENCE).unwrap()).unwrap());
        }
        read
    }

    #[test]
    fn lines_come_in_order_and_are_all_there_after_a_flush() {
        let (writer, receiver) = gated_writer();
        let reading = thread::spawn(move || read_until(&receiver, "line 999\n"));
        for number in 0..1_000 {
            (&writer).write_all(format!("line {number}\n").as_bytes()).unwrap();
        }
        writer.flush(PATIENCE);
        let read = reading.join().unwrap();
        let expected: String = (0..1_000).map(|number| format!("line {number}\n")).collect();
        assert_eq!(read, expected);
        assert_eq!(writer.lost_lines(), 0);
    }

    #[test]
    fn a_reader_that_stopped_holds_up_nobody_and_what_is_lost_is_told() {
        let (writer, receiver) = gated_writer();
        let line = vec![b'x'; 64 * 1024];
        // Nobody reads: this ends all the same.
        for _ in 0..1_000 {
            (&writer).write_all(&line).unwrap();
        }
        let lost = writer.lost_lines();
        assert!(lost >= 1_000 - 2 * 64 - 1, "{lost}");
        let mut told = 0;
        while told < lost {
            let read = read_until(&receiver, " lines of the log were lost here");
            let (before, _) = read.rsplit_once(" lines of the log").unwrap();
            let (_, count) = before.rsplit_once('"').unwrap();
            told += count.parse::<u64>().unwrap();
        }
        assert_eq!((told, writer.lost_lines()), (lost, lost));
    }
}
