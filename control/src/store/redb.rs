//! The store in a file, by `redb`: for one process, which holds the file's lock.
//!
//! Two tables: `records`, text keys to bytes, and `meta`, with the schema of the file and the
//! revision. A commit is one `redb` transaction that ends with an fsync, so it is there after kill
//! -9 and after a power cut. A new file is made under another name and linked into place when it is
//! whole, so that a crash while it is made leaves nothing that looks like a damaged store, and of
//! two processes that start at once one makes the file and the other finds it.
//!
//! Not kept: the commits before the current revision. A watcher starts from now or loads.

use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
};

use redb::{
    Database, DatabaseError, ReadableDatabase, ReadableTable, StorageError, TableDefinition,
    WriteTransaction,
};
use thiserror::Error;

use super::{
    Cause, Commit, CommitError, LoadError, Loaded, Revision, Store, Watch, WatchError, Write,
    watchers::Watchers,
};

/// A store in a file.
#[derive(Debug)]
pub struct Redb {
    database: Database,
    revision: Revision,
    watchers: Watchers,
}

/// The schema of the file that this Postern writes and the newest that it reads.
const SCHEMA: u64 = 1;

const RECORDS: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("records");
const META: TableDefinition<'_, &str, u64> = TableDefinition::new("meta");
const META_SCHEMA: &str = "schema";
const META_REVISION: &str = "revision";

/// All records are in memory as a registry anyway and read from here once; redb's default of 1 GiB
/// would be a second copy.
const CACHE_BYTES: usize = 8 * 1024 * 1024;

/// Opening failed.
#[derive(Debug, Error)]
pub enum OpenError {
    /// Another process, or another part of this one, has it open.
    #[error("open the store {}: another process has it open", path.display())]
    Locked {
        /// The file.
        path: PathBuf,
    },
    /// A newer Postern wrote it.
    #[error("open the store {}: it has schema {found}, newer than {known}", path.display())]
    NewerSchema {
        /// The file.
        path: PathBuf,
        /// The schema it has.
        found: u64,
        /// The newest schema known here.
        known: u64,
    },
    /// The file is not a store, or was damaged.
    #[error("open the store {}: the file is damaged or not a store", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        #[source]
        cause: Cause,
    },
    /// The file cannot be read or written.
    #[error("open the store {}", path.display())]
    Failed {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        cause: Cause,
    },
}

impl Redb {
    /// Opens the store in a file, or makes an empty one. The folder must exist.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, OpenError> {
        let path = path.as_ref();
        let failed =
            |cause: io::Error| OpenError::Failed { path: path.into(), cause: cause.into() };
        if !path.try_exists().map_err(failed)? {
            create(path)?;
        }
        let opened = Database::builder().set_cache_size(CACHE_BYTES).open(path);
        let database = opened.map_err(|error| open_error(path, error))?;
        let damaged =
            |cause: redb::Error| OpenError::Damaged { path: path.into(), cause: Box::new(cause) };
        let schema = meta(&database, META_SCHEMA).map_err(damaged)?;
        if schema > SCHEMA {
            return Err(OpenError::NewerSchema { path: path.into(), found: schema, known: SCHEMA });
        }
        let revision = Revision(meta(&database, META_REVISION).map_err(damaged)?);
        Ok(Self { database, revision, watchers: Watchers::default() })
    }
}

impl Store for Redb {
    fn load(&mut self) -> Result<Loaded, LoadError> {
        let records = || {
            let table = self.database.begin_read()?.open_table(RECORDS)?;
            let mut records = Vec::new();
            for record in table.iter()? {
                let (key, bytes) = record?;
                records.push((key.value().to_owned(), bytes.value().to_owned()));
            }
            Ok::<_, redb::Error>(records)
        };
        let records = records().map_err(|cause| LoadError(Box::new(cause)))?;
        Ok(Loaded { revision: self.revision, records })
    }

    fn commit(&mut self, expected: Revision, writes: &[Write]) -> Result<Revision, CommitError> {
        if self.revision != expected {
            return Err(CommitError::Conflict { expected, actual: self.revision });
        }
        let revision = expected.next();
        self.write(revision, writes)
            .map_err(|cause| CommitError::Failed { expected, cause: Box::new(cause) })?;
        self.revision = revision;
        self.watchers.tell(&Commit { revision, writes: writes.into() });
        Ok(revision)
    }

    fn watch(&mut self, from: Revision) -> Result<Watch, WatchError> {
        if self.revision == from {
            Ok(self.watchers.add())
        } else {
            Err(WatchError::Compacted { from, oldest: self.revision })
        }
    }
}

impl Redb {
    /// One transaction; `redb` commits with an fsync unless told otherwise.
    fn write(&self, revision: Revision, writes: &[Write]) -> Result<(), redb::Error> {
        let transaction = self.database.begin_write()?;
        {
            let mut records = transaction.open_table(RECORDS)?;
            for write in writes {
                match write {
                    Write::Put { key, record } => {
                        records.insert(key.as_str(), record.as_slice())?;
                    }
                    Write::Remove { key } => {
                        records.remove(key.as_str())?;
                    }
                }
            }
        }
        transaction.open_table(META)?.insert(META_REVISION, revision.0)?;
        Ok(transaction.commit()?)
    }
}

