//! `dns`: Postern beside NSD and Knot in one run. Prints its tables, and with `--write` puts them
//! into `bench/README.md`.

use std::{fs, path::PathBuf};

use anyhow::{Context, Result};
use bench::{
    clock,
    dns::{self, Setting, server::Server, table},
    machine, report,
};
use clap::Parser;

#[derive(Parser, Debug)]
#[command(about = "Compares Postern's DNS with NSD and Knot on this machine")]
struct Arguments {
    /// How many names the zones have
    #[arg(long, value_delimiter = ',', default_values_t = [1_000, 10_000])]
    names: Vec<usize>,
    /// Rounds per zone
    #[arg(long, default_value_t = 7)]
    rounds: usize,
    /// Seconds of each run
    #[arg(long, default_value_t = 2)]
    seconds: u32,
    /// Postern's binary
    #[arg(long, default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/../target/release/postern"))]
    postern: PathBuf,
    /// Write the tables into bench/README.md
    #[arg(long)]
    write: bool,
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let scratch = std::env::temp_dir().join(format!("postern-bench-dns-{}", std::process::id()));
    fs::create_dir_all(&scratch).context("make a folder")?;
    let setting = Setting {
        rounds: arguments.rounds,
        seconds: arguments.seconds,
        postern: arguments.postern.canonicalize().context("build it: make bench-dns")?,
        scratch: scratch.clone(),
    };
    let load_before = machine::load_average()?;
    let mut figures = Vec::new();
    for names in &arguments.names {
        figures.extend(dns::run(*names, &setting)?);
    }
    fs::remove_dir_all(&scratch).context("remove our folder")?;
    let mut text = format!(
        "{}, {} rounds of {} s each; load average {load_before} before, {} after.\n",
        clock::today(),
        arguments.rounds,
        arguments.seconds,
        machine::load_average()?,
    );
    for server in [Server::Postern, Server::Nsd, Server::Knot] {
        let version = server.version(&setting.postern)?;
        text.push_str(&format!("{}: {version}. ", server.name()));
    }
    text.push_str("\n\n");
    text.push_str(&table::markdown(&figures));
    report::publish(&text, (table::BEGIN, table::END), arguments.write).context("show the tables")
}
