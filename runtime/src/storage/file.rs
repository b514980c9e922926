//! Files that are complete or not there.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use super::StorageError;

/// Writes a file beside its place, and puts it there when it is complete and on disk.
pub(super) fn write(path: &Path, bytes: &[u8]) -> Result<(), StorageError> {
    let beside = beside(path);
    let written = complete(&beside, bytes).and_then(|()| fs::rename(&beside, path));
    if written.is_err() {
        // the first error is the one to tell; there may be nothing to remove
        let _ = fs::remove_file(&beside);
    }
    written.map_err(|error| StorageError::File { file: path.display().to_string(), error })
}

fn complete(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = File::create(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// A name in the same folder that nothing else writes to.
fn beside(path: &Path) -> PathBuf {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let mut name = path.file_name().unwrap_or_default().to_os_string();
    name.push(format!(".{}-{}.tmp", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed)));
    path.with_file_name(name)
}

/// A file's name for messages, and what it holds.
pub(super) fn read(path: &Path) -> Result<(String, Vec<u8>), StorageError> {
    let file = path.display().to_string();
    match fs::read(path) {
        Ok(bytes) => Ok((file, bytes)),
        Err(error) => Err(StorageError::File { file, error }),
    }
}
