//! Loading the zone files that the configuration names, with every fault told at once.
//!
//! `check` and `run` both go through here, so what the one takes the other serves. Does not know
//! what a zone file may contain.

use std::fmt;

use dns::{LoadError, ZoneFile, ZoneFiles};
use thiserror::Error;

/// What is wrong with zone files.
#[derive(Debug, Error)]
pub(crate) struct Faults(Vec<LoadError>);

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for error in &self.0 {
            match error {
                LoadError::Text(fault) => writeln!(f, "{fault}")?,
                LoadError::Read { path, source } => {
                    writeln!(f, "{}: cannot read the zone file: {source}", path.display())?;
                }
                other @ LoadError::Twice(_) => writeln!(f, "{other}")?,
            }
        }
        match self.0.len() {
            1 => f.write_str("1 zone file has a fault"),
            n => write!(f, "{n} zone files have faults"),
        }
    }
}

/// Loads all of them.
pub(crate) fn load(files: &[ZoneFile]) -> Result<ZoneFiles, Faults> {
    ZoneFiles::load(files.to_vec()).map_err(Faults)
}
