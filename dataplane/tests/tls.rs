//! TLS listeners: who is presented which certificate, what is agreed upon, and that bytes, ends and
//! resets pass as they do without TLS.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "support/rig.rs"]
mod rig;
#[path = "support/tls.rs"]
mod tls;

use std::{
    io::{Read as _, Write as _},
    net::{Shutdown, SocketAddr},
    sync::Arc,
    thread,
    time::Duration,
};

use dataplane::{Certificates, Config, IdleEnd, TargetTls};
use dataplane_core::proxy_header::Parsed;
use model::{AlpnPolicy, Listener, ListenerId, Protocol, TlsTermination};
use rig::{Rig, Upstream, assert_refused, assert_reset, connect, noise, reset, simple_with};
use rustls::{HandshakeKind, ProtocolVersion};
use tls::{Pair, agree, assert_alive, certificates, finish, read_to_end, terminate, write_all};

const HOST: &str = "a.example.test";

/// One endpoint with a TLS listener that has this certificate, and what a client needs.
fn listening(
    adjust: impl FnOnce(&mut TlsTermination),
    settings: impl FnOnce(&mut Config),
) -> (Rig, Upstream, SocketAddr, Arc<rustls::ClientConfig>) {
    let pair = Pair::new(&[HOST]);
    let held = Certificates::new(certificates(&[("a", &pair)]));
    let (rig, upstream, addr) = simple_with(
        |world| terminate(world, &["a"], adjust),
        |config| {
            config.certificates = held;
            settings(config);
        },
    );
    (rig, upstream, addr, Arc::new(pair.client()))
}

fn plain() -> (Rig, Upstream, SocketAddr, Arc<rustls::ClientConfig>) {
    listening(|_| {}, |_| {})
}

#[test]
fn the_host_that_a_client_names_chooses_the_certificate() {
    let (one, other) = (Pair::new(&["a.example.test"]), Pair::new(&["*.other.test"]));
    let held = Certificates::new(certificates(&[("one", &one), ("other", &other)]));
    let (rig, upstream, addr) = simple_with(
        |world| terminate(world, &["one", "other"], |_| {}),
        |config| config.certificates = held.clone(),
    );
    for (host, pair) in [("a.example.test", &one), ("b.other.test", &other)] {
        let mut client = agree(addr, host, &Arc::new(pair.client())).unwrap();
        let shown = client.conn.peer_certificates().unwrap().to_vec();
        assert_eq!(shown, std::slice::from_ref(&pair.der), "{host}");
        assert_alive(&mut client, &mut upstream.accept());
    }
    // A host that is nobody's is shown the default, which this client does not take for its name.
    let error = agree(addr, "nobody.test", &Arc::new(one.client())).unwrap_err();
    assert!(error.to_string().contains("nobody.test"), "{error}");
    // Other certificates are presented from now on; who is connected stays so.
    let client = Arc::new(one.client());
    let mut live = agree(addr, "a.example.test", &client).unwrap();
    let mut target = upstream.accept();
    let new = Pair::new(&["a.example.test"]);
    held.replace(certificates(&[("one", &new)]));
    let mut again = agree(addr, "a.example.test", &Arc::new(new.client())).unwrap();
    assert_alive(&mut again, &mut upstream.accept());
    assert_alive(&mut live, &mut target);
    // None at all: nobody is let in.
    held.replace(certificates(&[]));
    assert!(agree(addr, "a.example.test", &client).is_err());
    assert_alive(&mut live, &mut target);
    drop(rig);
}

