//! 10,000 connections of random sizes through two targets, with half-closes and resets from both
//! sides: every byte is right, every reset is seen as one, nothing is left behind.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    fs,
    net::IpAddr,
    sync::atomic::{AtomicUsize, Ordering},
    thread,
    time::Duration,
};

use tests::{
    Postern, Topology,
    scripted::{Kind, Script, ScriptedTarget, play},
    topology::{Options, PORT},
    wait_until,
};

const CONNECTIONS: usize = 10_000;
/// Connections at the same time.
const AT_ONCE: usize = 32;
/// Resident memory may grow by this much from the first half to the second: allocators and page
/// tables breathe, a leak of one session (about 300 B) per connection would show as more.
const GROWTH_MAX_KIB: usize = 1024;
const PATIENCE: Duration = Duration::from_secs(20);

/// Descriptors that the process has open, pooled pipes left out: they are kept for the next flow.
fn descriptors(pid: u32) -> usize {
    let links = fs::read_dir(format!("/proc/{pid}/fd")).unwrap();
    links
        .filter_map(|link| fs::read_link(link.ok()?.path()).ok())
        .filter(|to| !to.to_string_lossy().starts_with("pipe:"))
        .count()
}

fn resident_kib(pid: u32) -> usize {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

/// Plays scripts at the addresses in turn; returns how many had a client's reset.
fn play_all(addresses: [IpAddr; 2], scripts: &[Script]) -> usize {
    let next = AtomicUsize::new(0);
    thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                while let Some(script) = scripts.get(next.fetch_add(1, Ordering::SeqCst)) {
                    let address = addresses[script.seed as usize % 2];
                    play(address, PORT, *script).unwrap();
                }
            });
        }
    });
    scripts.iter().filter(|script| script.kind == Kind::ClientResets).count()
}

#[test]
fn every_byte_of_ten_thousand_connections_is_right() {
    let postern = Postern::start();
    let targets = [ScriptedTarget::start(), ScriptedTarget::start()];
    let registered = targets.each_ref().map(|target| (target.addr.to_string(), "all"));
    let topology = Topology::build(&postern, &registered, Options::default());
    topology.wait_healthy(2, PATIENCE);
    let addresses = topology.addresses(&postern);
    let seed = fastrand::u64(..);
    println!("seed {seed}");
    let mut random = fastrand::Rng::with_seed(seed);
    let scripts: Vec<Script> = (0..CONNECTIONS).map(|_| Script::draw(&mut random)).collect();

    let base = descriptors(postern.pid());
    let (first, second) = scripts.split_at(CONNECTIONS / 2);
    let mut resets = play_all(addresses, first);
    let resident = resident_kib(postern.pid());
    resets += play_all(addresses, second);

    let count = |of: fn(&ScriptedTarget) -> u32| targets.iter().map(of).sum::<u32>() as usize;
    wait_until(PATIENCE, "the targets to see every end", || {
        count(ScriptedTarget::played) + count(ScriptedTarget::resets_seen) >= CONNECTIONS
    });
    assert_eq!(count(ScriptedTarget::wrong), 0);
    assert_eq!(count(ScriptedTarget::resets_seen), resets, "each client reset arrives as a reset");
    assert!(targets.iter().all(|target| target.played() > 0), "both targets take part");
    wait_until(PATIENCE, "descriptors back at their base", || descriptors(postern.pid()) <= base);
    let grown = resident_kib(postern.pid()).saturating_sub(resident);
    assert!(grown <= GROWTH_MAX_KIB, "{grown} KiB more than after the first half");
    every_connection_is_accounted_for(&postern);
}

/// One access line and one count per connection, none left active.
fn every_connection_is_accounted_for(postern: &Postern) {
    wait_until(PATIENCE, "an access line per connection", || {
        postern.access_lines().len() == CONNECTIONS
    });
    wait_until(PATIENCE, "the counters", || {
        postern.metric("postern_connections_active", &[]) == 0.0
            && postern.metric("postern_connections_total", &[]) == CONNECTIONS as f64
    });
}
