//! What an idle connection costs a peer: memory and file descriptors.

use std::{io, thread, time::Duration};

use crate::{client::churn, peer::Candidate, process::Process, source::Sources};

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

/// After the last connection is opened or closed, for what the peer still does about it.
const SETTLE: Duration = Duration::from_millis(300);

/// Opens this many connections with a request behind each, and looks.
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
    let per = |now: f64, then: f64| (now - then) / open.len() as f64;
    Ok(Idle {
        connections: open.len(),
        kib: per(kib, base_kib),
        descriptors: per(descriptors, base_descriptors),
        base_kib,
    })
}
