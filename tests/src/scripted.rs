//! Connections that follow a script known to both ends: how many bytes go each way, who half-closes
//! first, who resets. Both ends check every byte by its CRC.

use std::{
    io::{self, ErrorKind, Read, Write},
    net::{IpAddr, Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    thread,
};

use crate::client;

/// What happens on a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The client sends all, half-closes, then the target sends all and closes.
    ClientFirst,
    /// Both send at once; each half-closes when it is done.
    Both,
    /// The client resets in the middle of its upload.
    ClientResets,
    /// The target resets in the middle of its download.
    TargetResets,
}

/// One connection's script.
#[derive(Clone, Copy, Debug)]
pub struct Script {
    /// What happens.
    pub kind: Kind,
    /// Bytes from client to target.
    pub up: u32,
    /// Bytes from target to client.
    pub down: u32,
    /// What the bytes are drawn from.
    pub seed: u32,
}

const SCRIPT_BYTES: usize = 13;
const BLOCK: usize = 64 * 1024;

impl Script {
    /// Draws a script with sizes from 1 byte to 4 MiB, small ones as likely as large ones.
    pub fn draw(random: &mut fastrand::Rng) -> Self {
        let kind = match random.u8(..10) {
            0 => Kind::ClientResets,
            1 => Kind::TargetResets,
            2..=5 => Kind::ClientFirst,
            _ => Kind::Both,
        };
        let mut size = || {
            let doublings = random.u32(0..=22);
            random.u32(1..=1 << doublings)
        };
        let (up, down) = (size(), size());
        Self { kind, up, down, seed: random.u32(..) }
    }

    fn encode(self) -> [u8; SCRIPT_BYTES] {
        let mut bytes = [self.kind as u8; SCRIPT_BYTES];
        bytes[1..5].copy_from_slice(&self.up.to_be_bytes());
        bytes[5..9].copy_from_slice(&self.down.to_be_bytes());
        bytes[9..].copy_from_slice(&self.seed.to_be_bytes());
        bytes
    }

    fn decode(bytes: [u8; SCRIPT_BYTES]) -> Self {
        let kinds = [Kind::ClientFirst, Kind::Both, Kind::ClientResets, Kind::TargetResets];
        let word = |at: usize| u32::from_be_bytes(bytes[at..at + 4].try_into().unwrap());
        Self { kind: kinds[usize::from(bytes[0])], up: word(1), down: word(5), seed: word(9) }
    }
}

/// Plays the client's part and checks what comes back.
pub fn play(address: IpAddr, port: u16, script: Script) -> Result<(), String> {
    client_part(address, port, script).map_err(|error| format!("{script:?}: {error}"))
}

fn client_part(address: IpAddr, port: u16, script: Script) -> io::Result<()> {
    let mut stream = client::connect(address, port)?;
    stream.write_all(&script.encode())?;
    match script.kind {
        Kind::ClientFirst => {
            let sent = send(&mut stream, script.up, script.seed)?;
            stream.shutdown(Shutdown::Write)?;
            receive_and_check(&mut stream, script.down, sent)
        }
        Kind::Both => {
            let mut writer = stream.try_clone()?;
            let sender = thread::spawn(move || {
                let sent = send(&mut writer, script.up, script.seed)?;
                writer.shutdown(Shutdown::Write)?;
                io::Result::Ok(sent)
            });
            let (bytes, trailer) = receive(&mut stream, script.down)?;
            check(bytes, &trailer, sender.join().expect("the sender does not panic")?)
        }
        Kind::ClientResets => {
            send(&mut stream, script.up, script.seed)?;
            client::reset(stream);
            Ok(())
        }
        Kind::TargetResets => match io::copy(&mut stream, &mut io::sink()) {
            Err(error) if error.kind() == ErrorKind::ConnectionReset => Ok(()),
            Err(error) => Err(error),
            Ok(bytes) => Err(io::Error::other(format!("a clean end after {bytes} bytes"))),
        },
    }
}

fn receive_and_check(stream: &mut TcpStream, down: u32, sent: u32) -> io::Result<()> {
    let (bytes, trailer) = receive(stream, down)?;
    check(bytes, &trailer, sent)
}

/// The trailer says what the target sent and what it got.
fn check(received: u32, trailer: &[u8], sent: u32) -> io::Result<()> {
    let expected = [received.to_be_bytes(), sent.to_be_bytes()].concat();
    if trailer == expected {
        Ok(())
    } else {
        Err(io::Error::other(format!("CRCs differ: {trailer:02x?}, expected {expected:02x?}")))
    }
}

/// Sends `length` pseudo-random bytes; returns their CRC.
fn send(stream: &mut TcpStream, length: u32, seed: u32) -> io::Result<u32> {
    let mut random = fastrand::Rng::with_seed(seed.into());
    let mut block = vec![0; BLOCK.min(length as usize)];
    let mut crc = 0;
    let mut left = length as usize;
    while left > 0 {
        let part = left.min(BLOCK);
        random.fill(&mut block[..part]);
        crc = crc32c::crc32c_append(crc, &block[..part]);
        stream.write_all(&block[..part])?;
        left -= part;
    }
    Ok(crc)
}

