//! A file that is set aside when it is large: `log`, `log.1`, `log.2`, the youngest first. Knows
//! bytes that end in whole lines.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

/// The file.
pub(super) struct Rotated {
    path: PathBuf,
    file: File,
    len: u64,
    len_max: u64,
    keep: u32,
}

impl Rotated {
    /// Opens the file, and goes on at its end.
    pub(super) fn open(path: &Path, len_max: u64, keep: u32) -> io::Result<Self> {
        let file = open(path)?;
        let len = file.metadata()?.len();
        Ok(Self { path: path.to_owned(), file, len, len_max, keep })
    }

    /// Writes whole lines.
    pub(super) fn append(&mut self, lines: &[u8]) -> io::Result<()> {
        let len = u64::try_from(lines.len()).unwrap_or(u64::MAX);
        if self.len > 0 && self.len.saturating_add(len) > self.len_max {
            self.set_aside()?;
        }
        self.file.write_all(lines)?;
        self.len = self.len.saturating_add(len);
        Ok(())
    }

    fn set_aside(&mut self) -> io::Result<()> {
        let name = |number: u32| match number {
            0 => self.path.clone(),
            _ => PathBuf::from(format!("{}.{number}", self.path.display())),
        };
        for number in (0..self.keep).rev() {
            match fs::rename(name(number), name(number + 1)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        if self.keep == 0 {
            fs::remove_file(&self.path)?;
        }
        self.file = open(&self.path)?;
        self.len = 0;
        Ok(())
    }
}

/// Only the owner may read who asked what.
fn open(path: &Path) -> io::Result<File> {
    OpenOptions::new().append(true).create(true).mode(0o600).open(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_large_file_is_set_aside_and_the_oldest_goes() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        let mut file = Rotated::open(&path, 10, 2).unwrap();
        for line in ["one\n", "two\n", "three\n", "four\n", "five, a long one\n", "six\n"] {
            file.append(line.as_bytes()).unwrap();
        }
        let read = |name: &str| fs::read_to_string(folder.path().join(name)).unwrap();
        assert_eq!(["log", "log.1", "log.2"].map(read), ["six\n", "five, a long one\n", "four\n"]);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 3);
        drop(file);
        let mut file = Rotated::open(&path, 10, 0).unwrap();
        file.append(b"seven\n").unwrap();
        assert_eq!(read("log"), "six\nseven\n");
        file.append(b"eight\n").unwrap();
        assert_eq!(read("log"), "eight\n");
    }
}