/// Makes an empty store and puts it in place as a whole.
fn create(path: &Path) -> Result<(), OpenError> {
    let failed = |cause: Cause| OpenError::Failed { path: path.into(), cause };
    let mut unfinished = path.as_os_str().to_owned();
    unfinished.push(format!(".{}.new", std::process::id()));
    let unfinished = PathBuf::from(unfinished);
    match fs::remove_file(&unfinished) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed(error.into())),
        Ok(()) | Err(_) => {}
    }
    fill(&unfinished).map_err(|error| failed(Box::new(error)))?;
    let linked = match fs::hard_link(&unfinished, path) {
        // Somebody else was quicker; theirs is as empty.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        linked => linked,
    };
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        Some(_) | None => Path::new("."),
    };
    linked
        .and_then(|()| fs::remove_file(&unfinished))
        .and_then(|()| File::open(folder)?.sync_all())
        .map_err(|error| failed(error.into()))
}

fn fill(path: &Path) -> Result<(), redb::Error> {
    let database = Database::builder().set_cache_size(CACHE_BYTES).create(path)?;
    let transaction: WriteTransaction = database.begin_write()?;
    transaction.open_table(RECORDS)?;
    {
        let mut meta = transaction.open_table(META)?;
        meta.insert(META_SCHEMA, SCHEMA)?;
        meta.insert(META_REVISION, 0)?;
    }
    Ok(transaction.commit()?)
}

fn meta(database: &Database, name: &str) -> Result<u64, redb::Error> {
    let table = database.begin_read()?.open_table(META)?;
    let value = table.get(name)?.map(|value| value.value());
    value.ok_or_else(|| redb::Error::Corrupted(format!("no {name} in the table meta")))
}

fn open_error(path: &Path, error: DatabaseError) -> OpenError {
    let path = path.to_owned();
    match error {
        DatabaseError::DatabaseAlreadyOpen => OpenError::Locked { path },
        DatabaseError::Storage(StorageError::Io(cause)) if !is_damage(&cause) => {
            OpenError::Failed { path, cause: cause.into() }
        }
        cause => OpenError::Damaged { path, cause: Box::new(cause) },
    }
}

/// Whether an I/O error says that the file's content is not what it should be.
fn is_damage(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof)
}

#[cfg(test)]
mod tests {
    use std::sync::{Mutex, PoisonError};

    use super::*;
    use crate::store::suite;

    fn put(key: &str, record: &str) -> Write {
        Write::Put { key: key.into(), record: record.into() }
    }

    #[test]
    fn passes_the_suite() {
        let folder = tempfile::tempdir().unwrap();
        let count = Mutex::new(0);
        suite::run(|| {
            let mut count = count.lock().unwrap_or_else(PoisonError::into_inner);
            *count += 1;
            Redb::open(folder.path().join(count.to_string())).unwrap()
        });
    }

    #[test]
    fn everything_committed_is_there_when_reopened() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store");
        let mut store = Redb::open(&path).unwrap();
        store.commit(Revision(0), &[put("a", "1"), put("b", "2")]).unwrap();
        store.commit(Revision(1), &[Write::Remove { key: "a".into() }]).unwrap();
        let before = store.load().unwrap();
        drop(store);
        assert_eq!(Redb::open(&path).unwrap().load().unwrap(), before);
        assert_eq!(before.revision, Revision(2));
        let files = fs::read_dir(folder.path()).unwrap().count();
        assert_eq!(files, 1, "nothing unfinished is left behind");
    }

    #[test]
    fn second_opener_is_told_that_it_is_open() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store");
        let _first = Redb::open(&path).unwrap();
        assert!(matches!(Redb::open(&path), Err(OpenError::Locked { .. })));
    }

    #[test]
    fn newer_schema_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store");
        drop(Redb::open(&path).unwrap());
        let database = Database::open(&path).unwrap();
        let transaction = database.begin_write().unwrap();
        transaction.open_table(META).unwrap().insert(META_SCHEMA, SCHEMA + 1).unwrap();
        transaction.commit().unwrap();
        drop(database);
        let error = Redb::open(&path).unwrap_err();
        assert!(matches!(error, OpenError::NewerSchema { found: 2, known: 1, .. }), "{error}");
    }

    #[test]
    fn damaged_file_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store");
        let mut store = Redb::open(&path).unwrap();
        store.commit(Revision(0), &[put("a", "1")]).unwrap();
        drop(store);
        let whole = fs::read(&path).unwrap();
        let cases: [(&str, Vec<u8>); 3] = [
            ("garbage", b"not a store at all".to_vec()),
            ("cut off", whole[..whole.len() / 2].to_vec()),
            ("zeroes", vec![0; whole.len()]),
        ];
        for (case, bytes) in cases {
            fs::write(&path, bytes).unwrap();
            let opened = Redb::open(&path);
            assert!(matches!(opened, Err(OpenError::Damaged { .. })), "{case}: {opened:?}");
        }
    }

    #[test]
    fn missing_folder_is_told_from_damage() {
        let folder = tempfile::tempdir().unwrap();
        let opened = Redb::open(folder.path().join("no/store"));
        assert!(matches!(opened, Err(OpenError::Failed { .. })), "{opened:?}");
    }
}
