//! Nothing is left of connections that ended, however they did. Alone in its process: it counts
//! file descriptors.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "support/rig.rs"]
mod rig;

use std::{
    io::{Read as _, Write as _},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    thread,
};

use rig::{connect, reset, simple, wait_until};

const CLIENTS: u64 = 4;
const CONNECTIONS: u64 = 10_000;

fn open_descriptors() -> usize {
    std::fs::read_dir("/proc/self/fd").unwrap().count()
}

/// Waiting for both halves after a reset of one would leak the other.
#[test]
fn ten_thousand_ended_connections_leave_no_descriptor() {
    let (_rig, upstream, addr) = simple(|_| {});
    let taken = Arc::new(AtomicU64::new(0));
    let base = open_descriptors();
    let counter = Arc::clone(&taken);
    let target = thread::spawn(move || {
        while counter.fetch_add(1, Ordering::Relaxed) < CONNECTIONS {
            let mut stream = upstream.accept();
            let mut first = [0];
            match stream.read(&mut first) {
                // Told how to end, by the client's first byte.
                Ok(1) if first == *b"r" => reset(stream),
                Ok(1) if first == *b"f" => drop(stream),
                _ => {}
            }
        }
        upstream
    });
    let clients: Vec<_> = (0..CLIENTS)
        .map(|client| {
            thread::spawn(move || {
                for i in 0..CONNECTIONS / CLIENTS {
                    let mut stream = connect(addr);
                    match (client + i) % 4 {
                        // Reset by the target, closed by the target, reset by us with and without
                        // a byte sent.
                        0 => {
                            stream.write_all(b"r").unwrap();
                            assert!(stream.read(&mut [0]).is_err());
                        }
                        1 => {
                            stream.write_all(b"f").unwrap();
                            assert_eq!(stream.read(&mut [0]).unwrap(), 0);
                        }
                        2 => {
                            stream.write_all(b"x").unwrap();
                            reset(stream);
                        }
                        _ => reset(stream),
                    }
                }
            })
        })
        .collect();
    clients.into_iter().for_each(|client| client.join().unwrap());
    // One more while a probe is under way.
    wait_until("descriptors are back at their base", || open_descriptors() <= base + 1);
    drop(target);
}
