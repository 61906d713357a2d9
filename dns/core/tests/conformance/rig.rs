//! Questions as bytes, answers as text. Every answer is read by hickory-proto, so what our writer
//! thinks of its own output counts for nothing.

use std::{fmt::Write as _, net::Ipv4Addr, sync::Arc};

use dns_core::{Answer, Catalog, CatalogBuilder, Transport, UDP_LEN_MAX, answer};
use hickory_proto::{op::Message, rr::Record};
use model::{
    Binding, DnsRecordIpType, Endpoint, EndpointState, Generation, Health, Interface, InterfaceId,
    Listener, ListenerId, LoadBalancer, LoadBalancerId, Protocol, ServiceId, Snapshot, SubnetId,
    Target, TargetAddr, TargetGroup, TargetGroupId, TargetHealth, VpcEndpointId, VpcId,
};

/// The zone of all endpoint names here.
pub(crate) const ZONE: &str = "us-east-1.vpce.amazonaws.com";
/// The one service.
pub(crate) const SERVICE: &str = "vpce-svc-0e123abc123198abc";
const ZONES: [&str; 3] = ["use1-az1", "use1-az2", "use1-az3"];

/// The name of endpoint `n`: Regional, or of one zone (0 to 2).
pub(crate) fn name(n: u16, zone: Option<usize>) -> String {
    let zone = zone.map(|zone| format!("-us-east-1{}", ["a", "b", "c"][zone]));
    format!("vpce-{n:017x}-29p5708s{}.{SERVICE}.{ZONE}", zone.unwrap_or_default())
}

/// Endpoint `n` with an interface in each zone: 10.ZONE.n/256.n%256 and fd00:ZONE::n.
pub(crate) fn endpoint(n: u16, kind: DnsRecordIpType) -> Endpoint {
    let interface = |zone: usize| {
        let z = u8::try_from(zone).unwrap();
        let [high, low] = n.to_be_bytes();
        Interface {
            id: InterfaceId::from_bits(u128::from(n) << 8 | u128::from(z)),
            subnet: SubnetId::from_bits(u128::from(z)),
            zone: ZONES[zone].parse().unwrap(),
            zonal_name: name(n, Some(zone)).parse().unwrap(),
            ipv4: Some(Ipv4Addr::new(10, z, high, low)),
            ipv6: Some([0xFD00, z.into(), 0, 0, 0, 0, 0, n].into()),
            load_balancer: LoadBalancerId::from_bits(1),
        }
    };
    Endpoint {
        id: VpcEndpointId::from_bits(n.into()),
        owner: "222222222222".parse().unwrap(),
        vpc: VpcId::from_bits(1),
        service: SERVICE[9..].parse().unwrap_or(ServiceId::from_bits(1)),
        state: EndpointState::Available,
        regional_name: name(n, None).parse().unwrap(),
        private_dns_names: Vec::new(),
        dns_record_ip_type: kind,
        limits: model::EndpointLimits::default(),
        interfaces: (0..3).map(interface).collect(),
    }
}

/// A snapshot with these endpoints, and one target per zone behind them.
pub(crate) fn snapshot(generation: u64, endpoints: impl IntoIterator<Item = Endpoint>) -> Snapshot {
    let mut snapshot = Snapshot::empty("us-east-1".parse().unwrap());
    snapshot.generation = Generation(generation);
    snapshot.endpoints = endpoints.into_iter().map(|e| (e.id, Arc::new(e))).collect();
    let group = TargetGroupId::from_bits(1);
    let port = 80.try_into().unwrap();
    let zones = ZONES.map(|zone| zone.parse().unwrap());
    let load_balancer = LoadBalancer {
        listeners: vec![Listener::new(ListenerId::from_bits(1), port, group)],
        ..LoadBalancer::new(LoadBalancerId::from_bits(1), zones)
    };
    snapshot.load_balancers.insert(load_balancer.id, Arc::new(load_balancer));
    let target = |zone: usize| Target {
        addr: target(zone),
        zone: Some(ZONES[zone].parse().unwrap()),
        draining: false,
    };
    let targets = (0..3).map(target).collect();
    let targets = TargetGroup { targets, ..TargetGroup::new(group, Protocol::Tcp) };
    snapshot.target_groups.insert(group, Arc::new(targets));
    snapshot
}

fn target(zone: usize) -> TargetAddr {
    TargetAddr(([192, 0, 2, u8::try_from(zone).unwrap() + 1], 80).into())
}

/// Health in which the targets of these zones are healthy.
pub(crate) fn health(zones: &[usize]) -> Health {
    let group = TargetGroupId::from_bits(1);
    let targets = zones.iter().map(|zone| ((group, target(*zone)), TargetHealth::Healthy));
    let bindings = [(VpcEndpointId::from_bits(1), Binding::Bound)].into();
    Health { generation: Generation(1), bindings, targets: targets.collect(), ..Health::default() }
}

