//! Serves zone files, for comparing answers with other servers by hand.
//!
//! `cargo run -p dns --example zones -- PORT NAME=FILE...` serves until its input ends.

use std::{
    env,
    error::Error,
    io::{self, Read as _},
    num::NonZeroUsize,
    sync::Arc,
    time::Instant,
};

use dns::{Config, Server, ZoneFile, ZoneFiles};
use model::{Clock, Health, Snapshot, Timestamp};
use tokio::{runtime::Runtime, sync::watch};

struct StdClock;

impl Clock for StdClock {
    #[expect(clippy::disallowed_methods, reason = "a program of its own")]
    fn monotonic(&self) -> Instant {
        Instant::now()
    }

    fn wall(&self) -> Timestamp {
        Timestamp(0)
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = env::args().skip(1);
    let port = arguments.next().ok_or("usage: zones PORT NAME=FILE...")?.parse()?;
    let mut files = Vec::new();
    for argument in arguments {
        let (name, file) = argument.split_once('=').ok_or("expected NAME=FILE")?;
        let name = name.parse().map_err(|_| "expected a domain name")?;
        files.push(ZoneFile { name, file: file.into(), vpcs: Vec::new() });
    }
    let files = ZoneFiles::load(files).map_err(|errors| format!("{errors:#?}"))?;
    let runtime = Runtime::new()?;
    let (_snapshots, snapshots) = watch::channel(Arc::new(Snapshot::empty("us-east-1".parse()?)));
    let (_health, health) = watch::channel(Arc::new(Health::default()));
    let config = Config::new(([127, 0, 0, 1], port).into(), NonZeroUsize::MIN);
    let handle = runtime.handle().clone();
    let watches = (snapshots, health);
    let server = Server::start_with_zones(config, files, Arc::new(StdClock), watches, handle)?;
    io::stdin().read_to_end(&mut Vec::new())?;
    runtime.block_on(server.stop());
    Ok(())
}
