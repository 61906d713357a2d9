//! `tls`: Postern beside HAProxy and nginx where TLS is terminated. Prints one table.
//!
//! What a candidate's own process spends is taken from the kernel, so the figures hold on a machine
//! that is busy with other things, within what shared caches allow.

use std::{fs, io::Write as _, path::PathBuf};

use anyhow::{Context, Result};
use bench::{
    backend::Backend,
    machine,
    tls::{
        candidate::{Candidate, Setting, Who},
        load::{Client, HOST, Work},
    },
};
use clap::Parser;

#[derive(Parser, Debug)]
#[command(about = "Compares Postern with HAProxy and nginx where TLS is terminated")]
struct Arguments {
    /// How often each is measured; the median is shown
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// Handshakes per measure
    #[arg(long, default_value_t = 4000)]
    handshakes: usize,
    /// MiB per measure
    #[arg(long, default_value_t = 1024)]
    mebibytes: u64,
    /// Connections that stay open
    #[arg(long, default_value_t = 2000)]
    idle: usize,
    /// Postern's binary
    #[arg(long, default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/../target/release/postern"))]
    postern: PathBuf,
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let is_alone = machine::processors()? < 2;
    let (own, others) = if is_alone { (None, None) } else { (Some(0), Some(1)) };
    let folder = std::env::temp_dir().join(format!("postern-bench-tls-{}", std::process::id()));
    fs::create_dir_all(&folder)?;
    let client = Client::trusting(certificate(&folder)?, others)?;
    let backend = Backend::start(Who::ALL.len(), others)?;
    let setting = Setting { folder: folder.clone(), postern: arguments.postern.clone(), cpu: own };
    let mut candidates = Vec::new();
    for (who, target) in Who::ALL.into_iter().zip(backend.addrs()) {
        candidates.push(Candidate::start(who, *target, &setting, &client)?);
    }
    if let Some(cpu) = others {
        machine::pin_this_thread(cpu)?;
    }
    let bytes = arguments.mebibytes << 20;
    let works = [
        ("whole handshakes per CPU second", Work::Handshakes(arguments.handshakes)),
        ("resumed handshakes per CPU second", Work::Resumptions(arguments.handshakes)),
        ("CPU ms per GiB, upload", Work::Upload(bytes)),
        ("CPU ms per GiB, download", Work::Download(bytes)),
    ];
    say(&format!("on {}, load average {:.2}", machine::describe()?, machine::load_average()?));
    say(&format!("| median of {} | postern | haproxy | nginx |", arguments.rounds));
    say("|---|---|---|---|");
    for (name, work) in works {
        let mut found = vec![Vec::new(); candidates.len()];
        for _ in 0..arguments.rounds {
            for (candidate, figures) in candidates.iter().zip(&mut found) {
                let before = candidate.process.cpu()?;
                client.run(work, candidate.addr).with_context(|| candidate.who.name())?;
                figures.push(figure(work, candidate.process.cpu()? - before));
            }
        }
        row(name, found.iter_mut().map(|figures| median(figures)));
    }
    let mut kibibytes = Vec::new();
    for candidate in &candidates {
        let before = candidate.process.pss_kib()?;
        let open = client.open(arguments.idle, candidate.addr)?;
        let count = f64::from(u32::try_from(open.len())?);
        kibibytes.push((candidate.process.pss_kib()? - before) / count);
    }
    row("KiB per idle connection", kibibytes.into_iter());
    drop(candidates);
    fs::remove_dir_all(&folder).context("remove the scratch folder")
}

fn figure(work: Work, cpu: f64) -> f64 {
    let of = |count: usize| f64::from(u32::try_from(count).unwrap_or(u32::MAX));
    let gibibytes = |bytes: u64| f64::from(u32::try_from(bytes >> 20).unwrap_or(u32::MAX)) / 1024.0;
    match work {
        Work::Handshakes(count) | Work::Resumptions(count) => of(count) / cpu,
        Work::Upload(bytes) | Work::Download(bytes) => cpu * 1000.0 / gibibytes(bytes),
    }
}

fn median(figures: &mut [f64]) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures[figures.len() / 2]
}

fn row(name: &str, figures: impl Iterator<Item = f64>) {
    let figures: Vec<_> = figures.map(|it| format!("{it:.1}")).collect();
    say(&format!("| {name} | {} |", figures.join(" | ")));
}

fn say(line: &str) {
    // Nothing is lost but words if nobody reads them.
    let _ = writeln!(std::io::stdout().lock(), "{line}");
}

/// Makes the certificate, in the form that each candidate wants.
fn certificate(folder: &std::path::Path) -> Result<rustls::pki_types::CertificateDer<'static>> {
    let made = rcgen::generate_simple_self_signed([HOST.to_owned()])?;
    let (chain, key) = (made.cert.pem(), made.signing_key.serialize_pem());
    fs::write(folder.join("chain.pem"), &chain)?;
    fs::write(folder.join("key.pem"), &key)?;
    fs::write(folder.join("both.pem"), format!("{chain}{key}"))?;
    Ok(made.cert.der().clone())
}
