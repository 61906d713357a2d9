//! How figures are shown: tables between two markers of a Markdown file, and all raw figures as
//! JSON beside it.

use std::{
    fmt::Write as _,
    fs,
    io::{self, Write as _},
    path::Path,
};

use serde_json::{Value, json};

use crate::{
    clock,
    gate::{self, Figures, Verdict},
    machine,
    peer::Peer,
    round::{Basis, Sample, Series, Spread},
    syscalls::COUNTED,
};

/// The line before the tables.
pub const BEGIN: &str = "<!-- figures: written by `make bench`, do not edit -->";
/// The line after them.
pub const END: &str = "<!-- end of figures -->";

/// Under which circumstances the figures came about.
#[derive(Clone, Debug)]
pub struct Circumstances {
    /// The day.
    pub date: String,
    /// The command line.
    pub command: String,
    /// Processor and kernel.
    pub machine: String,
    /// The kernel's IRQ_TIME_ACCOUNTING.
    pub irq_accounting: &'static str,
    /// Load average before and after.
    pub load_average: (f64, f64),
    /// Where proxies and load ran.
    pub placement: &'static str,
    /// What each candidate says about its version.
    pub versions: Vec<(Peer, String)>,
}

/// All tables.
pub fn markdown(about: &Circumstances, figures: &Figures) -> String {
    let mut text = String::new();
    // Writing to a string cannot fail.
    let _ = head(&mut text, about, figures);
    let _ = gates(&mut text, figures);
    let _ = processor_time(&mut text, figures);
    let _ = latency(&mut text, figures);
    let _ = counts(&mut text, figures);
    text
}

fn head(text: &mut String, about: &Circumstances, figures: &Figures) -> std::fmt::Result {
    let series = &figures.rounds.series;
    let rounds = series.iter().map(|s| s.rounds.len()).max().unwrap_or(0);
    let repeats: usize = series.iter().map(|s| s.repeats).sum();
    let steal = series.iter().map(Series::steal_max).fold(0.0, f64::max);
    let (before, after) = about.load_average;
    writeln!(text, "{}, `{}`", about.date, about.command)?;
    writeln!(
        text,
        "on {}, IRQ_TIME_ACCOUNTING {}; {}.",
        about.machine, about.irq_accounting, about.placement
    )?;
    writeln!(
        text,
        "{rounds} rounds, {repeats} repeated for disturbance; load average {before:.2} before, \
         {after:.2} after;\nsteal at most {:.1} %; the idle machine uses {:.1} % of one processor.",
        steal * 100.0,
        figures.rounds.baseline * 100.0
    )?;
    if figures.rounds.basis() == Basis::Processes {
        writeln!(
            text,
            "**The machine was not idle: processor time is that of the compared process and the \
             load tool, not the machine's.**"
        )?;
    }
    for (peer, version) in &about.versions {
        if !version.is_empty() {
            writeln!(text, "{}: {version}.", peer.name())?;
        }
    }
    Ok(())
}

fn gates(text: &mut String, figures: &Figures) -> std::fmt::Result {
    writeln!(text, "\n### Gates\n")?;
    writeln!(text, "| what | against | must | stretch | measured (min..max) | |")?;
    writeln!(text, "|---|---|---|---|---|---|")?;
    let (absent, present): (Vec<_>, Vec<_>) =
        gate::rows(figures).into_iter().partition(|row| row.verdict == Verdict::Absent);
    for row in present {
        let measured = row.measured.map(shown).unwrap_or_default();
        // Counts are right on any machine; what is compared in time is not.
        let doubtful = figures.rounds.basis() == Basis::Processes && !row.against.is_empty();
        let doubt = if doubtful { ", doubtful" } else { "" };
        let verdict = row.verdict.as_str();
        let gate::Row { what, against, must, stretch, .. } = row;
        writeln!(
            text,
            "| {what} | {against} | {must} | {stretch} | {measured} | {verdict}{doubt} |"
        )?;
    }
    if !absent.is_empty() {
        writeln!(text, "\n{} gates were not measured in this run.", absent.len())?;
    }
    Ok(())
}

/// A spread as text: three digits that matter, extremes only if there are any.
fn shown(spread: Spread) -> String {
    let Spread { median, min, max } = spread;
    if min < max { format!("{median:.2} ({min:.2}..{max:.2})") } else { format!("{median:.2}") }
}

