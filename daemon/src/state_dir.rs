//! The state folder: one process at a time, and the file that says where it listens.
//!
//! The lock is the kernel's (`flock`), so it ends with the process, however that ends. Does not
//! know what the store keeps in the folder.

use std::{
    fs::{self, File},
    io::{self, Read, Write},
    net::SocketAddr,
    path::{Path, PathBuf},
};

use rustix::fs::{FlockOperation, flock};
use serde::Serialize;
use thiserror::Error;

/// Where the bound addresses are said.
const LISTENING: &str = "listening.json";
/// Whose lock is the process's.
const LOCK: &str = "lock";

/// Why the folder cannot be used.
#[derive(Debug, Error)]
pub(crate) enum StateDirError {
    /// It cannot be made.
    #[error("make the state folder {}", .path.display())]
    Make {
        /// The folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Its lock cannot be opened.
    #[error("open {}", .path.display())]
    Open {
        /// The lock's file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Another process has it.
    #[error(
        "another postern{holder} is running on the state folder {}; \
         stop it, or choose another folder with --state-dir", .path.display()
    )]
    Taken {
        /// The folder.
        path: PathBuf,
        /// Which process, if it says so.
        holder: String,
    },
    /// The file with the bound addresses cannot be written.
    #[error("write {}", .path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// The bound addresses, as other programs read them.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Listening {
    /// The control API.
    pub(crate) api: SocketAddr,
    /// DNS, UDP and TCP.
    pub(crate) dns: SocketAddr,
    /// Metrics and readiness.
    pub(crate) admin: SocketAddr,
}

/// Where the admin address is of the process that has a state folder, if it says so.
pub(crate) fn admin_address(path: &Path) -> Option<SocketAddr> {
    let text = fs::read(path.join(LISTENING)).ok()?;
    let json: serde_json::Value = serde_json::from_slice(&text).ok()?;
    json.get("admin")?.as_str()?.parse().ok()
}

/// The state folder, held by this process.
#[derive(Debug)]
pub(crate) struct StateDir {
    path: PathBuf,
    /// Holds the lock for as long as it is open.
    _lock: File,
}

impl StateDir {
    /// Makes the folder if need be and takes its lock.
    pub(crate) fn take(path: &Path) -> Result<Self, StateDirError> {
        fs::create_dir_all(path)
            .map_err(|source| StateDirError::Make { path: path.to_owned(), source })?;
        let lock_path = path.join(LOCK);
        let open_error = |source| StateDirError::Open { path: lock_path.clone(), source };
        let mut options = File::options();
        options.read(true).write(true).create(true).truncate(false);
        let mut lock = options.open(&lock_path).map_err(open_error)?;
        if flock(&lock, FlockOperation::NonBlockingLockExclusive).is_err() {
            let mut id = String::new();
            // Without the number the message is still right.
            drop(lock.read_to_string(&mut id));
            let id = id.trim();
            let holder = if id.is_empty() { String::new() } else { format!(" (process {id})") };
            return Err(StateDirError::Taken { path: path.to_owned(), holder });
        }
        lock.set_len(0).map_err(open_error)?;
        writeln!(lock, "{}", std::process::id()).map_err(open_error)?;
        let state = Self { path: path.to_owned(), _lock: lock };
        // What a killed process left says nothing about this one.
        state.withdraw();
        Ok(state)
    }

    /// The folder.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Says where the process listens; whoever reads the file sees all of it or nothing.
    pub(crate) fn announce(&self, listening: Listening) -> Result<(), StateDirError> {
        let path = self.path.join(LISTENING);
        let draft = self.path.join("listening.json.new");
        let written = serde_json::to_vec(&listening)
            .map_err(io::Error::other)
            .and_then(|text| fs::write(&draft, text))
            .and_then(|()| fs::rename(&draft, &path));
        written.map_err(|source| StateDirError::Write { path, source })
    }

    /// Takes that back.
    pub(crate) fn withdraw(&self) {
        match fs::remove_file(self.path.join(LISTENING)) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => tracing::warn!(%error, "cannot remove {LISTENING}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_taken_once_and_free_again_afterwards() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a/b");
        let first = StateDir::take(&path).unwrap();
        let error = StateDir::take(&path).unwrap_err().to_string();
        let own = format!("another postern (process {}) is running", std::process::id());
        assert!(error.starts_with(&own), "{error}");
        drop(first);
        StateDir::take(&path).unwrap();
    }

    #[test]
    fn what_is_announced_is_withdrawn() {
        let folder = tempfile::tempdir().unwrap();
        let state = StateDir::take(folder.path()).unwrap();
        let addr = "127.0.0.1:4600".parse().unwrap();
        state.announce(Listening { api: addr, dns: addr, admin: addr }).unwrap();
        let text = fs::read_to_string(folder.path().join(LISTENING)).unwrap();
        let json: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(json["api"], "127.0.0.1:4600");
        assert_eq!(admin_address(folder.path()), Some(addr));
        state.withdraw();
        assert!(!folder.path().join(LISTENING).exists());
    }
}
