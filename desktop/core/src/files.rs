//! Files that are whole or not there, and that only their user reads.

use std::io::{self, Read, Write};
use std::path::Path;

/// Replaces a file's content in one step: whoever reads it sees the old content or the new, also after a crash.
pub fn replace_file(path: &Path, content: &[u8]) -> io::Result<()> {
    let folder = path.parent().ok_or_else(|| io::Error::other("the file has no folder"))?;
    create_private_folder(folder)?;
    let mut name = path.file_name().ok_or_else(|| io::Error::other("the file has no name"))?.to_owned();
    name.push(format!(".{}.new", std::process::id()));
    let beside = folder.join(name);
    let written = write_private_file(&beside, content).and_then(|()| std::fs::rename(&beside, path));
    if written.is_err() {
        // What is left of a failed try is of no use to anybody.
        let _ = std::fs::remove_file(&beside);
    }
    written?;
    sync_folder(folder)
}

/// Makes a folder that only its user can look into.
pub fn create_private_folder(folder: &Path) -> io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

/// Reads a file that may not be there, refusing one that is larger than `bytes_max`. A device or a pipe is no file: it
/// may have no end, or keep its reader waiting for ever.
pub fn read_file(path: &Path, bytes_max: u64) -> io::Result<Option<Vec<u8>>> {
    match std::fs::metadata(path) {
        Ok(found) if !found.is_file() => Err(io::Error::other("it is not a file")),
        Ok(_) => read_up_to(path, bytes_max).map(Some),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// What the system says of a file's size may be wrong, as below `/proc`, or not true any more.
fn read_up_to(path: &Path, bytes_max: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    std::fs::File::open(path)?.take(bytes_max.saturating_add(1)).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > bytes_max { Err(io::Error::other("the file is too large")) } else { Ok(bytes) }
}

fn write_private_file(path: &Path, content: &[u8]) -> io::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    file.write_all(content)?;
    file.sync_all()
}

/// The new name is in the folder's own data, which a crash may lose as well.
#[cfg(unix)]
fn sync_folder(folder: &Path) -> io::Result<()> {
    std::fs::File::open(folder)?.sync_all()
}

#[cfg(not(unix))]
fn sync_folder(_: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_whole_and_nothing_is_left_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("deep/er/kept.json");
        assert_eq!(read_file(&path, 100).unwrap(), None);
        replace_file(&path, b"one").unwrap();
        replace_file(&path, b"two").unwrap();
        assert_eq!(read_file(&path, 100).unwrap().unwrap(), b"two");
        assert!(read_file(&path, 2).is_err());
        let names: Vec<_> = std::fs::read_dir(path.parent().unwrap()).unwrap().collect();
        assert_eq!(names.len(), 1);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
            let folder = std::fs::metadata(path.parent().unwrap()).unwrap();
            assert_eq!(folder.permissions().mode() & 0o777, 0o700);
        }
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn what_has_no_end_is_not_read() {
        assert!(read_file(Path::new("/dev/zero"), 100).is_err());
        // Its size is told as nothing.
        assert!(read_file(Path::new("/proc/self/maps"), 100).is_err());
    }

    #[test]
    fn a_failed_replacement_leaves_the_old_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("kept");
        std::fs::create_dir(&path).unwrap();
        assert!(replace_file(&path, b"new").is_err());
        assert!(path.is_dir());
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
