//! Master files on disk: loading them, and loading them again when they change.
//!
//! A zone changes as a whole: if its file, or one that it includes, has a fault, the zone goes on
//! as it was and the fault is logged once. Relies on the core to read the text. Files are watched
//! by looking at their size and time, since notifications miss what editors and mounts do.

use std::{
    collections::HashSet,
    fs::{self, File},
    io::{self, Read as _},
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
};

use dns_core::{Fault, Name, StaticZone, read_zone};
use model::VpcId;

/// Longest file that is read. A million records are some 50 MB.
const FILE_LEN_MAX: u64 = 256 << 20;

/// A zone that an operator keeps in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ZoneFile {
    /// The name of the zone.
    pub name: Name,
    /// Its master file. Files that it includes are below the same directory.
    pub file: PathBuf,
    /// The networks that see it; with none, all do.
    pub vpcs: Vec<VpcId>,
}

/// Why a zone file could not be loaded.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// It cannot be read.
    #[error("read zone file {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// Its text has a fault.
    #[error("zone file has a fault")]
    Text(#[source] Fault),
    /// Two files are given for one zone of one network, or of all.
    #[error("zone {0} has two files")]
    Twice(Name),
}

/// Zones loaded from files.
#[derive(Debug, Default)]
pub struct ZoneFiles {
    zones: Vec<Loaded>,
}

#[derive(Debug)]
struct Loaded {
    from: ZoneFile,
    zone: StaticZone,
    seen: Vec<Seen>,
}

/// A file as it was when it was read.
#[derive(Debug, PartialEq, Eq)]
struct Seen {
    path: PathBuf,
    stamp: Option<Stamp>,
}

/// What changes when a file does: inode, length, time in seconds and nanoseconds.
type Stamp = (u64, u64, i64, i64);

impl ZoneFiles {
    /// Loads all of them.
    ///
    /// # Errors
    ///
    /// Every file that has a fault, not only the first.
    pub fn load(files: Vec<ZoneFile>) -> Result<Self, Vec<LoadError>> {
        let mut zones = Vec::<Loaded>::with_capacity(files.len());
        let mut errors = Vec::new();
        let mut names = HashSet::new();
        for file in files {
            let views = match file.vpcs.as_slice() {
                [] => vec![None],
                vpcs => vpcs.iter().copied().map(Some).collect(),
            };
            if !views.into_iter().all(|vpc| names.insert((file.name.clone(), vpc))) {
                errors.push(LoadError::Twice(file.name));
                continue;
            }
            let (zone, seen) = read(&file);
            match zone {
                Ok(zone) => zones.push(Loaded { from: file, zone, seen }),
                Err(error) => errors.push(error),
            }
        }
        if errors.is_empty() { Ok(Self { zones }) } else { Err(errors) }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.zones.is_empty()
    }

    /// The zones as they are.
    pub fn zones(&self) -> Vec<StaticZone> {
        self.zones.iter().map(|loaded| loaded.zone.clone()).collect()
    }

    /// Loads again what has changed; whether any zone is another now.
    pub(crate) fn refresh(&mut self) -> bool {
        let mut is_changed = false;
        for loaded in &mut self.zones {
            if loaded.seen.iter().all(Seen::is_unchanged) {
                continue;
            }
            let (zone, seen) = read(&loaded.from);
            loaded.seen = seen;
            match zone {
                Ok(zone) => {
                    tracing::info!(zone = %zone.name(), names = zone.name_count(), "zone loaded");
                    loaded.zone = zone;
                    is_changed = true;
                }
                Err(error) => {
                    let cause = std::error::Error::source(&error).map(ToString::to_string);
                    tracing::warn!(zone = %loaded.from.name, %error, cause, "zone kept as it was");
                }
            }
        }
        is_changed
    }
}

/// Reads a zone, and says which files that took.
fn read(from: &ZoneFile) -> (Result<StaticZone, LoadError>, Vec<Seen>) {
    let mut seen = vec![Seen::now(&from.file)];
    let text = match read_file(&from.file) {
        Ok(text) => text,
        Err(source) => {
            return (Err(LoadError::Read { path: from.file.clone(), source }), seen);
        }
    };
    let directory = match from.file.parent() {
        Some(directory) if directory != Path::new("") => directory,
        _ => Path::new("."),
    };
    let mut include = |name: &str| {
        // Seen even if it cannot be had, so that the zone is tried again once it can.
        seen.push(Seen::now(&directory.join(name)));
        read_file(&below(directory, name)?).ok()
    };
    let shown = from.file.display().to_string();
    let zone = read_zone(&from.name, &shown, &text, &mut include);
    let zone = zone.map(|zone| zone.only_for(&from.vpcs));
    (zone.map_err(LoadError::Text), seen)
}

/// The file of a name below a directory, unless it leads out of it, by whatever links.
fn below(directory: &Path, name: &str) -> Option<PathBuf> {
    let directory = directory.canonicalize().ok()?;
    let path = directory.join(name).canonicalize().ok()?;
    path.starts_with(directory).then_some(path)
}

fn read_file(path: &Path) -> io::Result<Vec<u8>> {
    let file = File::open(path)?;
    if !file.metadata()?.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "not a regular file"));
    }
    let mut text = Vec::new();
    let len = file.take(FILE_LEN_MAX + 1).read_to_end(&mut text)?;
    if len as u64 > FILE_LEN_MAX {
        return Err(io::ErrorKind::FileTooLarge.into());
    }
    Ok(text)
}

impl Seen {
    fn now(path: &Path) -> Self {
        Self { path: path.to_owned(), stamp: stamp(path) }
    }

    fn is_unchanged(&self) -> bool {
        stamp(&self.path) == self.stamp
    }
}

fn stamp(path: &Path) -> Option<Stamp> {
    let of = fs::metadata(path).ok()?;
    Some((of.ino(), of.len(), of.mtime(), of.mtime_nsec()))
}