#[test]
fn versions_and_application_protocols_are_those_of_the_policy() {
    const H1: &[u8] = b"http/1.1";
    const H2: &[u8] = b"h2";
    let pair = Pair::new(&[HOST]);
    let held = Certificates::new(certificates(&[("a", &pair)]));
    let (mut rig, upstream, addr) =
        simple_with(|world| terminate(world, &["a"], |_| {}), |config| config.certificates = held);
    for (policy, offered, expected) in [
        (AlpnPolicy::None, &[H2, H1][..], None),
        (AlpnPolicy::Http1Only, &[H2, H1], Some(H1)),
        (AlpnPolicy::Http2Only, &[H1, H2], Some(H2)),
        (AlpnPolicy::Http2Optional, &[H2, H1], Some(H1)),
        (AlpnPolicy::Http2Optional, &[H2], Some(H2)),
        (AlpnPolicy::Http2Preferred, &[H1, H2], Some(H2)),
        (AlpnPolicy::Http2Preferred, &[b"http/1.0"], Some(b"http/1.0")),
        // Without one in common, or offered, none is used.
        (AlpnPolicy::Http2Only, &[H1], None),
        (AlpnPolicy::Http2Only, &[], None),
    ] {
        terminate(&mut rig.world, &["a"], |tls| tls.alpn = policy);
        rig.publish();
        let mut config = pair.client();
        config.alpn_protocols = offered.iter().map(|it| it.to_vec()).collect();
        let mut client = agree(addr, HOST, &Arc::new(config)).unwrap();
        assert_eq!(client.conn.alpn_protocol(), expected, "{policy:?} {offered:?}");
        assert_alive(&mut client, &mut upstream.accept());
    }
    let old = Arc::new(pair.client_of(&[&rustls::version::TLS12]));
    let mut client = agree(addr, HOST, &old).unwrap();
    assert_eq!(client.conn.protocol_version(), Some(ProtocolVersion::TLSv1_2));
    assert_alive(&mut client, &mut upstream.accept());
    terminate(&mut rig.world, &["a"], |tls| tls.is_tls12_allowed = false);
    rig.publish();
    assert!(agree(addr, HOST, &old).is_err());
    let client = agree(addr, HOST, &Arc::new(pair.client())).unwrap();
    assert_eq!(client.conn.protocol_version(), Some(ProtocolVersion::TLSv1_3));
}

#[test]
fn sessions_are_resumed_also_after_a_change_of_the_listener() {
    let pair = Pair::new(&[HOST]);
    let held = Certificates::new(certificates(&[("a", &pair)]));
    let (mut rig, upstream, addr) =
        simple_with(|world| terminate(world, &["a"], |_| {}), |config| config.certificates = held);
    for versions in [&[&rustls::version::TLS13][..], &[&rustls::version::TLS12]] {
        let config = Arc::new(pair.client_of(versions));
        let mut kinds = Vec::new();
        for round in 0..3 {
            let mut client = agree(addr, HOST, &config).unwrap();
            // Tickets of version 1.3 come after the handshake.
            assert_alive(&mut client, &mut upstream.accept());
            kinds.push(client.conn.handshake_kind().unwrap());
            if round == 1 {
                terminate(&mut rig.world, &["a"], |tls| tls.alpn = AlpnPolicy::Http1Only);
                rig.publish();
            }
        }
        let expected = [HandshakeKind::Full, HandshakeKind::Resumed, HandshakeKind::Resumed];
        assert_eq!(kinds, expected, "{versions:?}");
    }
}

#[test]
fn closed_halves_pass_both_ways() {
    let (_rig, upstream, addr, config) = plain();
    // The client is the first to have said all.
    let mut client = agree(addr, HOST, &config).unwrap();
    write_all(&mut client, b"question");
    finish(&mut client);
    let mut target = upstream.accept();
    assert_eq!(rig::read_to_end(&mut target), b"question");
    write_all(&mut target, b"answer");
    drop(target);
    assert_eq!(read_to_end(&mut client).unwrap(), b"answer");
    // The target is.
    let mut client = agree(addr, HOST, &config).unwrap();
    let mut target = upstream.accept();
    write_all(&mut target, b"greeting");
    target.shutdown(Shutdown::Write).unwrap();
    // Read to the end: rustls says so only after the last word in a record.
    assert_eq!(read_to_end(&mut client).unwrap(), b"greeting");
    write_all(&mut client, b"farewell");
    finish(&mut client);
    assert_eq!(rig::read_to_end(&mut target), b"farewell");
    // A client that closes its socket's half without a word is at its end as well.
    let mut client = agree(addr, HOST, &config).unwrap();
    write_all(&mut client, b"cut");
    client.sock.shutdown(Shutdown::Write).unwrap();
    let mut target = upstream.accept();
    assert_eq!(rig::read_to_end(&mut target), b"cut");
    write_all(&mut target, b"still here");
    drop(target);
    assert_eq!(read_to_end(&mut client).unwrap(), b"still here");
}