/// Receives `length` bytes and then all until the end; returns the CRC of the former, and the
/// latter.
fn receive(stream: &mut TcpStream, length: u32) -> io::Result<(u32, Vec<u8>)> {
    let crc = receive_exactly(stream, length)?;
    let mut trailer = Vec::new();
    stream.read_to_end(&mut trailer)?;
    Ok((crc, trailer))
}

fn receive_exactly(stream: &mut TcpStream, length: u32) -> io::Result<u32> {
    let mut block = vec![0; BLOCK.min(length as usize).max(1)];
    let mut crc = 0;
    let mut left = length as usize;
    while left > 0 {
        let part = left.min(BLOCK);
        let read = stream.read(&mut block[..part])?;
        if read == 0 {
            return Err(io::Error::other(format!("{left} of {length} bytes are missing")));
        }
        crc = crc32c::crc32c_append(crc, &block[..read]);
        left -= read;
    }
    Ok(crc)
}

/// A target that plays the other part, behind a PROXY protocol version 2 header.
#[derive(Debug)]
pub struct ScriptedTarget {
    /// Where it listens.
    pub addr: SocketAddr,
    counts: Arc<Counts>,
}

/// What a target saw.
#[derive(Debug, Default)]
struct Counts {
    played: AtomicU32,
    resets_seen: AtomicU32,
    wrong: AtomicU32,
}

impl ScriptedTarget {
    /// Starts it; it ends with the test process.
    #[expect(clippy::disallowed_methods, reason = "the rig may block")]
    pub fn start() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let target = Self { addr: listener.local_addr().unwrap(), counts: Arc::default() };
        let counts = Arc::clone(&target.counts);
        thread::spawn(move || {
            for stream in listener.incoming() {
                let (counts, stream) = (Arc::clone(&counts), stream.unwrap());
                thread::spawn(move || target_part(stream, &counts));
            }
        });
        target
    }

    /// Connections that were played to their end.
    pub fn played(&self) -> u32 {
        self.counts.played.load(Ordering::SeqCst)
    }

    /// Connections that ended in a reset by the client, seen as a reset.
    pub fn resets_seen(&self) -> u32 {
        self.counts.resets_seen.load(Ordering::SeqCst)
    }

    /// Connections on which something was not as scripted.
    pub fn wrong(&self) -> u32 {
        self.counts.wrong.load(Ordering::SeqCst)
    }
}

fn target_part(mut stream: TcpStream, counts: &Counts) {
    stream.set_read_timeout(Some(std::time::Duration::from_secs(60))).unwrap();
    let script = match read_opening(&mut stream) {
        Ok(Some(script)) => script,
        // A probe: LOCAL, then nothing.
        Ok(None) => return,
        Err(error) => {
            // A reset may overtake the script's bytes.
            let counter = match error.kind() {
                ErrorKind::ConnectionReset => &counts.resets_seen,
                _ => &counts.wrong,
            };
            counter.fetch_add(1, Ordering::SeqCst);
            return;
        }
    };
    let result = play_target(&mut stream, script);
    let counter = match (script.kind, result) {
        (Kind::ClientResets, Err(error)) if error.kind() == ErrorKind::ConnectionReset => {
            &counts.resets_seen
        }
        (Kind::ClientResets, _) | (_, Err(_)) => &counts.wrong,
        (_, Ok(())) => {
            if script.kind == Kind::TargetResets {
                client::reset(stream);
            }
            &counts.played
        }
    };
    counter.fetch_add(1, Ordering::SeqCst);
}

/// Reads the header and the script; none if the header says LOCAL.
fn read_opening(stream: &mut TcpStream) -> io::Result<Option<Script>> {
    let mut fixed = [0; 16];
    stream.read_exact(&mut fixed)?;
    if fixed[..12] != *b"\r\n\r\n\0\r\nQUIT\n" {
        return Err(io::Error::other("the first bytes are no PROXY header"));
    }
    let mut rest = vec![0; usize::from(u16::from_be_bytes([fixed[14], fixed[15]]))];
    stream.read_exact(&mut rest)?;
    if fixed[12] == 0x20 {
        return Ok(None);
    }
    let mut script = [0; SCRIPT_BYTES];
    stream.read_exact(&mut script)?;
    Ok(Some(Script::decode(script)))
}

fn play_target(stream: &mut TcpStream, script: Script) -> io::Result<()> {
    match script.kind {
        Kind::ClientFirst => {
            let got = receive_exactly(stream, script.up)?;
            expect_end(stream)?;
            let sent = send(stream, script.down, !script.seed)?;
            stream.write_all(&[sent.to_be_bytes(), got.to_be_bytes()].concat())
        }
        Kind::Both => {
            let mut writer = stream.try_clone()?;
            let sender = thread::spawn(move || send(&mut writer, script.down, !script.seed));
            let got = receive_exactly(stream, script.up)?;
            let sent = sender.join().expect("the sender does not panic")?;
            stream.write_all(&[sent.to_be_bytes(), got.to_be_bytes()].concat())
        }
        Kind::ClientResets => io::copy(stream, &mut io::sink()).map(|_| ()),
        Kind::TargetResets => send(stream, script.down, !script.seed).map(|_| ()),
    }
}

fn expect_end(stream: &mut TcpStream) -> io::Result<()> {
    match stream.read(&mut [0])? {
        0 => Ok(()),
        _ => Err(io::Error::other("bytes after the end of the upload")),
    }
}
