//! Addresses by role, so that two of them cannot be swapped. Knows no sockets.

use std::{
    fmt,
    net::{IpAddr, SocketAddr},
};

use serde::{Deserialize, Serialize};

/// Defines a socket address that plays one role.
macro_rules! role {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub SocketAddr);

        impl $name {
            /// The address without its port.
            pub fn ip(self) -> IpAddr {
                self.0.ip()
            }

            /// The port.
            pub fn port(self) -> u16 {
                self.0.port()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0, f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0, f)
            }
        }
    };
}

role!(
    /// Who connects: an address in the consumer's network.
    ClientAddr
);
role!(
    /// What the client dialled: an endpoint network interface's address and a listener's port.
    EndpointAddr
);
role!(
    /// Where the connection goes: a registered target, in the provider's network.
    TargetAddr
);

/// IPv4 or IPv6.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AddressFamily {
    /// Internet Protocol version 4.
    Ipv4,
    /// Internet Protocol version 6.
    Ipv6,
}

/// Which families an endpoint's interfaces have, or a service takes (guide: "IP address types").
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum IpAddressType {
    /// IPv4 only.
    Ipv4,
    /// IPv6 only.
    Ipv6,
    /// Both.
    Dualstack,
}

impl IpAddressType {
    /// Whether interfaces of this type have an address of the family.
    pub fn has(self, family: AddressFamily) -> bool {
        match self {
            Self::Ipv4 => family == AddressFamily::Ipv4,
            Self::Ipv6 => family == AddressFamily::Ipv6,
            Self::Dualstack => true,
        }
    }
}
