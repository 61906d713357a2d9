//! The command line: its words, and what each command runs.

use std::{io::Write, net::SocketAddr, path::PathBuf};

use anyhow::Context;
use clap::{Args, Parser, Subcommand};
use model::Clock;

use crate::{
    certificate,
    clock::MachineClock,
    config::{self, Loaded},
    explain::Explain,
    explain_dns::ExplainDns,
    identity::IdentityFiles,
    runtime,
    signal::Stop,
    target::{Behaviour, Mode, Target},
    wiring, zone_files,
};

/// A self-hosted PrivateLink.
#[derive(Debug, Parser)]
#[command(name = "postern", version, about, max_term_width = 100)]
pub(crate) struct CommandLine {
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run the gateway.
    Run(Run),
    /// Report every mistake of a configuration file and its zone files, and do nothing else.
    Check(Check),
    /// Say what would become of a connection to an endpoint, step by step, and where it would stop.
    Explain(Explain),
    /// Say why a client gets the answer that it gets from the gateway's DNS.
    ExplainDns(ExplainDns),
    /// Be a target: something to connect to, with or without a PROXY protocol header.
    Target(TargetCommand),
}

/// Arguments of `run`.
#[derive(Debug, Args)]
pub(crate) struct Run {
    /// The configuration file.
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
    /// Where the state lives, instead of the configuration's `state_dir`.
    #[arg(long, value_name = "DIR")]
    state_dir: Option<PathBuf>,
}

impl Run {
    /// Runs until a signal to stop.
    pub(crate) fn run(self) -> anyhow::Result<()> {
        let Loaded { config, files } = load(&self.config);
        let mut config = config?;
        if let Some(state_dir) = self.state_dir {
            config.move_state(state_dir);
        }
        let reload = IdentityFiles::new(self.config, files);
        wiring::run(config, reload)
    }
}

/// Arguments of `check`.
#[derive(Debug, Args)]
pub(crate) struct Check {
    /// The configuration file.
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
}

impl Check {
    /// Reads the configuration and the zone files that it names.
    pub(crate) fn run(&self) -> anyhow::Result<()> {
        let config = load(&self.config).config?;
        zone_files::load(&config.dns.zones)?;
        let listeners = config.certificates.iter().map(|it| &it.tls);
        for tls in config.tls.iter().chain(listeners) {
            let Err(untimely) = certificate::check(&tls.certificate, MachineClock.wall()) else {
                continue;
            };
            // No mistake of the configuration: the gateway starts, but its clients refuse it.
            let file = tls.files.certificate.display();
            writeln!(std::io::stderr(), "postern: warning: the certificate {file} {untimely}")?;
        }
        writeln!(std::io::stdout(), "{} is well formed", self.config.display())?;
        Ok(())
    }
}

/// Arguments of `target`.
#[derive(Debug, Args)]
pub(crate) struct TargetCommand {
    /// Where to listen; port 0 chooses one.
    #[arg(long, value_name = "ADDRESS:PORT")]
    listen: SocketAddr,
    /// What to do with connections.
    #[arg(long, default_value = "whoami")]
    mode: Mode,
    /// The name to answer with.
    #[arg(long, default_value = "target")]
    name: String,
    /// How many bytes the mode `source` sends; without it, until the client has gone.
    #[arg(long, value_name = "N")]
    bytes: Option<u64>,
}

impl TargetCommand {
    /// Serves until a signal to stop.
    pub(crate) fn run(self) -> anyhow::Result<()> {
        let Self { listen, mode, name, bytes } = self;
        runtime::raise_descriptor_limit();
        runtime::per_core("target")?.block_on(async {
            let behaviour = Behaviour { name: name.into(), mode, source_bytes: bytes };
            let mut stop = Stop::catch().context("catch signals")?;
            let target =
                Target::bind(listen, behaviour).with_context(|| format!("bind {listen}"))?;
            writeln!(std::io::stdout(), "listening on {}", target.local_addr()?)?;
            tokio::select! {
                () = target.serve() => {}
                _ = stop.asked() => {}
            }
            Ok(())
        })
    }
}

/// Reads a configuration file.
pub(crate) fn load(path: &std::path::Path) -> Loaded {
    config::load(path, &config::process_environment)
}
