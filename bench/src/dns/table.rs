//! The figures as tables, and whether they are what they must be.

use std::fmt::Write as _;

use super::{Figure, Load, server::Server};

/// Where the tables start in the file that they are kept in.
pub const BEGIN: &str = "<!-- DNS figures: written by `make bench-dns`, do not edit -->";
/// Where they end.
pub const END: &str = "<!-- end of DNS figures -->";

/// What must come out: the load, who, beside whom, at most how many times as much processor time.
const GATES: [(Load, Server, Server, f64); 5] = [
    (Load::Positive, Server::Postern, Server::Nsd, 0.85),
    (Load::Negative, Server::Postern, Server::Nsd, 0.85),
    (Load::Positive, Server::PosternViews, Server::Postern, 1.15),
    (Load::Negative, Server::PosternViews, Server::Postern, 1.15),
    (Load::Tcp, Server::Postern, Server::Nsd, 1.0),
];

/// All tables of these figures.
pub fn markdown(figures: &[Figure]) -> String {
    let mut text = String::new();
    let mut sizes: Vec<_> = figures.iter().map(|figure| figure.names).collect();
    sizes.dedup();
    text.push_str("| names | load | must | measured (min..max) | |\n|---|---|---|---|---|\n");
    for names in &sizes {
        for (load, who, beside, must) in GATES {
            let ratios = ratios(figures, *names, load, who, beside);
            let (low, middle, high) = spread(ratios);
            let verdict = if middle <= must { "pass" } else { "**fail**" };
            let (who, beside, load) = (who.name(), beside.name(), load.name());
            let _ = writeln!(
                text,
                "| {names} | {load}: {who} / {beside} | ≤ {must:.2} | \
                 {middle:.2} ({low:.2}..{high:.2}) | {verdict} |"
            );
        }
    }
    text.push_str(
        "\n| names | load | server | µs of CPU per answer (min..max) | answers/s | bytes |\n\
         |---|---|---|---|---|---|\n",
    );
    for names in sizes {
        for load in Load::ALL {
            for server in Server::ALL {
                let of = of(figures, names, load, server);
                let (low, middle, high) = spread(of.iter().map(|figure| figure.cpu_us).collect());
                let (_, rate, _) = spread(of.iter().map(|figure| figure.rate).collect());
                let (_, len, _) = spread(of.iter().map(|figure| figure.reply_len).collect());
                let (load, server) = (load.name(), server.name());
                let _ = writeln!(
                    text,
                    "| {names} | {load} | {server} | {middle:.2} ({low:.2}..{high:.2}) | \
                     {rate:.0} | {len:.0} |"
                );
            }
        }
    }
    text
}

fn of(figures: &[Figure], names: usize, load: Load, server: Server) -> Vec<&Figure> {
    let is_it =
        |figure: &&Figure| figure.names == names && figure.load == load && figure.server == server;
    figures.iter().filter(is_it).collect()
}

/// The ratio in each round.
fn ratios(figures: &[Figure], names: usize, load: Load, who: Server, beside: Server) -> Vec<f64> {
    let (ours, theirs) = (of(figures, names, load, who), of(figures, names, load, beside));
    ours.iter().zip(theirs).map(|(ours, theirs)| ours.cpu_us / theirs.cpu_us).collect()
}

/// The least, the median and the greatest.
fn spread(mut values: Vec<f64>) -> (f64, f64, f64) {
    values.sort_by(f64::total_cmp);
    match values.as_slice() {
        [] => (f64::NAN, f64::NAN, f64::NAN),
        [low, .., high] => (*low, values[values.len() / 2], *high),
        [one] => (*one, *one, *one),
    }
}
