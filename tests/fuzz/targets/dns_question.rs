//! Any datagram gets a reply that fits and that another implementation can read, or none; without a
//! cookie at most three times its own length.
#![no_main]

use std::{
    net::{IpAddr, Ipv4Addr},
    sync::{Arc, LazyLock},
};

use dns_core::{
    Catalog, CatalogBuilder, Cookie, CookieSecret, Identity, TCP_LEN_MAX, Terms, Transport,
    UDP_LEN_MAX, answer, answer_on, answer_shortly,
};
use hickory_proto::op::Message;
use model::{
    DnsName, DnsRecordIpType, Endpoint, EndpointState, Health, Interface, InterfaceId,
    LoadBalancerId, NameToken, ServiceId, Snapshot, SubnetId, VpcEndpointId, VpcId,
};

static CATALOG: LazyLock<Catalog> = LazyLock::new(|| {
    let name_servers = vec![IpAddr::V4(Ipv4Addr::LOCALHOST)];
    CatalogBuilder::new(name_servers).build(&snapshot(), &Health::default())
});

static IDENTITY: LazyLock<Identity> =
    LazyLock::new(|| Identity::new(Some(&"n".repeat(64)), Some("version"), Some("id")));
static COOKIES: LazyLock<CookieSecret> = LazyLock::new(|| CookieSecret::drawn([7; 16]));

fn snapshot() -> Snapshot {
    let region = "us-east-1".parse().expect("a region");
    let (id, service) = (VpcEndpointId::from_bits(1), ServiceId::from_bits(1));
    let regional_name = DnsName::regional(id, &NameToken::from_bits(0), service, &region);
    let interfaces = ["a", "b"].map(|zone| Interface {
        id: InterfaceId::from_bits(1),
        subnet: SubnetId::from_bits(1),
        zone: zone.parse().expect("a zone id"),
        zonal_name: regional_name.zonal(&zone.parse().expect("a zone name")),
        ipv4: Some(Ipv4Addr::new(10, 0, 0, 4)),
        ipv6: Some(Ipv4Addr::new(10, 0, 0, 4).to_ipv6_mapped()),
        load_balancer: LoadBalancerId::from_bits(1),
    });
    let endpoint = Endpoint {
        id,
        owner: "111111111111".parse().expect("an account"),
        vpc: VpcId::from_bits(1),
        service,
        state: EndpointState::Available,
        regional_name,
        dns_record_ip_type: DnsRecordIpType::Dualstack,
        limits: model::EndpointLimits::default(),
        private_dns_names: Vec::new(),
        interfaces: interfaces.into(),
    };
    let mut snapshot = Snapshot::empty(region);
    snapshot.endpoints.insert(id, Arc::new(endpoint));
    snapshot
}

libfuzzer_sys::fuzz_target!(|input: (u32, &[u8])| {
    let (turn, message) = input;
    let view = CATALOG.view_of(IpAddr::V4(Ipv4Addr::LOCALHOST));
    for (transport, len_max) in [(Transport::Udp, UDP_LEN_MAX), (Transport::Tcp, TCP_LEN_MAX)] {
        let mut buffer = vec![0; len_max];
        let answer = answer(view, message, transport, turn, &mut buffer);
        assert!(answer.len <= len_max);
        check(message, &buffer[..answer.len]);
    }
    let terms = Terms {
        now_s: 1_700_000_000,
        identity: &IDENTITY,
        cookies: Some(&COOKIES),
        amplification_max: Some(3),
        ..Terms::plain(Transport::Udp, turn)
    };
    let mut buffer = vec![0; UDP_LEN_MAX];
    for is_over in [false, true] {
        let answer = if is_over {
            answer_shortly(&terms, message, &mut buffer)
        } else {
            answer_on(&terms, view, message, &mut buffer)
        };
        check(message, &buffer[..answer.len]);
        if answer.cookie != Cookie::Proved {
            assert!(answer.len <= 3 * message.len());
        }
    }
});

/// A question that was understood is answered in a form that others understand.
fn check(message: &[u8], reply: &[u8]) {
    if reply.len() > 12 {
        let reply = Message::from_vec(reply).expect("a readable reply");
        assert_eq!(reply.metadata.id.to_be_bytes(), message[..2]);
    }
}
