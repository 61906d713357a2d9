//! `udp`: Postern beside nginx where UDP is relayed, in one run. Prints its tables, and with
//! `--write` puts them into `bench/README.md`.

use std::{fs, path::PathBuf, time::Duration};

use anyhow::{Context, Result};
use bench::{
    machine,
    measure::Amount,
    report,
    udp::{self, Setting, candidate::Who, table},
};
use clap::Parser;

#[derive(Parser, Debug)]
#[command(about = "Compares Postern's UDP listeners with nginx's on this machine")]
struct Arguments {
    /// Fewer rounds of less work: noisier
    #[arg(long)]
    quick: bool,
    /// Only these: one, many, large, flood, new
    #[arg(long, value_delimiter = ',')]
    only: Vec<String>,
    /// Start no further round after so many minutes
    #[arg(long, default_value_t = 5)]
    minutes: u64,
    /// Postern's binary
    #[arg(long, default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/../target/release/postern"))]
    postern: PathBuf,
    /// Write the tables into bench/README.md
    #[arg(long)]
    write: bool,
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let scratch = std::env::temp_dir().join(format!("postern-bench-udp-{}", std::process::id()));
    fs::create_dir_all(&scratch).context("make a folder")?;
    let setting = Setting {
        amount: if arguments.quick { Amount::Quick } else { Amount::Full },
        lasts: Duration::from_secs(60 * arguments.minutes),
        only: arguments.only.clone(),
        postern: arguments.postern.canonicalize().context("build it: make bench-udp")?,
        scratch: scratch.clone(),
        cpus: (machine::processors()? > 1).then_some((0, 1)),
    };
    let before = machine::load_average()?;
    let (figures, counted) = udp::run(&setting)?;
    fs::remove_dir_all(&scratch).context("remove our folder")?;
    let placement = match setting.cpus {
        Some(_) => "candidates on processor 0, load and targets on processor 1",
        None => "placed by the kernel",
    };
    let how = format!("{placement}; at most {} rounds", setting.amount.rounds());
    let versions = Who::ALL.map(|who| (who.name(), who.version(&setting.postern)));
    let text = report::heading(&how, before, versions)? + &table::markdown(&figures, &counted);
    report::publish(&text, (table::BEGIN, table::END), arguments.write).context("show the tables")
}