#[test]
fn resets_pass_both_ways() {
    let (_rig, upstream, addr, config) = plain();
    let mut client = agree(addr, HOST, &config).unwrap();
    let mut target = upstream.accept();
    assert_alive(&mut client, &mut target);
    reset(client.sock);
    assert_reset(&mut target);
    let mut client = agree(addr, HOST, &config).unwrap();
    let mut target = upstream.accept();
    assert_alive(&mut client, &mut target);
    reset(target);
    assert_reset(&mut client.sock);
    // A record that was changed on its way is the end of both.
    let mut client = agree(addr, HOST, &config).unwrap();
    let mut target = upstream.accept();
    assert_alive(&mut client, &mut target);
    client.sock.write_all(b"\x17\x03\x03\x00\x20 this was not encrypted by anyone").unwrap();
    assert_reset(&mut target);
    let error = read_to_end(&mut client).unwrap_err();
    assert!(error.to_string().contains("BadRecordMac"), "{error}");
}

/// The certificate of a target, and what it shakes hands with.
fn target_with(protocols: &[&[u8]]) -> (Pair, Arc<rustls::ServerConfig>) {
    let pair = Pair::new(&["target.test"]);
    let config = pair.server(protocols);
    (pair, config)
}

#[test]
fn a_target_is_spoken_to_in_tls_with_what_was_agreed_upon() {
    let (_, serving) = target_with(&[b"http/1.1", b"h2"]);
    let (mut rig, upstream, addr, config) =
        listening(|tls| tls.alpn = AlpnPolicy::Http2Preferred, |_| {});
    rig.world.group().protocol = Protocol::Tls;
    rig.world.group().proxy_protocol_v2 = true;
    rig.publish();
    let mut config = rustls::ClientConfig::clone(&config);
    config.alpn_protocols = vec![b"h2".to_vec()];
    let config = Arc::new(config);
    for round in 0..2 {
        let mut client = agree(addr, HOST, &config).unwrap();
        let mut target = upstream.accept();
        // The header comes as it is, before any record.
        let (header, rest) = {
            let mut head = [0; 61];
            target.read_exact(&mut head).unwrap();
            (dataplane_core::proxy_header::parse(&head).unwrap(), head.len())
        };
        assert!(matches!(header, Parsed::Header(header) if header.length == rest), "{header:?}");
        let mut target = tls::serve(target, &serving);
        assert_alive(&mut client, &mut target);
        assert_eq!(target.conn.alpn_protocol(), Some(&b"h2"[..]));
        assert_eq!(target.conn.server_name(), None);
        let is_resumed = target.conn.handshake_kind() == Some(HandshakeKind::Resumed);
        assert_eq!(is_resumed, round > 0);
        // The last words of both pass in records.
        write_all(&mut target, b"bye");
        target.conn.send_close_notify();
        target.conn.complete_io(&mut target.sock).unwrap();
        assert_eq!(read_to_end(&mut client).unwrap(), b"bye");
        finish(&mut client);
        assert_eq!(read_to_end(&mut target).unwrap(), b"");
    }
    // A target that is cut off: so is the client, without the word that it was the end.
    let mut client = agree(addr, HOST, &config).unwrap();
    let mut target = upstream.accept();
    target.read_exact(&mut [0; 61]).unwrap();
    let mut target = tls::serve(target, &serving);
    assert_alive(&mut client, &mut target);
    target.sock.shutdown(Shutdown::Write).unwrap();
    let error = read_to_end(&mut client).unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::UnexpectedEof);
}

