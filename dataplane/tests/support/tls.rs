//! TLS for tests: certificates, clients and targets, on sockets that block.
#![allow(dead_code, reason = "each test file uses its part of the rig")]

use std::{
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    sync::{Arc, Mutex},
    thread,
};

use dataplane::{Authorities, Certificate, CertificatesByArn};
use model::{AlpnPolicy, Protocol, TlsTermination};
use rustls::{
    ClientConfig, ClientConnection, RootCertStore, ServerConfig, ServerConnection, StreamOwned,
    crypto::ring,
    pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer},
    sign::CertifiedKey,
};

use crate::rig::{World, connect};

pub(crate) type ClientStream = StreamOwned<ClientConnection, TcpStream>;
pub(crate) type TargetStream = StreamOwned<ServerConnection, TcpStream>;

/// A certificate that signs itself, with its key.
pub(crate) struct Pair {
    pub(crate) der: CertificateDer<'static>,
    pem: String,
    key: Vec<u8>,
}

impl Pair {
    pub(crate) fn new(names: &[&str]) -> Self {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let made = rcgen::generate_simple_self_signed(names).unwrap();
        Self {
            der: made.cert.der().clone(),
            pem: made.cert.pem(),
            key: made.signing_key.serialize_der(),
        }
    }

    fn private_key(&self) -> PrivateKeyDer<'static> {
        PrivateKeyDer::from(PrivatePkcs8KeyDer::from(self.key.clone()))
    }

    pub(crate) fn certificate(&self) -> Certificate {
        let key = ring::default_provider().key_provider.load_private_key(self.private_key());
        Certificate::new(Arc::new(CertifiedKey::new(vec![self.der.clone()], key.unwrap())))
    }

    fn roots(&self) -> Arc<RootCertStore> {
        let mut roots = RootCertStore::empty();
        roots.add(self.der.clone()).unwrap();
        Arc::new(roots)
    }

    pub(crate) fn authorities(&self) -> Authorities {
        Authorities::of_pem(self.pem.as_bytes()).unwrap()
    }

    /// What a target shakes hands with.
    pub(crate) fn server(&self, protocols: &[&[u8]]) -> Arc<ServerConfig> {
        let builder = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()));
        let mut config = builder
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![self.der.clone()], self.private_key())
            .unwrap();
        config.alpn_protocols = protocols.iter().map(|it| it.to_vec()).collect();
        Arc::new(config)
    }

    /// What a client shakes hands with that trusts this certificate alone.
    pub(crate) fn client(&self) -> ClientConfig {
        self.client_of(rustls::ALL_VERSIONS)
    }

    pub(crate) fn client_of(
        &self,
        versions: &[&'static rustls::SupportedProtocolVersion],
    ) -> ClientConfig {
        ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_protocol_versions(versions)
            .unwrap()
            .with_root_certificates(self.roots())
            .with_no_client_auth()
    }
}

pub(crate) fn certificates(pairs: &[(&str, &Pair)]) -> CertificatesByArn {
    pairs.iter().map(|(arn, pair)| ((*arn).into(), pair.certificate())).collect()
}

/// Turns the world's listener into a TLS listener with these certificates, the default first.
pub(crate) fn terminate(
    world: &mut World,
    arns: &[&str],
    adjust: impl FnOnce(&mut TlsTermination),
) {
    let mut tls = TlsTermination {
        default_certificate: arns[0].into(),
        certificates: arns[1..].iter().map(|arn| Arc::from(*arn)).collect(),
        is_tls12_allowed: true,
        alpn: AlpnPolicy::None,
    };
    adjust(&mut tls);
    let listener = &mut world.balancer().listeners[0];
    listener.protocol = Protocol::Tls;
    listener.tls = Some(Arc::new(tls));
}

/// A client that has not shaken hands yet.
pub(crate) fn dial(addr: SocketAddr, host: &str, config: &Arc<ClientConfig>) -> ClientStream {
    let name = host.to_owned().try_into().unwrap();
    let connection = ClientConnection::new(Arc::clone(config), name).unwrap();
    StreamOwned::new(connection, connect(addr))
}

