//! The exporter, which only this crate knows, and the numbers about the process itself.
//!
//! Names carry their unit, as Prometheus asks: base units, `_total` for counters. Planes register
//! and describe their own. Does not know them.

use std::fs;

use anyhow::Context;
use metrics::{Unit, describe_counter, describe_gauge, gauge};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use model::{Clock, Generation, Timestamp};

use crate::certificate::Holder;

/// Upper ends of the buckets of every time: from a system call to a client's patience.
const SECONDS: [f64; 14] =
    [0.0001, 0.000_25, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0, 30.0];
/// The same for DNS answers, which take some microseconds.
const DNS_ANSWER: (&str, [f64; 9]) = (
    "postern_dns_answer_seconds",
    [0.000_005, 0.000_01, 0.000_02, 0.000_05, 0.0001, 0.0005, 0.001, 0.01, 0.1],
);
/// What the kernel counts processor time in; part of Linux's ABI (USER_HZ).
const TICKS_PER_SECOND: u64 = 100;

const CERTIFICATE_EXPIRY: &str = "postern_api_certificate_expiry_timestamp_seconds";
const LISTENER_EXPIRY: &str = "postern_certificate_expiry_timestamp_seconds";
const RELOADS: &str = "postern_reloads_total";
const RELOAD_SUCCESSFUL: &str = "postern_last_reload_successful";

/// What is read again while the gateway runs.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Reloaded {
    /// The certificate of the API.
    Certificate,
    /// The certificates of TLS listeners.
    ListenerCertificates,
    /// Accounts, keys, users and roles.
    Identities,
}

impl Reloaded {
    fn label(self) -> &'static str {
        match self {
            Self::Certificate => "certificate",
            Self::ListenerCertificates => "listener_certificates",
            Self::Identities => "identities",
        }
    }

    /// Shows that it is as well as it was at the start.
    pub(crate) fn began(self) {
        gauge!(RELOAD_SUCCESSFUL, "what" => self.label()).set(1.0);
    }

    /// Counts one reading.
    pub(crate) fn ended(self, is_well: bool) {
        self.counted(u64::from(is_well), u64::from(!is_well), is_well);
    }

    /// Counts readings of files that are taken each by itself, and shows whether all are well.
    pub(crate) fn counted(self, done: u64, failed: u64, are_well: bool) {
        for (result, count) in [("done", done), ("failed", failed)] {
            if count > 0 {
                let counter = metrics::counter!(
                    RELOADS, "what" => self.label(), "result" => result
                );
                counter.increment(count);
            }
        }
        gauge!(RELOAD_SUCCESSFUL, "what" => self.label()).set(if are_well { 1.0 } else { 0.0 });
    }
}

/// Shows when a certificate expires.
pub(crate) fn certificate_expires(holder: &Holder, at: Timestamp) {
    let gauge = match holder {
        Holder::Api => gauge!(CERTIFICATE_EXPIRY),
        Holder::Listeners(arn) => gauge!(LISTENER_EXPIRY, "certificate" => arn.to_string()),
    };
    gauge.set(small(at.as_secs()));
}

/// The numbers, ready to be rendered.
#[derive(Clone)]
pub(crate) struct Exporter {
    handle: PrometheusHandle,
}

impl Exporter {
    /// Takes in all numbers of the process from now on.
    pub(crate) fn install(clock: &dyn Clock) -> anyhow::Result<Self> {
        let handle = PrometheusBuilder::new()
            .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &SECONDS)
            .and_then(|builder| {
                builder
                    .set_buckets_for_metric(Matcher::Full(DNS_ANSWER.0.to_owned()), &DNS_ANSWER.1)
            })
            .context("set the buckets")?
            .install_recorder()
            .context("start to collect metrics")?;
        describe();
        gauge!("postern_build_info", "version" => env!("CARGO_PKG_VERSION")).set(1.0);
        gauge!("process_start_time_seconds").set(small(clock.wall().as_secs()));
        Ok(Self { handle })
    }

    /// All numbers in the text format of Prometheus.
    pub(crate) fn render(&self, serving: Generation) -> String {
        gauge!("postern_snapshot_generation", "plane" => "control").set(small(serving.0));
        measure_process();
        self.handle.render()
    }

    /// The samples of all metrics that have a label, as the text format has them.
    pub(crate) fn samples(&self, label: (&str, &str)) -> Vec<String> {
        let label = format!("{}=\"{}\"", label.0, label.1);
        let rendered = self.handle.render();
        rendered.lines().filter(|line| line.contains(&label)).map(str::to_owned).collect()
    }

    /// Does what keeps the collection small; to be called every few seconds.
    pub(crate) fn tidy(&self) {
        self.handle.run_upkeep();
    }
}

