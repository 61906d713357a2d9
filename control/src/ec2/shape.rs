//! Resources as EC2 shows them: members, filters, and who may see them.

pub(super) mod absent;
pub(super) mod connection;
pub(super) mod dns_entry;
pub(super) mod endpoint;
pub(super) mod interface;
pub(super) mod notification;
pub(super) mod payer;
pub(super) mod permission;
pub(super) mod region;
pub(super) mod route_table;
pub(super) mod security_group;
pub(super) mod security_group_rule;
pub(super) mod service;
pub(super) mod service_detail;
pub(super) mod subnet;
pub(super) mod tag_description;
pub(super) mod vpc;
pub(super) mod zone;

use control_core::resource::ServiceType;
use model::{DnsRecordIpType, IpAddressType};

/// A type of service as EC2 writes it.
pub(super) fn service_type(of: ServiceType) -> &'static str {
    match of {
        ServiceType::Interface => "Interface",
        ServiceType::Gateway => "Gateway",
    }
}

/// An address type as EC2 writes it.
pub(super) fn ip_address_type(of: IpAddressType) -> &'static str {
    match of {
        IpAddressType::Ipv4 => "ipv4",
        IpAddressType::Ipv6 => "ipv6",
        IpAddressType::Dualstack => "dualstack",
    }
}

/// The address types that EC2 knows, by their names.
pub(super) const IP_ADDRESS_TYPES: [(&str, IpAddressType); 3] = [
    ("ipv4", IpAddressType::Ipv4),
    ("ipv6", IpAddressType::Ipv6),
    ("dualstack", IpAddressType::Dualstack),
];

/// The record types that EC2 knows, by their names.
pub(super) const DNS_RECORD_IP_TYPES: [(&str, DnsRecordIpType); 4] = [
    ("ipv4", DnsRecordIpType::Ipv4),
    ("ipv6", DnsRecordIpType::Ipv6),
    ("dualstack", DnsRecordIpType::Dualstack),
    ("service-defined", DnsRecordIpType::ServiceDefined),
];

/// Record types as EC2 writes them.
pub(super) fn dns_record_ip_type(of: DnsRecordIpType) -> &'static str {
    match of {
        DnsRecordIpType::Ipv4 => "ipv4",
        DnsRecordIpType::Ipv6 => "ipv6",
        DnsRecordIpType::Dualstack => "dualstack",
        DnsRecordIpType::ServiceDefined => "service-defined",
    }
}
