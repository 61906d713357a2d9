//! Batches over loopback, both families, joined and apart.
#![expect(clippy::disallowed_methods, reason = "tests send over loopback and may block")]

use std::{net::UdpSocket, os::fd::AsFd as _};

use super::*;

fn pair(address: &str) -> (UdpSocket, UdpSocket) {
    let both = [address, address].map(|it| UdpSocket::bind(it).unwrap());
    let [client, server] = both;
    client.connect(server.local_addr().unwrap()).unwrap();
    (client, server)
}

fn all(inbox: &Inbox) -> Vec<Vec<u8>> {
    let messages = (0..inbox.len()).filter_map(|at| inbox.get(at));
    messages.flat_map(|it| it.datagrams().map(<[u8]>::to_vec)).collect()
}

#[test]
fn what_is_sent_arrives_in_order_with_its_sender() {
    for address in ["127.0.0.1:0", "[::1]:0"] {
        let (client, server) = pair(address);
        let texts: [&[u8]; 4] = [b"one", b"", b"three", &[7; 60_000]];
        let parts = texts.map(|text| {
            [IoSlice::new(&text[..text.len() / 2]), IoSlice::new(&text[text.len() / 2..])]
        });
        let outgoing: Vec<_> =
            parts.iter().map(|parts| Outgoing { to: None, parts, segment: None }).collect();
        assert_eq!(send(client.as_fd(), &outgoing).unwrap(), 4);
        let mut inbox = Inbox::new(6);
        assert_eq!(inbox.receive(server.as_fd(), 3).unwrap(), 3);
        assert_eq!(inbox.receive(server.as_fd(), BURST).unwrap(), 1);
        let nothing = inbox.receive(server.as_fd(), BURST).unwrap_err();
        assert_eq!(nothing.kind(), io::ErrorKind::WouldBlock);
        assert_eq!(all(&inbox), texts.map(<[u8]>::to_vec));
        assert_eq!(inbox.room(), 2);
        let from = client.local_addr().unwrap();
        assert!((0..4).all(|at| inbox.get(at).unwrap().peer == Some(from)));
        // The other way, by address.
        let back = [Outgoing { to: Some(from), parts: &[IoSlice::new(b"back")], segment: None }];
        assert_eq!(send(server.as_fd(), &back).unwrap(), 1);
        inbox.clear();
        inbox.receive(client.as_fd(), 1).unwrap();
        assert_eq!(all(&inbox), [b"back"]);
        assert_eq!(inbox.get(0).unwrap().peer, Some(server.local_addr().unwrap()));
    }
}

#[test]
fn segments_arrive_apart_and_joined() {
    for joins in [false, true] {
        let (client, server) = pair("127.0.0.1:0");
        if joins {
            join_received(server.as_fd()).unwrap();
        }
        let parts = [[1_u8; 500], [2; 500], [3; 500]];
        let parts = [&parts[0][..], &parts[1], &parts[2], &[4; 20]].map(IoSlice::new);
        let segment = NonZeroU16::new(500);
        let outgoing = [Outgoing { to: None, parts: &parts, segment }];
        assert_eq!(send(client.as_fd(), &outgoing).unwrap(), 1);
        let mut inbox = Inbox::new(BURST);
        let messages = inbox.receive(server.as_fd(), BURST).unwrap();
        assert_eq!(messages, if joins { 1 } else { 4 });
        let expected: Vec<_> = parts.iter().map(|part| part.to_vec()).collect();
        assert_eq!(all(&inbox), expected);
    }
}

#[test]
fn a_full_inbox_takes_nothing_and_keeps_what_it_has() {
    let (client, server) = pair("127.0.0.1:0");
    for text in [b"a", b"b", b"c"] {
        client.send(text).unwrap();
    }
    let mut inbox = Inbox::new(2);
    assert_eq!(inbox.receive(server.as_fd(), BURST).unwrap(), 2);
    assert_eq!((inbox.room(), inbox.receive(server.as_fd(), BURST).unwrap()), (0, 0));
    assert_eq!(all(&inbox), [b"a", b"b"]);
    inbox.clear();
    assert_eq!(inbox.receive(server.as_fd(), BURST).unwrap(), 1);
    assert_eq!(all(&inbox), [b"c"]);
}

#[test]
fn a_refused_peer_is_an_error_of_a_later_call() {
    let (client, server) = pair("127.0.0.1:0");
    drop(server);
    let outgoing = [Outgoing { to: None, parts: &[IoSlice::new(b"?")], segment: None }];
    assert_eq!(send(client.as_fd(), &outgoing).unwrap(), 1);
    let refused = send(client.as_fd(), &outgoing).unwrap_err();
    assert_eq!(refused.kind(), io::ErrorKind::ConnectionRefused);
}
