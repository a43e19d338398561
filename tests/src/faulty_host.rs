//! A host that fails as a test tells it, for one server process.

use std::fs::{self, File};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

/// What is wrong with the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Disk {
    /// Nothing.
    Well,
    /// There is no space left.
    Full,
    /// It cannot be written.
    ReadOnly,
    /// It takes what is written, and fails to flush it.
    FailsToFlush,
    /// It takes what is written; whoever flushes waits until it is well again, and has then flushed.
    HoldsFlushes,
}

/// A library between a process and its host, and the file that tells it what goes wrong; removed with this value.
#[derive(Debug)]
pub struct FaultyHost {
    directory: PathBuf,
    control: File,
}

impl FaultyHost {
    /// Builds the library with the host's C compiler. Nothing goes wrong yet.
    pub fn build() -> FaultyHost {
        static COUNTER: AtomicU32 = AtomicU32::new(0);
        let count = COUNTER.fetch_add(1, Ordering::Relaxed);
        let name = format!("waystation-faulty-host-{}-{count}", std::process::id());
        let directory = std::env::temp_dir().join(name);
        fs::create_dir_all(&directory).expect("the temporary directory is writable");
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("host/faulty_host.c");
        let output = Command::new("cc")
            .args(["-shared", "-fPIC", "-O1", "-o"])
            .arg(directory.join("faulty_host.so"))
            .arg(source)
            .arg("-ldl")
            .output()
            .expect("a C compiler is installed");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let control = directory.join("control");
        fs::write(&control, [0; 32]).expect("the control file can be written");
        let control =
            File::options().read(true).write(true).open(control).expect("the control file can be opened");
        FaultyHost { directory, control }
    }

    /// The environment of a process on this host; its disk is what lies below `folder`.
    pub fn environment(&self, folder: &Path) -> Vec<(String, String)> {
        let text = |path: PathBuf| path.to_str().expect("temporary paths are text").to_owned();
        vec![
            ("LD_PRELOAD".to_owned(), text(self.directory.join("faulty_host.so"))),
            ("FAULTY_HOST".to_owned(), text(self.directory.join("control"))),
            ("FAULTY_HOST_FOLDER".to_owned(), text(folder.to_owned())),
        ]
    }

    /// From now on the disk is so.
    pub fn set_disk(&self, disk: Disk) {
        self.set(
            0,
            match disk {
                Disk::Well => 0,
                Disk::Full => 1,
                Disk::ReadOnly => 2,
                Disk::FailsToFlush => 3,
                Disk::HoldsFlushes => 4,
            },
        );
    }

    /// From now on the clock is wrong by so many milliseconds.
    pub fn shift_clock(&self, milliseconds: i64) {
        self.set(1, milliseconds);
    }

    /// Whether names of hosts cannot be looked up.
    pub fn lose_names(&self, lost: bool) {
        self.set(2, i64::from(lost));
    }

    /// How many flushes have begun to wait.
    pub fn flushes_held(&self) -> i64 {
        let mut bytes = [0; 8];
        self.control.read_exact_at(&mut bytes, 24).expect("the control file can be read");
        i64::from_ne_bytes(bytes)
    }

    fn set(&self, place: u64, value: i64) {
        self.control.write_all_at(&value.to_ne_bytes(), place * 8).expect("the control file can be written");
    }
}

impl Drop for FaultyHost {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.directory);
    }
}