fn describe() {
    describe_gauge!("postern_build_info", Unit::Count, "1, with the version as a label.");
    describe_gauge!(
        "postern_snapshot_generation",
        Unit::Count,
        "Generation of the configuration that control published, or that a plane serves."
    );
    describe_gauge!(
        "process_start_time_seconds",
        Unit::Seconds,
        "When the process started, in seconds since 1970."
    );
    describe_counter!(
        "process_cpu_seconds_total",
        Unit::Seconds,
        "Processor time used, user and system, in whole seconds."
    );
    describe_gauge!(
        CERTIFICATE_EXPIRY,
        Unit::Seconds,
        "When the certificate of the API expires, in seconds since 1970."
    );
    describe_gauge!(
        LISTENER_EXPIRY,
        Unit::Seconds,
        "When a certificate of TLS listeners expires, in seconds since 1970."
    );
    describe_counter!(
        RELOADS,
        Unit::Count,
        "Times that changed files were read again, by what is in them and result (done, failed)."
    );
    describe_gauge!(
        RELOAD_SUCCESSFUL,
        Unit::Count,
        "1 if files were well when they were last read, by what is in them; 0 if what was read \
         before is still used."
    );
    describe_gauge!("process_resident_memory_bytes", Unit::Bytes, "Resident memory in bytes.");
    describe_gauge!("process_threads", Unit::Count, "Threads of the process.");
    describe_gauge!("process_open_fds", Unit::Count, "Open file descriptors.");
}

/// Reads what the kernel knows of this process; what it does not say stays as it was.
fn measure_process() {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let field = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name))?;
        line.split_ascii_whitespace().next()?.parse::<u64>().ok()
    };
    if let Some(kibibytes) = field("VmRSS:") {
        gauge!("process_resident_memory_bytes").set(small(kibibytes * 1024));
    }
    if let Some(threads) = field("Threads:") {
        gauge!("process_threads").set(small(threads));
    }
    if let Ok(open) = fs::read_dir("/proc/self/fd") {
        // The listing itself holds one.
        let count = open.count().saturating_sub(1);
        gauge!("process_open_fds").set(small(count.try_into().unwrap_or(u64::MAX)));
    }
    let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    if let Some(ticks) = processor_ticks(&stat) {
        metrics::counter!("process_cpu_seconds_total").absolute(ticks / TICKS_PER_SECOND);
    }
}

/// User and system time (proc(5), fields 14 and 15, counted after the command's parentheses).
fn processor_ticks(stat: &str) -> Option<u64> {
    let fields: Vec<_> = stat.rsplit_once(')')?.1.split_ascii_whitespace().collect();
    let ticks = |at: usize| fields.get(at)?.parse::<u64>().ok();
    Some(ticks(11)? + ticks(12)?)
}

/// A whole number as a gauge takes it; exact up to 2^53, and none here is beyond.
fn small(number: u64) -> f64 {
    let (high, low) = (number >> 32, number & u64::from(u32::MAX));
    let part = |half: u64| f64::from(u32::try_from(half).unwrap_or(u32::MAX));
    part(high) * 4_294_967_296.0 + part(low)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn processor_time_is_found_behind_any_command_name() {
        let stat = "7 (a) b) S 1 7 7 0 -1 4194560 100 0 0 0 250 150 0 0 20 0 9 0 5 0 0";
        assert_eq!(processor_ticks(stat), Some(400));
        assert_eq!(processor_ticks(""), None);
    }

    #[test]
    fn whole_numbers_stay_whole() {
        for (number, expected) in [(0, 0.0), (5_000_000_000, 5e9), (1 << 40, 1_099_511_627_776.0)] {
            assert!((small(number) - expected).abs() < 0.5);
        }
    }
}
