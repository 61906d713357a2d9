//! A plain TCP client of an endpoint, for what curl cannot see: resets, half-closes, source ports.

use std::{
    io::{self, Read},
    net::{IpAddr, SocketAddr, TcpStream},
    time::Duration,
};

/// How long a read may block before the test gives up.
const PATIENCE: Duration = Duration::from_secs(20);

/// Connects and sets timeouts, so that a broken test ends.
#[expect(clippy::disallowed_methods, reason = "the rig may block")]
pub fn connect(address: IpAddr, port: u16) -> io::Result<TcpStream> {
    let stream = TcpStream::connect(SocketAddr::new(address, port))?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    Ok(stream)
}

/// Whether new connections are refused: by the kernel, or by a reset before any byte.
pub fn is_refused(address: IpAddr, port: u16) -> bool {
    match connect(address, port) {
        Err(error) => error.kind() == io::ErrorKind::ConnectionRefused,
        Ok(mut stream) => {
            let result = stream.read(&mut [0]);
            matches!(result, Err(error) if error.kind() == io::ErrorKind::ConnectionReset)
        }
    }
}

/// Closes with a reset instead of a FIN.
pub fn reset(stream: TcpStream) {
    let socket = socket2::Socket::from(stream);
    socket.set_linger(Some(Duration::ZERO)).unwrap();
    drop(socket);
}
