//! PROXY headers through a running data plane: who decides about them, what they say beyond the
//! endpoint's id, and what a client's own header becomes.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "support/rig.rs"]
mod rig;
#[path = "support/tls.rs"]
mod tls;

use std::{
    collections::BTreeSet,
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    sync::Arc,
};

use dataplane::Certificates;
use dataplane_core::proxy_header::{Padding, Template};
use model::{ClientAddr, EndpointAddr, EndpointField, ProxyFields, VpcEndpointId};
use rig::{Upstream, assert_alive, connect, read_exactly, read_header, simple, simple_with};

/// Reads the header in one call; its fields, checksum and padding left out.
fn read_fields(target: &mut TcpStream) -> Vec<(u8, Vec<u8>)> {
    let mut buffer = [0; 1024];
    let n = target.read(&mut buffer).unwrap();
    let length = usize::from(u16::from_be_bytes([buffer[14], buffer[15]]));
    assert!(16 + length <= n, "a whole header in one read");
    let mut rest = &buffer[16 + 12..16 + length];
    let mut fields = Vec::new();
    while let [kind, high, low, more @ ..] = rest {
        let bytes = usize::from(u16::from_be_bytes([*high, *low]));
        fields.push((*kind, more[..bytes].to_vec()));
        rest = &more[bytes..];
    }
    fields.retain(|(kind, _)| ![3, 4].contains(kind));
    fields
}

#[test]
fn a_clients_own_header_is_passed_on_untouched() {
    let (_rig, upstream, addr) = simple(|world| world.group().proxy_protocol_v2 = true);
    let ends: [SocketAddr; 2] = ["192.0.2.1:1", "192.0.2.2:2"].map(|addr| addr.parse().unwrap());
    let own = Template::new(VpcEndpointId::from_bits(99), Padding::To100Bytes)
        .encode(ClientAddr(ends[0]), EndpointAddr(ends[1]));
    let line = b"PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n";
    for sent in [&own[..], line] {
        let mut client = connect(addr);
        client.write_all(sent).unwrap();
        let mut target = upstream.accept();
        let (header, mut rest) = read_header(&mut target);
        assert_eq!(header.client, Some(ClientAddr(client.local_addr().unwrap())));
        assert_eq!(header.endpoint_id, Some(VpcEndpointId::from_bits(1)));
        rest.extend(read_exactly(&mut target, sent.len() - rest.len()));
        assert_eq!(rest, sent);
        assert_alive(&mut client, &mut target);
    }
}

/// Whether a new connection begins with a header.
fn has_header(addr: SocketAddr, upstream: &Upstream) -> bool {
    let mut client = connect(addr);
    client.write_all(b"?").unwrap();
    upstream.accept().read(&mut [0; 8]).unwrap() == 8
}

#[test]
fn a_listener_decides_for_itself_and_new_connections_follow() {
    let (mut rig, upstream, addr) = simple(|_| {});
    let mut old = (connect(addr), upstream.accept());
    for (group, listener, expected) in [
        (false, None, false),
        (false, Some(true), true),
        (true, Some(false), false),
        (true, None, true),
    ] {
        rig.world.group().proxy_protocol_v2 = group;
        rig.world.balancer().listeners[0].proxy_protocol_v2 = listener;
        rig.publish();
        assert_eq!(has_header(addr, &upstream), expected, "{group} {listener:?}");
        assert_alive(&mut old.0, &mut old.1);
    }
}

#[test]
fn each_connection_has_an_id_of_its_own_and_the_endpoint_the_form_asked_for() {
    let fields = |endpoint| ProxyFields { endpoint, unique_id: true, authority: true };
    let (mut rig, upstream, addr) = simple(|world| world.group().proxy_protocol_v2 = true);
    let mut ids = BTreeSet::new();
    for (form, expected) in [
        (EndpointField::Aws, (0xEA, b"\x01vpce-00000000000000001".to_vec())),
        (EndpointField::Azure, (0xEE, vec![1, 1, 0, 0, 0])),
        (EndpointField::Gcp, (0xE0, vec![0, 0, 0, 0, 0, 0, 0, 1])),
    ] {
        rig.world.group().proxy_fields = fields(form);
        rig.publish();
        for _ in 0..20 {
            let _client = connect(addr);
            let told = read_fields(&mut upstream.accept());
            assert_eq!(told[0], expected);
            assert_eq!((told.len(), told[1].0, told[1].1.len()), (2, 0x05, 32));
            assert!(ids.insert(told[1].1.clone()), "another id for each");
        }
    }
}

#[test]
fn the_host_that_a_client_named_is_told_if_the_group_wants_it() {
    let pair = tls::Pair::new(&["a.example.test"]);
    let held = Certificates::new(tls::certificates(&[("one", &pair)]));
    let (mut rig, upstream, addr) = simple_with(
        |world| {
            tls::terminate(world, &["one"], |_| {});
            world.group().proxy_protocol_v2 = true;
        },
        |config| config.certificates = held,
    );
    for wanted in [true, false] {
        rig.world.group().proxy_fields.authority = wanted;
        rig.publish();
        let _client = tls::agree(addr, "a.example.test", &Arc::new(pair.client())).unwrap();
        let told = read_fields(&mut upstream.accept());
        let host = told.iter().find(|field| field.0 == 0x02).map(|field| &field.1[..]);
        assert_eq!(host, wanted.then_some(&b"a.example.test"[..]));
    }
}