#[test]
fn much_passes_to_a_target_in_tls() {
    let (_, serving) = target_with(&[]);
    let (mut rig, upstream, addr, config) = plain();
    rig.world.group().protocol = Protocol::Tls;
    rig.publish();
    let mut client = agree(addr, HOST, &config).unwrap();
    let target = upstream.accept();
    let sent = noise(9, 5 << 20);
    let expected = sent.clone();
    let other = thread::spawn(move || {
        let mut target = tls::serve(target, &serving);
        let got = read_to_end(&mut target).unwrap();
        assert!(got == expected, "{} bytes", got.len());
        write_all(&mut target, &got);
        target.conn.send_close_notify();
        target.conn.complete_io(&mut target.sock).unwrap();
    });
    write_all(&mut client, &sent);
    finish(&mut client);
    assert!(read_to_end(&mut client).unwrap() == sent);
    other.join().unwrap();
}

#[test]
fn a_target_without_the_right_certificate_is_passed_by() {
    let (pair, right) = target_with(&[]);
    let wrong = Pair::new(&["target.test"]).server(&[]);
    let second = Upstream::start();
    let (mut rig, first, addr, config) = listening(
        |_| {},
        |config| {
            let server_name = Some("target.test".parse().unwrap());
            config.target_tls = TargetTls { authorities: Some(pair.authorities()), server_name };
        },
    );
    rig.world.group().protocol = Protocol::Tls;
    rig.world.register(&second, "a");
    rig.publish();
    rig.wait_for_healthy(&[&first, &second]);
    let answer = |upstream: &Upstream, serving: Arc<rustls::ServerConfig>| {
        let listener = upstream.listener();
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let mut target = tls::serve(stream, &serving);
                // Whoever distrusts us hangs up.
                let _ = target.write_all(b"trusted").and_then(|()| target.flush());
                let _ = target.read(&mut [0]);
            }
        });
    };
    answer(&first, wrong);
    answer(&second, right);
    for _ in 0..10 {
        let mut client = agree(addr, HOST, &config).unwrap();
        let mut word = [0; 7];
        client.read_exact(&mut word).unwrap();
        assert_eq!(&word, b"trusted");
    }
    // With none left the client is reset.
    rig.world.group().targets.retain(|target| target.addr == first.addr());
    rig.publish();
    let mut client = agree(addr, HOST, &config).unwrap();
    assert_reset(&mut client.sock);
}

#[test]
fn who_speaks_no_tls_reaches_no_target() {
    let (_rig, upstream, addr, config) = plain();
    let header = b"\r\n\r\n\0\r\nQUIT\n\x20\0\0\0";
    for bytes in [&b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"[..], &[0; 100], &noise(3, 5000), header] {
        let mut client = connect(addr);
        client.write_all(bytes).unwrap();
        let mut alert = Vec::new();
        // What is left unread of the bytes may turn the end into a reset, after the alert.
        let _ = client.read_to_end(&mut alert);
        assert!(alert.is_empty() || alert.starts_with(b"\x15\x03"), "{alert:?}");
    }
    let mut client = agree(addr, HOST, &config).unwrap();
    let mut target = upstream.accept();
    assert_alive(&mut client, &mut target);
    assert!(upstream.try_accept().is_none());
}

#[test]
fn slow_handshakes_end_in_time_and_make_room() {
    let (_rig, upstream, addr, config) = listening(
        |_| {},
        |config| {
            config.workers = 1.try_into().unwrap();
            config.handshakes_max = 16;
            config.handshake_timeout = Duration::from_secs(2);
        },
    );
    // A quarter of the room is for this endpoint: the fifth takes the first one's place.
    let mut idle: Vec<_> = (0..4).map(|_| connect(addr)).collect();
    let mut begun = connect(addr);
    begun.write_all(b"\x16\x03\x01\x02\x00\x01").unwrap();
    assert_reset(&mut idle[0]);
    // Who speaks is served, though the place of another is needed for it.
    let mut client = agree(addr, HOST, &config).unwrap();
    assert_alive(&mut client, &mut upstream.accept());
    assert_reset(&mut idle[1]);
    // The others, silent or in the middle of a word, end by time.
    idle.drain(2..).chain([begun]).for_each(|mut stream| assert_reset(&mut stream));
    assert_alive(&mut agree(addr, HOST, &config).unwrap(), &mut upstream.accept());
}

