//! The directory of the embedded databases. It has one owner, by file lock, and nobody else may look inside.

use std::fs::{DirBuilder, File, OpenOptions, Permissions, TryLockError};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// The owned data directory. The lock is held until this is dropped.
#[derive(Debug)]
pub struct DataDir {
    path: PathBuf,
    _lock: File,
}

/// Why the data directory could not be taken.
#[derive(Debug, thiserror::Error)]
pub enum DataDirError {
    /// Another process owns it.
    #[error("the data directory {0} belongs to another running process")]
    Owned(PathBuf),
    /// The directory or its lock could not be made.
    #[error("the data directory {0} cannot be used: {1}")]
    Io(PathBuf, #[source] io::Error),
}

impl DataDir {
    /// Makes the directory if needed (mode 0700) and takes its lock without waiting.
    pub fn acquire(path: impl Into<PathBuf>) -> Result<Self, DataDirError> {
        let path = path.into();
        let failed = |error| DataDirError::Io(path.clone(), error);
        make_private(&path).map_err(failed)?;
        let lock = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .mode(0o600)
            .open(path.join("lock"))
            .map_err(failed)?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { path, _lock: lock }),
            Err(TryLockError::WouldBlock) => Err(DataDirError::Owned(path)),
            Err(TryLockError::Error(error)) => Err(failed(error)),
        }
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }
}

/// Makes the directory if needed and closes it to everybody but its owner.
pub(super) fn make_private(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)?;
    std::fs::set_permissions(path, Permissions::from_mode(0o700))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_data_directory_has_one_owner_and_is_closed_to_others() {
        let parent = tempfile::tempdir().unwrap();
        let path = parent.path().join("deep/data");
        let first = DataDir::acquire(&path).unwrap();
        assert_eq!(std::fs::metadata(first.path()).unwrap().permissions().mode() & 0o777, 0o700);
        assert!(matches!(DataDir::acquire(&path), Err(DataDirError::Owned(_))));
        drop(first);
        assert!(DataDir::acquire(&path).is_ok());
    }
}
