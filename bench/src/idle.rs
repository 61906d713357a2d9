//! What an idle connection costs a peer: memory and file descriptors.

use std::{io, thread, time::Duration};

use crate::{client::churn, clock::Limit, peer::Candidate, process::Process, source::Sources};

/// What one connection adds.
#[derive(Clone, Copy, Debug)]
pub struct Idle {
    /// How many were open.
    pub connections: usize,
    /// Growth of the proportional set size per connection, in KiB.
    pub kib: f64,
    /// Growth of the number of file descriptors per connection.
    pub descriptors: f64,
    /// The proportional set size without connections, in KiB.
    pub base_kib: f64,
}

/// After the last connection is opened, for what the peer still does about it.
const SETTLE: Duration = Duration::from_millis(300);
/// How long a peer may take to close its ends of connections whose client is gone.
const CLOSE_MAX: Duration = Duration::from_secs(10);
/// Between two looks whether it has.
const LOOK: Duration = Duration::from_millis(20);

/// Opens this many connections with a request behind each, and looks. Fails if the peer does not
/// let go of them in the end.
pub fn measure(
    candidate: &Candidate,
    process: &Process,
    sources: &mut Sources,
    connections: usize,
) -> io::Result<Idle> {
    let read = || -> io::Result<(f64, f64)> {
        thread::sleep(SETTLE);
        Ok((process.pss_kib()?, process.descriptors()? as f64))
    };
    let (base_kib, base_descriptors) = read()?;
    let open = churn::open(candidate.addr, sources, connections)?;
    let (kib, descriptors) = read()?;
    let count = open.len();
    drop(open);
    let limit = Limit::starting(CLOSE_MAX);
    while process.descriptors()? as f64 > base_descriptors {
        if limit.is_over() {
            return Err(io::Error::other("it keeps descriptors of closed connections"));
        }
        thread::sleep(LOOK);
    }
    let per = |now: f64, then: f64| (now - then) / count as f64;
    Ok(Idle {
        connections: count,
        kib: per(kib, base_kib),
        descriptors: per(descriptors, base_descriptors),
        base_kib,
    })
}
