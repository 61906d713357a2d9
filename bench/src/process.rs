//! A peer's process: started, read from `/proc`, ended by its id. Linux only.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    io,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::Duration,
};

use rustix::process::{Pid, Signal, kill_process};

use crate::{clock::Limit, machine};

/// How long a process may take to end after SIGTERM before it is killed.
const END_MAX: Duration = Duration::from_secs(5);
/// Between two looks at a process that is to end.
const LOOK: Duration = Duration::from_millis(10);

/// A process that ends when this is dropped, or when this process ends in whatever way.
#[derive(Debug)]
pub struct Process {
    child: Child,
}

impl Process {
    /// Starts it, on one processor if given, with all that it says going to a file. Must be called
    /// on the main thread: the kernel ends the process together with the thread that started it.
    pub fn start(
        program: &Path,
        arguments: &[String],
        log: &Path,
        cpu: Option<usize>,
    ) -> io::Result<Self> {
        let log = File::create(log)?;
        let before = machine::allowed_cpus()?;
        if let Some(cpu) = cpu {
            machine::pin_this_thread(cpu)?;
        }
        let child = Command::new("setpriv")
            .args(["--pdeathsig", "KILL"])
            .arg(program)
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn();
        machine::allow_cpus(&before)?;
        Ok(Self { child: child? })
    }

    /// Its id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Fails if it is over.
    pub fn must_be_running(&mut self) -> io::Result<()> {
        match self.child.try_wait()? {
            None => Ok(()),
            Some(status) => Err(io::Error::other(format!("it ended by itself: {status}"))),
        }
    }

    fn proc(&self, rest: &str) -> PathBuf {
        PathBuf::from(format!("/proc/{}/{rest}", self.id()))
    }

    /// Processor seconds used so far by all its threads.
    pub fn cpu(&self) -> io::Result<f64> {
        cpu_of(&self.proc("task"))
    }

    /// The same with threads that have ended, in steps of 10 ms.
    pub fn cpu_with_ended(&self) -> io::Result<f64> {
        let stat = fs::read_to_string(self.proc("stat"))?;
        let fields = stat.rsplit_once(") ").map(|(_, fields)| fields.split(' '));
        // utime and stime (proc_pid_stat(5)), counted from the state that follows the name.
        let ticks = fields.map(|fields| fields.skip(11).take(2).map(str::parse::<u64>));
        let ticks: Result<Vec<u64>, _> = ticks.ok_or(io::ErrorKind::InvalidData)?.collect();
        let ticks: u64 = ticks.map_err(io::Error::other)?.iter().sum();
        Ok(ticks as f64 / 100.0)
    }

    /// Processor seconds by thread: threads of one name together, numbers at the end of names left
    /// out, those that have ended missing.
    pub fn cpu_by_thread(&self) -> io::Result<BTreeMap<String, f64>> {
        let mut threads = BTreeMap::new();
        for task in fs::read_dir(self.proc("task"))? {
            let task = task?.path();
            // A thread may end between two looks.
            let Ok(name) = fs::read_to_string(task.join("comm")) else { continue };
            let is_number = |c: char| c.is_ascii_digit() || c == '-' || c == '\n';
            let name = name.trim_end_matches(is_number).to_owned();
            *threads.entry(name).or_default() += seconds(&task).unwrap_or_default();
        }
        Ok(threads)
    }

    /// Its proportional share of user memory, in KiB.
    pub fn pss_kib(&self) -> io::Result<f64> {
        let text = fs::read_to_string(self.proc("smaps_rollup"))?;
        let line = text.lines().find_map(|line| line.strip_prefix("Pss:"));
        let field = line.and_then(|rest| rest.split_whitespace().next()?.parse().ok());
        field.ok_or_else(|| io::ErrorKind::InvalidData.into())
    }

    /// How many file descriptors it has.
    pub fn descriptors(&self) -> io::Result<usize> {
        Ok(fs::read_dir(self.proc("fd"))?.count())
    }

    /// Whether another process traces all its threads.
    pub fn is_traced(&self) -> io::Result<bool> {
        for task in fs::read_dir(self.proc("task"))? {
            let text = fs::read_to_string(task?.path().join("status"))?;
            if text.lines().any(|line| line == "TracerPid:\t0") {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Sends it a signal.
    pub fn signal(&self, signal: Signal) -> io::Result<()> {
        let id = i32::try_from(self.id()).ok().and_then(Pid::from_raw);
        Ok(kill_process(id.ok_or(io::ErrorKind::InvalidInput)?, signal)?)
    }

    /// Waits until it is over, at most this long; whether it is.
    pub fn ended_within(&mut self, lasts: Duration) -> io::Result<bool> {
        let limit = Limit::starting(lasts);
        while self.child.try_wait()?.is_none() {
            if limit.is_over() {
                return Ok(false);
            }
            thread::sleep(LOOK);
        }
        Ok(true)
    }
}

/// Processor seconds used so far by all threads of this process.
pub fn own_cpu() -> io::Result<f64> {
    cpu_of(Path::new("/proc/self/task"))
}

/// The first field of each thread's `schedstat`, in nanoseconds, where `utime` and `stime` have
/// steps of 10 ms.
pub(crate) fn cpu_of(tasks: &Path) -> io::Result<f64> {
    let mut sum = 0.0;
    for task in fs::read_dir(tasks)? {
        sum += seconds(&task?.path())?;
    }
    Ok(sum)
}

fn seconds(task: &Path) -> io::Result<f64> {
    let text = fs::read_to_string(task.join("schedstat"))?;
    let first = text.split_whitespace().next().and_then(|field| field.parse().ok());
    Ok(first.unwrap_or(0_u64) as f64 / 1e9)
}

impl Drop for Process {
    fn drop(&mut self) {
        // Nothing is left to do about a process that can't be ended; it goes with this one.
        let _ = self.signal(Signal::TERM);
        if !self.ended_within(END_MAX).unwrap_or(false) {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}
