//! Identifiers: how they are written and read.
//!
//! Relies on the forms of the user guide ("Identifiers", and the EC2 and ELBv2 API references).
//! Does not know how an identifier is drawn: the caller brings the number.

use std::{fmt, str::FromStr, sync::Arc};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

/// A text that is not the identifier it was taken for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Malformed {
    /// What was expected, for the message: for example `vpce- and 17 hex digits`.
    pub expected: &'static str,
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "expected {}", self.expected)
    }
}

impl std::error::Error for Malformed {}

/// Reads exactly `digits` lower-case hex digits.
fn hex(text: &str, digits: usize) -> Option<u128> {
    let plain =
        text.len() == digits && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    if plain { u128::from_str_radix(text, 16).ok() } else { None }
}

/// Defines an identifier that is a prefix and a fixed number of lower-case hex digits.
macro_rules! hex_id {
    ($(#[$doc:meta])* $name:ident, $prefix:literal, $digits:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(u128);

        impl $name {
            /// What every such identifier starts with.
            pub const PREFIX: &str = $prefix;

            /// Makes the identifier of a drawn number; bits beyond the digits are dropped.
            pub const fn from_bits(bits: u128) -> Self {
                Self(bits & ((1 << ($digits * 4)) - 1))
            }

            /// The number that it was made of.
            pub const fn to_bits(self) -> u128 {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!($prefix, "{:0", $digits, "x}"), self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl FromStr for $name {
            type Err = Malformed;

            fn from_str(text: &str) -> Result<Self, Malformed> {
                let expected = concat!($prefix, " and ", $digits, " hex digits");
                let digits = text.strip_prefix($prefix).ok_or(Malformed { expected })?;
                hex(digits, $digits).map(Self).ok_or(Malformed { expected })
            }
        }

        text_serde!($name);
    };
}

/// Serializes through `Display` and `FromStr`, so that stored records read as the API writes them.
macro_rules! text_serde {
    ($name:ident) => {
        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = String::deserialize(deserializer)?;
                text.parse().map_err(D::Error::custom)
            }
        }
    };
}

hex_id!(
    /// A virtual private cloud: one tenant network.
    VpcId, "vpc-", 17
);
hex_id!(
    /// A subnet of a VPC, in one Availability Zone.
    SubnetId, "subnet-", 17
);
hex_id!(
    /// An endpoint network interface.
    InterfaceId, "eni-", 17
);
hex_id!(
    /// A security group.
    SecurityGroupId, "sg-", 17
);
hex_id!(
    /// A rule of a security group.
    SecurityGroupRuleId, "sgr-", 17
);
hex_id!(
    /// A route table of a VPC.
    RouteTableId, "rtb-", 17
);
hex_id!(
    /// The association of a route table with a subnet.
    RouteTableAssociationId, "rtbassoc-", 17
);
hex_id!(
    /// A VPC endpoint.
    VpcEndpointId, "vpce-", 17
);
hex_id!(
    /// An endpoint service.
    ServiceId, "vpce-svc-", 17
);
hex_id!(
    /// One permission of an endpoint service.
    PermissionId, "vpce-svc-perm-", 17
);
hex_id!(
    /// A connection notification.
    NotificationId, "vpce-nfn-", 17
);
hex_id!(
    /// A connection of a VPC endpoint to a service, as the provider sees it.
    ConnectionId, "vpce-con-", 17
);
hex_id!(
    /// A VPC's address block.
    VpcCidrAssociationId, "vpc-cidr-assoc-", 17
);
hex_id!(
    /// A subnet's IPv6 address block.
    SubnetCidrAssociationId, "subnet-cidr-assoc-", 17
);
hex_id!(
    /// The last part of a load balancer's ARN.
    LoadBalancerId, "", 16
);
hex_id!(
    /// The last part of a listener's ARN.
    ListenerId, "", 16
);
hex_id!(
    /// The last part of a target group's ARN.
    TargetGroupId, "", 16
);

/// Defines a cheaply cloned name whose form a function checks.
macro_rules! name {
    ($(#[$doc:meta])* $name:ident, $expected:literal, $check:expr) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Arc<str>);

        impl $name {
            /// The name as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl FromStr for $name {
            type Err = Malformed;

            fn from_str(text: &str) -> Result<Self, Malformed> {
                let check: fn(&str) -> bool = $check;
                if check(text) {
                    Ok(Self(text.into()))
                } else {
                    Err(Malformed { expected: $expected })
                }
            }
        }

        text_serde!($name);
    };
}

/// Region and zone names become labels of DNS names, so they keep to a label's letters and length.
fn is_label(text: &str) -> bool {
    let plain = text.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-'));
    plain && !text.is_empty() && text.len() <= 32 && !text.starts_with('-') && !text.ends_with('-')
}

name!(
    /// An AWS account: twelve digits.
    AccountId,
    "twelve digits",
    |text| text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit())
);
name!(
    /// A Region, for example `us-east-1`.
    RegionName,
    "at most 32 lower-case letters, digits and hyphens",
    is_label
);
name!(
    /// An Availability Zone as an account names it, for example `us-east-1a`.
    ZoneName,
    "at most 32 lower-case letters, digits and hyphens",
    is_label
);
name!(
    /// An Availability Zone as all accounts know it, for example `use1-az1`. Zones are compared by
    /// id.
    ZoneId,
    "at most 32 lower-case letters, digits and hyphens",
    is_label
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_read_back_what_they_write() {
        for text in ["vpce-08d2bf15fac5001c9", "vpce-00000000000000000"] {
            assert_eq!(text.parse::<VpcEndpointId>().unwrap().to_string(), text);
        }
        let id = ServiceId::from_bits(u128::MAX);
        assert_eq!(id.to_string(), "vpce-svc-fffffffffffffffff");
        assert_eq!(id.to_string().parse(), Ok(id));
    }

    #[test]
    fn ids_refuse_other_forms() {
        for text in [
            "",
            "vpce-",
            "vpce-08d2bf15fac5001c",
            "vpce-08D2BF15FAC5001C9",
            "vpce-+8d2bf15fac5001c9",
            "vpce-svc-08d2bf15fac5001c9",
            " vpce-08d2bf15fac5001c9",
        ] {
            assert!(text.parse::<VpcEndpointId>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn names_are_labels() {
        assert!("us-east-1a".parse::<ZoneName>().is_ok());
        for text in ["", "US", "a.b", "-a", "a-", "a b"] {
            assert!(text.parse::<ZoneName>().is_err(), "{text:?}");
        }
        assert!("111111111111".parse::<AccountId>().is_ok());
        assert!("11111111111".parse::<AccountId>().is_err());
    }
}
