//! Files that are followed: read again when they have changed and rest.
//!
//! A file is told from its successor by inode, length and times, so that both writing over it and
//! renaming another onto it are seen; a symbolic link is seen through, so that swapping what it
//! points to is seen as well. Does not know what the files hold.

use std::{
    fs,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

/// A file as it was at a moment; one that did not exist then is known as well.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Version {
    path: PathBuf,
    stamp: Option<Stamp>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Stamp {
    device: u64,
    inode: u64,
    length: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

impl Version {
    /// What is there now. To be taken before the file is read, so that no change is missed.
    pub(crate) fn of(path: &Path) -> Self {
        let stamp = fs::metadata(path).ok().map(|it| Stamp {
            device: it.dev(),
            inode: it.ino(),
            length: it.len(),
            modified: (it.mtime(), it.mtime_nsec()),
            changed: (it.ctime(), it.ctime_nsec()),
        });
        Self { path: path.to_owned(), stamp }
    }
}

/// Files that belong together, as they were when they were last read.
#[derive(Debug)]
pub(crate) struct Followed {
    read: Vec<Version>,
    seen: Vec<Version>,
}

impl Followed {
    /// Follows files that were read in these versions.
    pub(crate) fn new(read: Vec<Version>) -> Self {
        Self { seen: read.clone(), read }
    }

    /// Looks at them. Says whether they are to be read again: they differ from what was read, and
    /// nobody has touched them since the last look, so that no file is read while it is written,
    /// nor the first of several that are replaced together.
    pub(crate) fn have_changed(&mut self) -> bool {
        let now: Vec<_> = self.seen.iter().map(|version| Version::of(&version.path)).collect();
        let rests = now == self.seen;
        self.seen = now;
        rests && self.seen != self.read
    }

    /// Takes note that they were read in these versions; they may be others than before.
    pub(crate) fn were_read(&mut self, read: Vec<Version>) {
        *self = Self::new(read);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_have_changed_once_they_differ_and_rest() {
        let folder = tempfile::tempdir().unwrap();
        let (one, other) = (folder.path().join("one"), folder.path().join("other"));
        fs::write(&one, "1").unwrap();
        let versions = || vec![Version::of(&one), Version::of(&other)];
        let mut followed = Followed::new(versions());
        assert!(!followed.have_changed());
        // Each is seen at the second look after the change, again and again until it is read.
        let link = folder.path().join("link");
        for change in [
            &|| fs::write(&one, "12").unwrap(),
            &|| fs::write(&other, "1").unwrap(),
            &|| fs::remove_file(&other).unwrap(),
            &|| {
                std::os::unix::fs::symlink(&one, &link).unwrap();
                fs::rename(&link, &other).unwrap();
            },
            &|| fs::write(&one, "123").unwrap(),
        ] as [&dyn Fn(); 5]
        {
            change();
            assert_eq!([0; 3].map(|_| followed.have_changed()), [false, true, true]);
            followed.were_read(versions());
            assert!(!followed.have_changed());
        }
    }
}
