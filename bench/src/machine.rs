//! What the machine says about itself: processor time, steal, load, kernel options. Linux only.

use std::{
    fs, io,
    time::{Duration, Instant},
};

use rustix::{
    process::{Resource, Rlimit, getrlimit, setrlimit},
    thread::{CpuSet, sched_getaffinity, sched_setaffinity},
};

use crate::clock;

/// `/proc/stat` counts in ticks of USER_HZ, 100 per second on Linux whatever the kernel's own HZ.
const TICK: Duration = Duration::from_millis(10);

/// Processor time of the whole machine at one moment.
#[derive(Clone, Copy, Debug)]
pub struct Reading {
    at: Instant,
    idle: u64,
    steal: u64,
}

/// Between two readings.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Usage {
    /// Seconds that passed.
    pub wall: f64,
    /// Processor seconds used: processors × wall − idle − iowait − steal.
    pub busy: f64,
    /// The share of all processor time that the hypervisor took, 0 to 1.
    pub steal: f64,
}

impl Reading {
    /// Takes one.
    pub fn take() -> io::Result<Self> {
        let stat = fs::read_to_string("/proc/stat")?;
        let (idle, steal) = idle_and_steal(&stat).ok_or(io::ErrorKind::InvalidData)?;
        Ok(Self { at: clock::now(), idle, steal })
    }

    /// What happened since `earlier`.
    pub fn since(&self, earlier: &Self, processors: usize) -> Usage {
        let wall = self.at.duration_since(earlier.at).as_secs_f64();
        let all = wall * processors as f64;
        let seconds = |now: u64, then: u64| now.saturating_sub(then) as f64 * TICK.as_secs_f64();
        let (idle, steal) = (seconds(self.idle, earlier.idle), seconds(self.steal, earlier.steal));
        Usage { wall, busy: all - idle - steal, steal: steal / all }
    }
}

/// The fields idle + iowait and steal of the first line: `cpu user nice system idle iowait irq
/// softirq steal ..` (proc_stat(5)).
fn idle_and_steal(stat: &str) -> Option<(u64, u64)> {
    let mut fields = stat.lines().next()?.strip_prefix("cpu ")?.split_whitespace();
    let mut field = |n: usize| fields.nth(n)?.parse::<u64>().ok();
    let (idle, iowait) = (field(3)?, field(0)?);
    let steal = field(2)?;
    Some((idle + iowait, steal))
}

/// How many processors the machine has, whichever of them we may use.
pub fn processors() -> io::Result<usize> {
    let stat = fs::read_to_string("/proc/stat")?;
    let is_one = |line: &&str| line.starts_with("cpu") && !line.starts_with("cpu ");
    Ok(stat.lines().filter(is_one).count().max(1))
}

/// The one-minute load average.
pub fn load_average() -> io::Result<f64> {
    let text = fs::read_to_string("/proc/loadavg")?;
    let first = text.split_whitespace().next().and_then(|field| field.parse().ok());
    first.ok_or_else(|| io::ErrorKind::InvalidData.into())
}

/// The processor's model name and how many there are, the kernel's release and congestion control.
pub fn describe() -> io::Result<String> {
    let info = fs::read_to_string("/proc/cpuinfo")?;
    let model = info.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    let model = model.map_or("unknown processor", |(_, name)| name.trim());
    let kernel = |name: &str| fs::read_to_string(format!("/proc/sys/{name}"));
    let (release, congestion) =
        (kernel("kernel/osrelease")?, kernel("net/ipv4/tcp_congestion_control")?);
    let (release, congestion) = (release.trim(), congestion.trim());
    Ok(format!("{} × {model}, Linux {release}, TCP {congestion}", processors()?))
}

/// Whether the kernel accounts for interrupts apart. Without it, softirq work done inside a send is
/// charged to the sender.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IrqAccounting {
    /// CONFIG_IRQ_TIME_ACCOUNTING=y.
    On,
    /// It is not set.
    Off,
    /// The kernel's configuration is not to be found.
    Unknown,
}

impl IrqAccounting {
    /// Looks at the running kernel's configuration.
    pub fn find() -> Self {
        let release = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
        let beside = fs::read_to_string(format!("/boot/config-{}", release.trim())).ok();
        match beside.or_else(unpacked_config) {
            None => Self::Unknown,
            Some(text) if text.lines().any(|l| l == "CONFIG_IRQ_TIME_ACCOUNTING=y") => Self::On,
            Some(_) => Self::Off,
        }
    }

    /// As one word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::On => "on",
            Self::Off => "off",
            Self::Unknown => "unknown",
        }
    }
}

fn unpacked_config() -> Option<String> {
    let output = std::process::Command::new("zcat").arg("/proc/config.gz").output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Keeps this thread, and what it starts from now on, on one processor.
pub fn pin_this_thread(cpu: usize) -> io::Result<()> {
    let mut set = CpuSet::new();
    set.set(cpu);
    Ok(sched_setaffinity(None, &set)?)
}

/// The processors that this thread may use.
pub fn allowed_cpus() -> io::Result<CpuSet> {
    Ok(sched_getaffinity(None)?)
}

/// Undoes [`pin_this_thread`].
pub fn allow_cpus(set: &CpuSet) -> io::Result<()> {
    Ok(sched_setaffinity(None, set)?)
}

/// Raises the limit of open files, for us and what we start, as far as it goes, and says how far.
pub fn raise_open_files() -> io::Result<u64> {
    let maximum = getrlimit(Resource::Nofile).maximum;
    setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum })?;
    Ok(maximum.unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn idle_includes_iowait_and_leaves_out_steal() {
        let stat = "cpu  35724 0 6431 195945 1067 0 39 19 0 0\ncpu0 1\n";
        assert_eq!(idle_and_steal(stat), Some((195_945 + 1067, 19)));
        assert_eq!(idle_and_steal("cpu  1 2"), None);
    }

    #[test]
    fn usage_is_what_is_left_of_the_wall() {
        let at = clock::now();
        let earlier = Reading { at, idle: 100, steal: 0 };
        let later = Reading { at: at + Duration::from_secs(1), idle: 150, steal: 20 };
        let usage = later.since(&earlier, 2);
        assert!((usage.busy - 1.3).abs() < 1e-9 && (usage.steal - 0.1).abs() < 1e-9, "{usage:?}");
    }
}
