//! The data folder belongs to one server at a time; commands may run beside it.

use std::fs::{File, TryLockError};
use std::path::Path;

use crate::error::StartError;

const LOCK_NAME: &str = "server.lock";

/// Takes the folder for this server, until the file is dropped or the process ends, however it ends. Two servers in
/// one folder would take each other's settlements out of its files.
pub(crate) fn lock_data_folder(data_dir: &Path) -> Result<File, StartError> {
    let failed = |source| StartError::DataDir { path: data_dir.to_owned(), source };
    std::fs::create_dir_all(data_dir).map_err(failed)?;
    let file = File::create(data_dir.join(LOCK_NAME)).map_err(failed)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(StartError::DataDirInUse(data_dir.to_owned())),
        Err(TryLockError::Error(source)) => Err(failed(source)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_has_one_server_at_a_time() {
        let folder = std::env::temp_dir().join(format!("waystation-lock-{}", std::process::id()));
        let first = lock_data_folder(&folder).unwrap();
        assert!(matches!(lock_data_folder(&folder), Err(StartError::DataDirInUse(_))));
        drop(first);
        assert!(lock_data_folder(&folder).is_ok());
        std::fs::remove_dir_all(folder).unwrap();
    }
}
