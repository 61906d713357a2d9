//! `load`: the load tool by hand. One line of JSON per run.

use std::{io::Write as _, net::SocketAddr, thread, time::Duration};

use anyhow::{Context, Result};
use bench::{
    backend::Backend,
    client::{self, Close, Outcome, Way, Work, churn},
    source::Sources,
};
use clap::{Parser, Subcommand};
use serde_json::json;

#[derive(Parser)]
#[command(about = "Fixed amounts of load for TCP proxies, and the back end behind them")]
struct Arguments {
    #[command(subcommand)]
    mode: Mode,
}

#[derive(Subcommand)]
enum Mode {
    /// Serve: skip a PROXY header, then do as each request says. Prints its address
    Backend {
        #[arg(long, default_value = "127.0.0.1:0")]
        listen: SocketAddr,
    },
    /// Keepalive connections with one 64-byte request open on each
    Rr {
        #[arg(long)]
        to: SocketAddr,
        #[arg(long, default_value_t = 64)]
        connections: usize,
        #[arg(long, default_value_t = 50_000)]
        requests: u64,
    },
    /// Short connections of one request each, ended by a reset
    Cps {
        #[arg(long)]
        to: SocketAddr,
        #[arg(long, default_value_t = 10_000)]
        connections: u64,
        #[arg(long, default_value_t = 32)]
        at_once: usize,
    },
    /// The same, ended by a FIN
    Cpsfin {
        #[arg(long)]
        to: SocketAddr,
        #[arg(long, default_value_t = 10_000)]
        connections: u64,
        #[arg(long, default_value_t = 32)]
        at_once: usize,
    },
    /// Flows of many bytes, from the client unless told otherwise
    Bulk {
        #[arg(long)]
        to: SocketAddr,
        #[arg(long, default_value_t = 1)]
        flows: usize,
        #[arg(long, default_value_t = 1_000_000_000)]
        bytes: u64,
        /// To the client
        #[arg(long)]
        down: bool,
    },
    /// Open connections, one request on each, and hold them
    Idle {
        #[arg(long)]
        to: SocketAddr,
        #[arg(long, default_value_t = 1000)]
        connections: usize,
        /// For so many seconds
        #[arg(long, default_value_t = 10)]
        hold: u64,
    },
}

fn main() -> Result<()> {
    let mut sources = Sources::seeded(std::process::id());
    let (work, to) = match Arguments::parse().mode {
        Mode::Backend { listen } => return serve(listen),
        Mode::Idle { to, connections, hold } => {
            let open = churn::open(to, &mut sources, connections).context("open connections")?;
            print(&json!({ "open": open.len() }))?;
            thread::sleep(Duration::from_secs(hold));
            return Ok(());
        }
        Mode::Rr { to, connections, requests } => (Work::Requests { connections, requests }, to),
        Mode::Cps { to, connections, at_once } => {
            (Work::Churn { connections, at_once, close: Close::Reset }, to)
        }
        Mode::Cpsfin { to, connections, at_once } => {
            (Work::Churn { connections, at_once, close: Close::Fin }, to)
        }
        Mode::Bulk { to, flows, bytes, down } => {
            let way = if down { Way::Down } else { Way::Up };
            (Work::Bulk { flows, bytes, way }, to)
        }
    };
    let outcome = client::run(work, to, &mut sources).context("do the work")?;
    print(&shown(&outcome))
}

fn serve(listen: SocketAddr) -> Result<()> {
    let backend = Backend::start_on(&[listen], None).with_context(|| format!("serve {listen}"))?;
    print(&json!({ "addr": backend.addrs()[0].to_string() }))?;
    backend.wait().context("serve")
}

fn shown(outcome: &Outcome) -> serde_json::Value {
    json!({
        "seconds": outcome.wall.as_secs_f64(),
        "units": outcome.units,
        "rate": outcome.rate(),
        "p50_us": outcome.latency.map(|latency| latency.p50.as_secs_f64() * 1e6),
        "p99_us": outcome.latency.map(|latency| latency.p99.as_secs_f64() * 1e6),
    })
}

fn print(value: &serde_json::Value) -> Result<()> {
    writeln!(std::io::stdout().lock(), "{value}").context("print")
}
