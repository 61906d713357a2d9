//! Accounts, users, groups and roles over time: read again when a file that has any of them
//! changes, the configuration among them.
//!
//! All of it is taken, or nothing: with one mistake anywhere, whom the API knew before it knows on.
//! What else the configuration says takes effect at the next start.

use std::path::PathBuf;

use tracing::{error, info};

use crate::{
    config::{self, Config, LoadError, Loaded},
    follow::{Followed, Version},
    metrics::Reloaded,
    settings,
};

/// The files of identities.
pub(crate) struct IdentityFiles {
    path: PathBuf,
    followed: Followed,
}

impl IdentityFiles {
    /// Follows what was read for the configuration at this path.
    pub(crate) fn new(path: PathBuf, read: Vec<Version>) -> Self {
        Self { path, followed: Followed::new(read) }
    }

    /// Looks at the files, and reads them if they have changed or it is asked for. The accounts are
    /// those to know from now on; none if there is nothing to change.
    pub(crate) fn look(&mut self, is_asked: bool) -> Option<Vec<control::Account>> {
        if !self.followed.have_changed() && !is_asked {
            return None;
        }
        let Loaded { config, files } = config::load(&self.path, &config::process_environment);
        self.followed.were_read(files);
        Reloaded::Identities.ended(config.is_ok());
        match config {
            Ok(config) => {
                tell(&config);
                Some(settings::accounts(&config))
            }
            Err(error) => {
                complain(&error);
                None
            }
        }
    }
}

fn tell(config: &Config) {
    let accounts = &config.accounts;
    let users: usize = accounts.iter().map(|account| account.users.len()).sum();
    let roles: usize = accounts.iter().map(|account| account.roles.len()).sum();
    info!(accounts = accounts.len(), users, roles, "identities were read again");
}

fn complain(error: &LoadError) {
    match error {
        LoadError::Read { source, .. } => {
            error!(error = source as &dyn std::error::Error, "{error}");
        }
        LoadError::Mistaken(mistakes) => mistakes.lines().for_each(|line| error!("{line}")),
    }
    error!("identities stay as they were");
}
