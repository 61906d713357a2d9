//! DNS names and record choices. Knows no wire format.

use std::{fmt, str::FromStr, sync::Arc};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

use crate::{AddressFamily, Malformed, RegionName, ServiceId, VpcEndpointId, ZoneName};

/// The domain of every endpoint name; each Region is a zone below it (semantics 3.1).
pub const ENDPOINT_DOMAIN: &str = "vpce.amazonaws.com";

/// A host name: lower case, no final dot, labels of 1 to 63 bytes, at most 253 bytes (RFC 1035
/// 2.3.4). The first label may be `*`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DnsName(Arc<str>);

impl DnsName {
    /// The name as text, without a final dot.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// An endpoint's Regional name: `<endpoint>-<token>.<service>.<region>.vpce.amazonaws.com`.
    pub fn regional(
        endpoint: VpcEndpointId,
        token: &NameToken,
        service: ServiceId,
        region: &RegionName,
    ) -> Self {
        Self::below(&Self::service_base(service, region), endpoint, token)
    }

    /// An endpoint's Regional name below its service's base name, which leaves room for it.
    pub fn below(base: &Self, endpoint: VpcEndpointId, token: &NameToken) -> Self {
        Self(format!("{endpoint}-{token}.{base}").into())
    }

    /// An endpoint's zonal name: the Regional one with `-<zone>` after the token.
    pub fn zonal(&self, zone: &ZoneName) -> Self {
        let (first, rest) = self.0.split_once('.').unwrap_or((&self.0, ""));
        Self(format!("{first}-{zone}.{rest}").into())
    }

    /// A service's base name: `<service>.<region>.vpce.amazonaws.com`.
    pub fn service_base(service: ServiceId, region: &RegionName) -> Self {
        Self(format!("{service}.{region}.{ENDPOINT_DOMAIN}").into())
    }
}

impl fmt::Display for DnsName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for DnsName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for DnsName {
    type Err = Malformed;

    fn from_str(text: &str) -> Result<Self, Malformed> {
        let expected = "a lower-case domain name of at most 253 bytes";
        let plain = |b: u8| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_');
        let label = |(i, label): (usize, &str)| {
            let wild = i == 0 && label == "*";
            wild || (!label.is_empty() && label.len() <= 63 && label.bytes().all(plain))
        };
        if text.len() <= 253 && text.split('.').enumerate().all(label) {
            Ok(Self(text.into()))
        } else {
            Err(Malformed { expected })
        }
    }
}

impl Serialize for DnsName {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for DnsName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

/// The eight random letters and digits in an endpoint's names.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NameToken([u8; 8]);

impl NameToken {
    /// Makes the token of a drawn number.
    pub fn from_bits(bits: u64) -> Self {
        const DIGITS: &[u8; 36] = b"0123456789abcdefghijklmnopqrstuvwxyz";
        let mut rest = bits;
        Self(std::array::from_fn(|_| {
            let digit = DIGITS[usize::try_from(rest % 36).unwrap_or(0)];
            rest /= 36;
            digit
        }))
    }
}

impl fmt::Display for NameToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|b| write!(f, "{}", char::from(*b)))
    }
}

impl fmt::Debug for NameToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for NameToken {
    type Err = Malformed;

    fn from_str(text: &str) -> Result<Self, Malformed> {
        let expected = "eight lower-case letters and digits";
        let bytes: [u8; 8] = text.as_bytes().try_into().map_err(|_| Malformed { expected })?;
        let plain = bytes.iter().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9'));
        if plain { Ok(Self(bytes)) } else { Err(Malformed { expected }) }
    }
}

impl Serialize for NameToken {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for NameToken {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

/// Which record types an endpoint's names have (guide: "DNS record IP type").
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DnsRecordIpType {
    /// A only.
    Ipv4,
    /// AAAA only.
    Ipv6,
    /// A and AAAA.
    Dualstack,
    /// A for all names, AAAA for the Regional and zonal names only.
    ServiceDefined,
}

impl DnsRecordIpType {
    /// Whether the Regional and zonal names have records of the family.
    pub fn endpoint_names_have(self, family: AddressFamily) -> bool {
        match self {
            Self::Ipv4 => family == AddressFamily::Ipv4,
            Self::Ipv6 => family == AddressFamily::Ipv6,
            Self::Dualstack | Self::ServiceDefined => true,
        }
    }

    /// Whether the private DNS name has records of the family.
    pub fn private_name_has(self, family: AddressFamily) -> bool {
        match self {
            Self::ServiceDefined => family == AddressFamily::Ipv4,
            _ => self.endpoint_names_have(family),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endpoint_names_have_the_documented_form() {
        let region: RegionName = "us-east-1".parse().unwrap();
        let endpoint = "vpce-0fe5b17a0707d6abc".parse().unwrap();
        let service = "vpce-svc-0e123abc123198abc".parse().unwrap();
        let regional = DnsName::regional(endpoint, &"29p5708s".parse().unwrap(), service, &region);
        let tail = "vpce-svc-0e123abc123198abc.us-east-1.vpce.amazonaws.com";
        assert_eq!(regional.as_str(), format!("vpce-0fe5b17a0707d6abc-29p5708s.{tail}"));
        let zonal = regional.zonal(&"us-east-1a".parse().unwrap());
        assert_eq!(zonal.as_str(), format!("vpce-0fe5b17a0707d6abc-29p5708s-us-east-1a.{tail}"));
        assert_eq!(regional.as_str().parse(), Ok(regional));
    }

    #[test]
    fn tokens_are_eight_letters_and_digits() {
        for bits in [0, 1, u64::MAX] {
            let token = NameToken::from_bits(bits);
            assert_eq!(token.to_string().parse(), Ok(token));
        }
    }
}
