//! Out of file descriptors: clients are turned away, nothing spins, and all is well afterwards.
//! Alone in its process: it lowers the limit.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "support/rig.rs"]
mod rig;

use std::{
    fs::File, io::Read as _, net::TcpStream, os::unix::fs::FileExt as _, thread, time::Duration,
};

use rig::{assert_alive, connect, patient, simple};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Processor time used by this process, in hundredths of a second.
fn cpu_ticks(stat: &File) -> u64 {
    let mut text = [0; 1024];
    let bytes = stat.read_at(&mut text, 0).unwrap();
    let stat = std::str::from_utf8(&text[..bytes]).unwrap();
    let fields: Vec<&str> = stat.rsplit(") ").next().unwrap().split(' ').collect();
    fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap()
}

#[test]
fn without_descriptors_clients_are_turned_away_without_spinning() {
    let (_rig, upstream, addr) = simple(|_| {});
    let sockets: Vec<_> = (0..100)
        .map(|_| socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap())
        .collect();
    let stat = File::open("/proc/self/stat").unwrap();
    let before = getrlimit(Resource::Nofile);
    let highest = std::fs::read_dir("/proc/self/fd").unwrap().count();
    // Room for a few connections only, and for the probe.
    let low = u64::try_from(highest + 8).unwrap();
    setrlimit(Resource::Nofile, Rlimit { current: Some(low), maximum: before.maximum }).unwrap();
    let mut clients: Vec<TcpStream> = sockets
        .into_iter()
        .map(|socket| {
            socket.connect(&addr.into()).unwrap();
            patient(TcpStream::from(socket))
        })
        .collect();
    let mut turned_away = 0;
    for client in &mut clients[20..] {
        assert!(client.read(&mut [0]).is_err());
        turned_away += 1;
    }
    assert_eq!(turned_away, 80);
    let used = cpu_ticks(&stat);
    thread::sleep(Duration::from_secs(1));
    let used = cpu_ticks(&stat) - used;
    assert!(used < 20, "{used} % of a processor");
    setrlimit(Resource::Nofile, before).unwrap();
    drop(clients);
    // Leave out the targets' ends of those that came through.
    while let Some(stream) = upstream.try_accept() {
        drop(stream);
    }
    assert_alive(&mut connect(addr), &mut upstream.accept());
}
