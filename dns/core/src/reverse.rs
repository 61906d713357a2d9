//! The names of addresses: PTR records of endpoint network interfaces (RFC 1035 3.5, RFC 3596 2.5).
//!
//! An address means something only within its network, and names of endpoints are not to be found
//! out by asking for addresses one by one, so each network sees its own interfaces only. Does not
//! know who asks.

use std::{net::IpAddr, sync::Arc};

use model::Endpoint;

use crate::{endpoint_zone::TTL_S, name::Name, node::Node, record::RrSet, wire::RecordType};

/// The nodes of an endpoint's interface addresses: each leads to the zonal name.
pub(crate) fn nodes(endpoint: &Endpoint) -> Vec<Arc<Node>> {
    let mut nodes = Vec::new();
    for interface in &endpoint.interfaces {
        let target = Name::from(&interface.zonal_name);
        for address in interface.addresses() {
            let data = vec![target.as_wire().into()];
            let pointer = RrSet::new(RecordType::PTR, TTL_S, data);
            nodes.push(Arc::new(Node::new(reverse_name(address), vec![pointer])));
        }
    }
    nodes
}

/// The name at which an address has its PTR record.
fn reverse_name(address: IpAddr) -> Name {
    match address {
        IpAddr::V4(address) => {
            let domain = domain(b"in-addr");
            address.octets().iter().fold(domain, |name, byte| {
                name.child(byte.to_string().as_bytes()).expect("four short labels fit")
            })
        }
        IpAddr::V6(address) => {
            let nibbles = address.octets().into_iter().flat_map(|byte| [byte >> 4, byte & 0xF]);
            nibbles.fold(domain(b"ip6"), |name, nibble| {
                name.child(format!("{nibble:x}").as_bytes()).expect("32 labels of one digit fit")
            })
        }
    }
}

fn domain(label: &[u8]) -> Name {
    let arpa = Name::root().child(b"arpa");
    arpa.and_then(|arpa| arpa.child(label)).expect("two short labels fit")
}