/// Endpoint 1 of type dualstack, 2 ipv4, 3 ipv6, 4 service-defined; all zones healthy.
pub(crate) fn world() -> Catalog {
    let kinds = [
        DnsRecordIpType::Dualstack,
        DnsRecordIpType::Ipv4,
        DnsRecordIpType::Ipv6,
        DnsRecordIpType::ServiceDefined,
    ];
    let endpoints = (1..).zip(kinds).map(|(n, kind)| endpoint(n, kind));
    let name_server = Ipv4Addr::new(127, 0, 0, 53).into();
    CatalogBuilder::new(vec![name_server]).build(&snapshot(7, endpoints), &health(&[0, 1, 2]))
}

/// A question as bytes: `id` 0x4A4A, RD set, class IN; the parts may be changed.
#[derive(Clone)]
pub(crate) struct Question {
    pub(crate) flags: u16,
    pub(crate) counts: [u16; 4],
    pub(crate) name: String,
    pub(crate) qtype: u16,
    pub(crate) class: u16,
    pub(crate) rest: Vec<u8>,
}

/// Asks for a name, as text without a final dot.
pub(crate) fn ask(name: impl Into<String>, qtype: u16) -> Question {
    let name = name.into();
    Question { flags: 0x0100, counts: [1, 0, 0, 0], name, qtype, class: 1, rest: Vec::new() }
}

impl Question {
    pub(crate) fn flags(mut self, flags: u16) -> Self {
        self.flags = flags;
        self
    }

    pub(crate) fn class(mut self, class: u16) -> Self {
        self.class = class;
        self
    }

    pub(crate) fn counts(mut self, counts: [u16; 4]) -> Self {
        self.counts = counts;
        self
    }

    /// Adds an OPT record: payload size, version and flags, options.
    pub(crate) fn opt(mut self, payload: u16, version_and_flags: u32, options: &[u8]) -> Self {
        self.counts[3] += 1;
        self.rest.extend([0, 0, 41]);
        self.rest.extend(payload.to_be_bytes());
        self.rest.extend(version_and_flags.to_be_bytes());
        self.rest.extend(u16::try_from(options.len()).unwrap().to_be_bytes());
        self.rest.extend(options);
        self
    }

    /// Adds bytes behind everything, and to the counts of the sections what is said.
    pub(crate) fn also(mut self, counts: [u16; 4], bytes: &[u8]) -> Self {
        self.counts.iter_mut().zip(counts).for_each(|(count, more)| *count += more);
        self.rest.extend(bytes);
        self
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        let mut bytes = vec![0x4A, 0x4A];
        bytes.extend(self.flags.to_be_bytes());
        self.counts.iter().for_each(|count| bytes.extend(count.to_be_bytes()));
        for label in self.name.split('.').filter(|label| !label.is_empty()) {
            bytes.push(u8::try_from(label.len()).unwrap());
            bytes.extend(label.as_bytes());
        }
        bytes.push(0);
        bytes.extend(self.qtype.to_be_bytes());
        bytes.extend(self.class.to_be_bytes());
        bytes.extend(&self.rest);
        bytes
    }
}

/// Answers over UDP in turn 0, and gives the bytes.
pub(crate) fn udp(catalog: &Catalog, message: &[u8]) -> (Answer, Vec<u8>) {
    reply(catalog, message, Transport::Udp, UDP_LEN_MAX)
}

/// Answers in turn 0 with a buffer of this length.
pub(crate) fn reply(
    catalog: &Catalog,
    message: &[u8],
    transport: Transport,
    room: usize,
) -> (Answer, Vec<u8>) {
    let mut buffer = vec![0xEE; room];
    let view = catalog.view_of(Ipv4Addr::LOCALHOST.into());
    let answer = answer(view, message, transport, 0, &mut buffer);
    buffer.truncate(answer.len);
    (answer, buffer)
}

/// A reply as text: rcode and flags, then a line per record, the zone's name written `@`.
pub(crate) fn text(reply: &[u8]) -> String {
    if reply.is_empty() {
        return "dropped".to_owned();
    }
    let message = Message::from_vec(reply).unwrap();
    let meta = &message.metadata;
    assert!(!meta.recursion_available && !meta.authentic_data && !meta.checking_disabled);
    // 16 means BADSIG in a TSIG record and BADVERS in an OPT record.
    let mut text = format!("{:?}", meta.response_code).replace("BADSIG", "BADVERS");
    let flags = [(meta.authoritative, " aa"), (meta.truncation, " tc")];
    flags.iter().filter(|(set, _)| *set).for_each(|(_, word)| text.push_str(word));
    if let Some(edns) = &message.edns {
        let dnssec_ok = if edns.flags().dnssec_ok { " do" } else { "" };
        write!(text, " edns={}{dnssec_ok}", edns.max_payload()).unwrap();
    }
    let sections =
        [("", &message.answers), ("~", &message.authorities), ("+", &message.additionals)];
    for (sign, records) in sections {
        records.iter().for_each(|record| write!(text, "\n{sign}{}", line(record)).unwrap());
    }
    text
}

fn line(record: &Record) -> String {
    let (name, ttl, rtype) = (&record.name, record.ttl, record.record_type());
    let line = format!("{name} {ttl} {rtype} {}", record.data);
    line.replace(&format!("{SERVICE}.{ZONE}."), "svc.@").replace(&format!("{ZONE}."), "@")
}