/// A client that has, or why it could not.
pub(crate) fn agree(
    addr: SocketAddr,
    host: &str,
    config: &Arc<ClientConfig>,
) -> std::io::Result<ClientStream> {
    let mut stream = dial(addr, host, config);
    while stream.conn.is_handshaking() {
        stream.conn.complete_io(&mut stream.sock)?;
    }
    Ok(stream)
}

/// A target's end of a connection.
pub(crate) fn serve(stream: TcpStream, config: &Arc<ServerConfig>) -> TargetStream {
    StreamOwned::new(ServerConnection::new(Arc::clone(config)).unwrap(), stream)
}

/// Sends a byte both ways.
pub(crate) fn assert_alive(
    client: &mut (impl std::io::Read + std::io::Write),
    target: &mut (impl std::io::Read + std::io::Write),
) {
    let mut byte = [0];
    client.write_all(b"?").unwrap();
    client.flush().unwrap();
    target.read_exact(&mut byte).unwrap();
    assert_eq!(&byte, b"?");
    target.write_all(b"!").unwrap();
    target.flush().unwrap();
    client.read_exact(&mut byte).unwrap();
    assert_eq!(&byte, b"!");
}

/// Says the last word, and closes the socket's half.
pub(crate) fn finish(stream: &mut ClientStream) {
    stream.conn.send_close_notify();
    stream.conn.complete_io(&mut stream.sock).unwrap();
    stream.sock.shutdown(std::net::Shutdown::Write).unwrap();
}

pub(crate) fn read_to_end(stream: &mut impl std::io::Read) -> std::io::Result<Vec<u8>> {
    let mut all = Vec::new();
    stream.read_to_end(&mut all)?;
    Ok(all)
}

pub(crate) fn write_all(stream: &mut impl std::io::Write, bytes: &[u8]) {
    stream.write_all(bytes).unwrap();
    stream.flush().unwrap();
}

/// The checksum of so many bytes.
pub(crate) fn checksum(
    mut read: impl FnMut(&mut [u8]) -> std::io::Result<usize>,
    bytes: usize,
) -> u32 {
    let (mut buffer, mut sum, mut left) = (vec![0; 1 << 16], 0, bytes);
    while left > 0 {
        let n = read(&mut buffer).unwrap();
        assert_ne!(n, 0, "{left} bytes are missing");
        sum = crc32c::crc32c_append(sum, &buffer[..n]);
        left -= n;
    }
    sum
}

/// Sends a block again and again, receives so many bytes at the same time, and tells their
/// checksum.
pub(crate) fn exchange(
    client: ClientStream,
    block: Vec<u8>,
    blocks: usize,
    bytes: usize,
) -> thread::JoinHandle<u32> {
    let (connection, mut socket) = client.into_parts();
    let connection = Arc::new(Mutex::new(connection));
    let (sealing, mut sending) = (Arc::clone(&connection), socket.try_clone().unwrap());
    thread::spawn(move || {
        for _ in 0..blocks {
            for part in block.chunks(1 << 14) {
                let mut sealed = Vec::new();
                let mut connection = sealing.lock().unwrap();
                connection.writer().write_all(part).unwrap();
                while connection.wants_write() {
                    connection.write_tls(&mut sealed).unwrap();
                }
                drop(connection);
                sending.write_all(&sealed).unwrap();
            }
        }
    });
    thread::spawn(move || {
        let mut sealed = vec![0; 1 << 14];
        let read = |buffer: &mut [u8]| loop {
            // rustls takes no more than it has room for: small bites, and each is cleared away.
            let n = socket.read(&mut sealed[..4096])?;
            let (mut open, mut rest) = (connection.lock().unwrap(), &sealed[..n]);
            let mut got = 0;
            while !rest.is_empty() {
                open.read_tls(&mut rest).unwrap();
                open.process_new_packets().unwrap();
                while let Ok(n @ 1..) = open.reader().read(&mut buffer[got..]) {
                    got += n;
                }
            }
            if got > 0 {
                return Ok(got);
            }
        };
        checksum(read, bytes)
    })
}