fn peers(series: &Series) -> Vec<Peer> {
    series.rounds.first().map(|round| round.keys().copied().collect()).unwrap_or_default()
}

fn spread_of(series: &Series, figure: impl Fn(&Sample) -> f64, peer: Peer) -> Option<Spread> {
    Spread::of(series.rounds.iter().filter_map(|round| round.get(&peer).map(&figure)).collect())
}

fn processor_time(text: &mut String, figures: &Figures) -> std::fmt::Result {
    writeln!(text, "\n### Processor time and rates (medians)\n")?;
    writeln!(text, "| measure | candidate | extra CPU s | own CPU s | per | rate |")?;
    writeln!(text, "|---|---|---|---|---|---|")?;
    for series in &figures.rounds.series {
        for peer in peers(series) {
            let measure = series.measure;
            let units = |sample: &Sample| sample.outcome.units as f64 / measure.unit_size;
            let extra = Spread::of(
                series
                    .rounds
                    .iter()
                    .filter_map(|round| {
                        let extra = figures.rounds.extra(round, peer)?;
                        Some(extra / units(round.get(&peer)?))
                    })
                    .collect(),
            );
            let own = spread_of(series, |sample| sample.own / units(sample), peer);
            let rate = spread_of(series, |sample| sample.outcome.rate(), peer);
            let of = |spread: Option<Spread>| spread.map_or(0.0, |spread| spread.median);
            let rate = rate_shown(measure.unit, of(rate));
            let (title, unit) = (measure.title, measure.unit);
            let (extra, own) = (of(extra), of(own));
            let name = peer.name();
            writeln!(text, "| {title} | {name} | {extra:.3} | {own:.3} | {unit} | {rate} |")?;
        }
    }
    Ok(())
}

fn rate_shown(unit: &str, rate: f64) -> String {
    if unit == "GB" { format!("{:.2} GB/s", rate / 1e9) } else { format!("{rate:.0}/s") }
}

fn latency(text: &mut String, figures: &Figures) -> std::fmt::Result {
    writeln!(text, "\n### One connection's request\n")?;
    writeln!(text, "| candidate | p50 µs | p99 µs |\n|---|---|---|")?;
    let micros = |time: std::time::Duration| time.as_secs_f64() * 1e6;
    for series in &figures.rounds.series {
        for peer in peers(series) {
            let figure = |pick: fn(&crate::client::Latency) -> std::time::Duration| {
                let of = |sample: &Sample| sample.outcome.latency.as_ref().map(|l| micros(pick(l)));
                let samples = series.rounds.iter().filter_map(|round| round.get(&peer));
                Spread::of(samples.filter_map(of).collect())
            };
            if let (Some(p50), Some(p99)) = (figure(|l| l.p50), figure(|l| l.p99)) {
                let name = peer.name();
                writeln!(text, "| {name} | {:.1} | {:.1} |", p50.median, p99.median)?;
            }
        }
    }
    Ok(())
}

fn counts(text: &mut String, figures: &Figures) -> std::fmt::Result {
    writeln!(text, "\n### Idle connections and system calls\n")?;
    write!(text, "| candidate | KiB / idle connection | descriptors | KiB without connections |")?;
    for counted in COUNTED {
        write!(text, " calls / {} |", counted.name)?;
    }
    writeln!(text, "\n|---|---|---|---|{}", "---|".repeat(COUNTED.len()))?;
    for peer in Peer::ALL {
        let (idle, calls) = (figures.idle.get(&peer), figures.calls.get(&peer));
        if idle.is_none() && calls.is_none() {
            continue;
        }
        let cells = idle.map_or_else(
            || " | | ".into(),
            |i| format!(" {:.2} | {:.2} | {:.0} ", i.kib, i.descriptors, i.base_kib),
        );
        write!(text, "| {} |{cells}|", peer.name())?;
        for n in 0..COUNTED.len() {
            let total = calls.and_then(|calls| calls.get(n)).map(|calls| calls.total);
            write!(text, " {} |", total.map(|t| format!("{t:.2}")).unwrap_or_default())?;
        }
        writeln!(text)?;
    }
    Ok(())
}