#[test]
fn a_removed_endpoint_ends_handshakes_and_sessions() {
    let (mut rig, upstream, addr, config) = plain();
    let mut shaking = connect(addr);
    shaking.write_all(b"\x16\x03\x01\x02\x00\x01").unwrap();
    let mut client = agree(addr, HOST, &config).unwrap();
    let mut target = upstream.accept();
    assert_alive(&mut client, &mut target);
    rig.world.remove_endpoint(1);
    rig.publish();
    assert_reset(&mut shaking);
    assert_reset(&mut client.sock);
    assert_reset(&mut target);
}

#[test]
fn the_header_comes_with_the_first_words() {
    let (mut rig, upstream, addr, config) = plain();
    rig.world.group().proxy_protocol_v2 = true;
    rig.publish();
    // Said with the last message of the handshake.
    let mut client = tls::dial(addr, HOST, &config);
    write_all(&mut client, b"question");
    let mut target = upstream.accept();
    let (header, mut rest) = rig::read_header(&mut target);
    assert_eq!(header.client.unwrap().0, client.sock.local_addr().unwrap());
    rest.extend(rig::read_exactly(&mut target, b"question".len() - rest.len()));
    assert_eq!(rest, b"question");
    // A client that waits for the target's word does not keep the header back.
    let client = agree(addr, HOST, &config).unwrap();
    let (header, rest) = rig::read_header(&mut upstream.accept());
    assert_eq!(header.client.unwrap().0, client.sock.local_addr().unwrap());
    assert!(rest.is_empty());
}

#[test]
fn the_header_names_the_host_if_that_is_wanted() {
    let (mut rig, upstream, addr, config) = plain();
    rig.world.group().proxy_protocol_v2 = true;
    rig.world.group().proxy_fields.authority = true;
    rig.publish();
    let _client = agree(addr, HOST, &config).unwrap();
    let mut head = [0; 200];
    let length = upstream.accept().read(&mut head).unwrap();
    let field = [b"\x02\x00\x0e", HOST.as_bytes()].concat();
    assert!(head[..length].windows(field.len()).any(|it| it == field), "{head:?}");
}

#[test]
fn the_idle_timeout_of_a_tls_listener_cannot_be_set() {
    const PLAIN_PORT: u16 = 7010;
    let (mut rig, upstream, addr, config) =
        listening(|_| {}, |config| config.idle_end = IdleEnd::Reset);
    let mut live = agree(addr, HOST, &config).unwrap();
    let mut target = upstream.accept();
    let balancer = rig.world.balancer();
    balancer.listeners[0].idle_timeout = Duration::from_millis(100);
    let plain = Listener {
        idle_timeout: Duration::from_millis(300),
        ..Listener::new(ListenerId::from_bits(2), PLAIN_PORT.try_into().unwrap(), rig::GROUP)
    };
    balancer.listeners.push(plain);
    rig.publish();
    let mut client = agree(addr, HOST, &config).unwrap();
    let mut other = upstream.accept();
    // A longer silence than that is the end of a connection without TLS, but not of these.
    assert_refused((addr.ip(), PLAIN_PORT).into());
    assert_alive(&mut client, &mut other);
    assert_alive(&mut live, &mut target);
}

#[test]
fn much_passes_both_ways_at_once_unchanged() {
    const BLOCK: usize = 1 << 20;
    const BLOCKS: usize = 24;
    let (_rig, upstream, addr, config) = plain();
    let client = agree(addr, HOST, &config).unwrap();
    let target = upstream.accept();
    let sum_of = |seed| {
        let block = noise(seed, BLOCK);
        (0..BLOCKS).fold(0, |sum, _| crc32c::crc32c_append(sum, &block))
    };
    let mut receiving = target.try_clone().unwrap();
    let mut sending = target;
    let sums = [
        thread::spawn(move || tls::checksum(|buffer| receiving.read(buffer), BLOCK * BLOCKS)),
        tls::exchange(client, noise(8, BLOCK), BLOCKS, BLOCK * BLOCKS),
    ];
    let block = noise(7, BLOCK);
    (0..BLOCKS).for_each(|_| sending.write_all(&block).unwrap());
    assert_eq!(sums.map(|sum| sum.join().unwrap()), [sum_of(8), sum_of(7)]);
}
