//! The binary `postern`: reads the command line, and runs what it asks for.
//!
//! Start at [`wiring`]: it starts the planes in order and stops them in the opposite order. This
//! crate knows every other one and decides nothing itself.

use std::{io::Write, process::ExitCode};

use clap::Parser;

mod admin;
mod ask;
mod bootstrap;
mod certificate;
mod clock;
mod command_line;
mod config;
mod demo;
mod domain_proof;
mod explain;
mod explain_dns;
mod follow;
mod identity;
mod listen;
mod metrics;
mod reload;
mod runtime;
mod settings;
mod signal;
mod state_dir;
mod summary;
mod target;
mod telemetry;
mod wiring;
mod zone_files;

use command_line::{Command, CommandLine};

fn main() -> ExitCode {
    let done = match CommandLine::parse().command {
        Command::Run(run) => run.run(),
        Command::Check(check) => check.run(),
        Command::Explain(explain) => explain.run(),
        Command::ExplainDns(explain) => explain.run(),
        Command::Target(target) => target.run(),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // The one place where an error ends; if standard error is gone, so is the reader.
            drop(writeln!(std::io::stderr(), "postern: {error:#}"));
            ExitCode::FAILURE
        }
    }
}