/// All raw figures.
pub fn raw(about: &Circumstances, figures: &Figures) -> Value {
    let sample = |(peer, sample): (&Peer, &Sample)| {
        let latency = sample
            .outcome
            .latency
            .map(|l| json!({ "p50": l.p50.as_secs_f64(), "p99": l.p99.as_secs_f64() }));
        let value = json!({
            "wall": sample.wall, "busy": sample.busy, "own": sample.own, "load": sample.load,
            "steal": sample.steal,
            "work_wall": sample.outcome.wall.as_secs_f64(), "units": sample.outcome.units,
            "latency": latency,
        });
        (peer.name().to_owned(), value)
    };
    let series = |series: &Series| {
        let rounds = series.rounds.iter();
        let rounds: Vec<Value> =
            rounds.map(|round| Value::Object(round.iter().map(sample).collect())).collect();
        let of = series.measure;
        json!({ "measure": of.name, "unit": of.unit, "unit_size": of.unit_size,
                "repeats": series.repeats, "rounds": rounds })
    };
    let idle = figures.idle.iter().map(|(peer, idle)| {
        let value = json!({ "connections": idle.connections, "kib": idle.kib,
                            "descriptors": idle.descriptors, "base_kib": idle.base_kib });
        (peer.name().to_owned(), value)
    });
    let calls = figures.calls.iter().map(|(peer, calls)| {
        let one = |(n, calls): (usize, &crate::syscalls::Calls)| {
            let by_name = calls.by_name.iter().map(|(name, count)| (name.clone(), json!(count)));
            let value =
                json!({ "total": calls.total, "by_name": Value::Object(by_name.collect()) });
            (COUNTED[n].name.to_owned(), value)
        };
        (peer.name().to_owned(), Value::Object(calls.iter().enumerate().map(one).collect()))
    });
    let versions = about.versions.iter().map(|(peer, v)| (peer.name().to_owned(), json!(v)));
    json!({
        "date": about.date, "command": about.command, "machine": about.machine,
        "irq_time_accounting": about.irq_accounting, "placement": about.placement,
        "load_average": [about.load_average.0, about.load_average.1],
        "versions": Value::Object(versions.collect()),
        "baseline": figures.rounds.baseline,
        "series": figures.rounds.series.iter().map(series).collect::<Vec<_>>(),
        "idle": Value::Object(idle.collect()), "calls": Value::Object(calls.collect()),
    })
}

/// The lines above a table: the day, the machine, how it was measured, and who is compared.
pub fn heading(
    how: &str,
    load_before: f64,
    versions: impl IntoIterator<Item = (&'static str, Option<String>)>,
) -> io::Result<String> {
    let mut text = format!(
        "{}, on {}, IRQ_TIME_ACCOUNTING {};\n{how}; load average {load_before} before, {} \
         after.\n",
        clock::today(),
        machine::describe()?,
        machine::IrqAccounting::find().as_str(),
        machine::load_average()?,
    );
    for (name, version) in versions {
        // Writing to a string cannot fail.
        let _ = write!(text, "{name}: {}. ", version.unwrap_or_default());
    }
    text.push_str("\n\n");
    Ok(text)
}

/// Prints tables, and if wanted keeps them between two markers of `bench/README.md`.
pub fn publish(text: &str, markers: (&str, &str), is_kept: bool) -> io::Result<()> {
    write!(io::stdout(), "{text}")?;
    if is_kept {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
        put_between(&path, markers, text)?;
    }
    Ok(())
}

/// Puts the tables between the markers of a file.
pub fn put(path: &Path, tables: &str) -> io::Result<()> {
    put_between(path, (BEGIN, END), tables)
}

/// The same with other markers.
pub fn put_between(path: &Path, markers: (&str, &str), tables: &str) -> io::Result<()> {
    let text = fs::read_to_string(path)?;
    let replaced = replaced(&text, markers, tables)
        .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "it lacks the two markers"))?;
    fs::write(path, replaced)
}

fn replaced(text: &str, (begin, end): (&str, &str), tables: &str) -> Option<String> {
    let (before, rest) = text.split_once(begin)?;
    let (_, after) = rest.split_once(end)?;
    Some(format!("{before}{begin}\n\n{tables}\n{end}{after}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_replace_what_is_between_the_markers_only() {
        let text = format!("a\n{BEGIN}\nold\n{END}\nb\n");
        let expected = format!("a\n{BEGIN}\n\nnew\n\n{END}\nb\n");
        assert_eq!(replaced(&text, (BEGIN, END), "new\n"), Some(expected));
        assert_eq!(replaced("no markers", (BEGIN, END), "new"), None);
    }
}
