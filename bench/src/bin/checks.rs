//! `checks`: what 1,000 health checks every 5 s cost Postern and HAProxy. Prints a table, and with
//! `--write` puts it into `bench/README.md`.

use std::{fs, path::PathBuf};

use anyhow::{Context, Result};
use bench::{
    checks::{self, INTERVAL, Setting, candidate::Who, table},
    machine, report,
};
use clap::Parser;

#[derive(Parser, Debug)]
#[command(about = "Compares what health checks cost Postern and HAProxy")]
struct Arguments {
    /// Rounds per protocol
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// Intervals (of 5 s) per round
    #[arg(long, default_value_t = 4)]
    intervals: u32,
    /// Postern's binary
    #[arg(long, default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/../target/release/postern"))]
    postern: PathBuf,
    /// Write the table into bench/README.md
    #[arg(long)]
    write: bool,
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let scratch = std::env::temp_dir().join(format!("postern-bench-checks-{}", std::process::id()));
    fs::create_dir_all(&scratch).context("make a folder")?;
    let setting = Setting {
        rounds: arguments.rounds,
        lasts: INTERVAL * arguments.intervals,
        postern: arguments.postern.canonicalize().context("build it: make bench-checks")?,
        scratch: scratch.clone(),
        cpus: (machine::processors()? > 1).then_some((0, 1)),
    };
    machine::raise_open_files().context("raise the limit of open files")?;
    let before = machine::load_average()?;
    let figures = checks::run(&setting)?;
    fs::remove_dir_all(&scratch).context("remove our folder")?;
    let how = format!("{} rounds of {} s", setting.rounds, setting.lasts.as_secs());
    let versions = Who::ALL.map(|who| (who.name(), who.version(&setting.postern)));
    let text = report::heading(&how, before, versions)? + &table::markdown(&figures);
    report::publish(&text, (table::BEGIN, table::END), arguments.write).context("show the table")
}
