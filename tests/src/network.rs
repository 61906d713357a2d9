//! Addresses of a test's own: a loopback network that no other test uses, and free ports.

use std::{
    net::{Ipv4Addr, SocketAddr, TcpListener, UdpSocket},
    process::Command,
};

/// A network 127.N.0.0/16 that belongs to this test until it is dropped.
#[derive(Debug)]
pub struct LoopbackNet {
    second: u8,
    /// A bound socket is the claim: it is seen by other processes and ends with this one.
    _claim: UdpSocket,
}

impl LoopbackNet {
    /// Claims a network that nobody else has claimed.
    pub fn claim() -> Self {
        let first = fastrand::u8(..);
        for offset in 0..=u8::MAX {
            let second = first.wrapping_add(offset);
            // 127.0 to 127.9 are for daemons, quickstarts and people.
            if second < 10 {
                continue;
            }
            let claim = SocketAddr::from((Ipv4Addr::new(127, second, 255, 250), 9));
            if let Ok(socket) = bind_udp(claim) {
                return Self { second, _claim: socket };
            }
        }
        panic!("all loopback networks are claimed");
    }

    /// The whole network.
    pub fn cidr(&self) -> String {
        format!("127.{}.0.0/16", self.second)
    }

    /// The `n`th /24 of it.
    pub fn subnet(&self, n: u8) -> String {
        format!("127.{}.{n}.0/24", self.second)
    }

    /// An address of the `n`th /24.
    pub fn address(&self, n: u8, host: u8) -> Ipv4Addr {
        Ipv4Addr::new(127, self.second, n, host)
    }
}

#[expect(clippy::disallowed_methods, reason = "the rig may block")]
fn bind_udp(addr: SocketAddr) -> std::io::Result<UdpSocket> {
    UdpSocket::bind(addr)
}

/// A port that was free a moment ago, for programs that cannot choose one themselves.
#[expect(clippy::disallowed_methods, reason = "the rig may block")]
pub fn free_port(ip: Ipv4Addr) -> u16 {
    TcpListener::bind((ip, 0)).unwrap().local_addr().unwrap().port()
}

/// Runs the ignored test of the calling file in a network namespace of its own, where only `lo` is
/// up.
pub fn run_ignored_in_a_namespace() {
    let inside = "ip link set lo up && exec \"$0\" --ignored --nocapture";
    let test = std::env::current_exe().unwrap();
    let unshare = ["--map-root-user", "--net", "sh", "-e", "-c", inside];
    let output = Command::new("unshare").args(unshare).arg(test).output().unwrap();
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{told}{}", String::from_utf8_lossy(&output.stderr));
    assert!(told.contains("1 passed"), "{told}");
}
