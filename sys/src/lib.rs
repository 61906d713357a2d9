//! Raw system calls behind safe functions: the one crate with unsafe code.
//!
//! Only what `rustix`, `socket2` and `mio` do not offer is here, and no policy: each function is
//! one system call with its arguments and its answer made safe. Does not know what the answers are
//! for.

pub mod datagram;
pub mod packets;

use std::{
    io,
    os::fd::{AsRawFd as _, BorrowedFd},
};

/// Words of `struct tcp_info` up to and including `tcpi_segs_in`, at byte 140 since Linux 4.2.
const TCP_INFO_WORDS: usize = 36;
/// The longest IPv4 header (IPv6: 40 bytes) and the longest TCP header.
const SYN_BYTES_MAX: usize = 60 + 60;
/// The shortest IPv4 header, in words of four bytes.
const IPV4_HEADER_WORDS_MIN: u8 = 5;

/// How many segments a TCP socket has received. Keepalive probes count, though they carry nothing
/// and wake nobody (semantics 9).
///
/// # Errors
///
/// The descriptor is no TCP socket.
pub fn segments_in(socket: BorrowedFd<'_>) -> io::Result<u32> {
    let mut words = [0_u32; TCP_INFO_WORDS];
    get_tcp_option(socket, libc::TCP_INFO, &mut words)?;
    Ok(words[TCP_INFO_WORDS - 1])
}

/// Makes a listening socket keep the SYN of the connections that it takes from now on.
///
/// # Errors
///
/// The descriptor is no TCP socket.
pub fn save_syn(listener: BorrowedFd<'_>) -> io::Result<()> {
    switch_on(listener, libc::IPPROTO_TCP, libc::TCP_SAVE_SYN)
}

/// Has the system forget a connection when its socket is closed: nothing is sent, and whatever the
/// peer sends later is answered with RST (semantics 9).
///
/// # Errors
///
/// The process lacks CAP_NET_ADMIN in its network namespace, the socket listens, or the descriptor
/// is no TCP socket.
pub fn forget_on_close(socket: BorrowedFd<'_>) -> io::Result<()> {
    switch_on(socket, libc::IPPROTO_TCP, libc::TCP_REPAIR)
}

/// Leaves the choice of a port to `connect` when a socket is bound to an address alone: one port
/// then serves connections to many peers.
///
/// # Errors
///
/// The descriptor is no IP socket.
pub fn choose_port_at_connect(socket: BorrowedFd<'_>) -> io::Result<()> {
    switch_on(socket, libc::IPPROTO_IP, libc::IP_BIND_ADDRESS_NO_PORT)
}

/// Sets a socket option that is a switch.
fn switch_on(socket: BorrowedFd<'_>, level: libc::c_int, option: libc::c_int) -> io::Result<()> {
    let on: libc::c_int = 1;
    let length = libc::socklen_t::try_from(size_of_val(&on)).unwrap_or(0);
    // SAFETY: the descriptor is open for the length of the call, and the option's value is an int
    // that outlives it, of the length given. JUSTIFICATION: no safe crate knows TCP_SAVE_SYN,
    // TCP_REPAIR or IP_BIND_ADDRESS_NO_PORT.
    let done = unsafe {
        libc::setsockopt(
            socket_number(socket),
            level,
            option,
            std::ptr::from_ref(&on).cast(),
            length,
        )
    };
    if done == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// The sequence number of the SYN that opened an accepted connection; none if it was not kept. It
/// can be asked for once.
///
/// # Errors
///
/// The descriptor is no TCP socket.
pub fn saved_syn_sequence(socket: BorrowedFd<'_>) -> io::Result<Option<u32>> {
    let mut syn = [0_u8; SYN_BYTES_MAX];
    let length = get_tcp_option(socket, libc::TCP_SAVED_SYN, &mut syn)?;
    Ok(sequence_number(syn.get(..length).unwrap_or(&syn)))
}

/// The sequence number in a packet that starts with its IP header.
fn sequence_number(packet: &[u8]) -> Option<u32> {
    let first = *packet.first()?;
    let words = first & 0x0F;
    let tcp = match first >> 4 {
        4 if words >= IPV4_HEADER_WORDS_MIN => usize::from(words) * 4,
        6 => 40,
        _ => return None,
    };
    let bytes = packet.get(tcp + 4..tcp + 8)?;
    Some(u32::from_be_bytes(bytes.try_into().ok()?))
}

/// Fills the value with a TCP socket option, and returns how many bytes the system wrote. Any bytes
/// are a value of `u8` and `u32`, which are all that this is used with.
fn get_tcp_option<T: Copy>(
    socket: BorrowedFd<'_>,
    option: libc::c_int,
    value: &mut [T],
) -> io::Result<usize> {
    let mut length = libc::socklen_t::try_from(size_of_val(value)).unwrap_or(0);
    // SAFETY: the descriptor is open for the length of the call, the value is writable for the
    // length given, and the system writes no more than that. JUSTIFICATION: no safe crate reads
    // TCP_INFO or TCP_SAVED_SYN.
    let done = unsafe {
        libc::getsockopt(
            socket_number(socket),
            libc::IPPROTO_TCP,
            option,
            value.as_mut_ptr().cast(),
            &raw mut length,
        )
    };
    if done != 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(usize::try_from(length).unwrap_or(usize::MAX))
}

fn socket_number(socket: BorrowedFd<'_>) -> libc::c_int {
    socket.as_raw_fd()
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "tests connect over loopback and may block")]
mod tests {
    use std::{
        io::{Read as _, Write as _},
        net::{SocketAddr, TcpListener, TcpStream},
        os::fd::AsFd as _,
    };

    use rustix::net::{self, AddressFamily, SocketType};

    use super::*;

    /// A listener, and both ends of a connection to it.
    fn connection(address: &str, keep_syn: bool) -> (TcpStream, TcpStream) {
        let listener = TcpListener::bind(address).unwrap();
        if keep_syn {
            save_syn(listener.as_fd()).unwrap();
        }
        let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        (client, listener.accept().unwrap().0)
    }

    #[test]
    fn received_segments_are_counted() {
        let (mut client, mut server) = connection("127.0.0.1:0", false);
        let before = segments_in(server.as_fd()).unwrap();
        assert!(before > 0);
        client.write_all(b"x").unwrap();
        server.read_exact(&mut [0]).unwrap();
        assert!(segments_in(server.as_fd()).unwrap() > before);
    }

    #[test]
    fn sequence_numbers_are_those_of_the_syn() {
        for address in ["127.0.0.1:0", "[::1]:0"] {
            let numbers: Vec<u32> = (0..3)
                .map(|_| {
                    let (_client, server) = connection(address, true);
                    saved_syn_sequence(server.as_fd()).unwrap().unwrap()
                })
                .collect();
            assert!(numbers.windows(2).any(|two| two[0] != two[1]), "{numbers:?}");
        }
    }

    #[test]
    fn without_a_kept_syn_there_is_no_number() {
        let (_client, server) = connection("127.0.0.1:0", false);
        assert_eq!(saved_syn_sequence(server.as_fd()).unwrap(), None);
    }

    #[test]
    fn a_port_is_chosen_late() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        for address in [AddressFamily::INET, AddressFamily::INET6] {
            let socket = net::socket(address, SocketType::STREAM, None).unwrap();
            choose_port_at_connect(socket.as_fd()).unwrap();
        }
        let socket = net::socket(AddressFamily::INET, SocketType::STREAM, None).unwrap();
        choose_port_at_connect(socket.as_fd()).unwrap();
        net::bind(&socket, &SocketAddr::from(([127, 0, 0, 9], 0))).unwrap();
        let socket = TcpStream::from(socket);
        assert_eq!(socket.local_addr().unwrap().port(), 0);
        net::connect(&socket, &listener.local_addr().unwrap()).unwrap();
        assert_eq!(socket.local_addr().unwrap().ip().to_string(), "127.0.0.9");
        assert_ne!(socket.local_addr().unwrap().port(), 0);
    }

    #[test]
    fn a_packet_that_is_none_has_no_number() {
        let mut packet = vec![0x45; 60];
        packet[24..28].copy_from_slice(&7_u32.to_be_bytes());
        assert_eq!(sequence_number(&packet), Some(7));
        assert_eq!(sequence_number(&packet[..27]), None);
        assert_eq!(sequence_number(&[0x44; 60]), None);
        assert_eq!(sequence_number(&[0x55; 60]), None);
        assert_eq!(sequence_number(&[]), None);
    }

    #[test]
    fn other_descriptors_are_refused() {
        let file = std::fs::File::open("/dev/null").unwrap();
        assert!(segments_in(file.as_fd()).is_err());
        assert!(save_syn(file.as_fd()).is_err());
        assert!(forget_on_close(file.as_fd()).is_err());
        assert!(choose_port_at_connect(file.as_fd()).is_err());
    }
}
