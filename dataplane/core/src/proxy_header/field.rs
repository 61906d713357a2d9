//! Fields of a header beyond the addresses and the checksum: how the endpoint is named, the host
//! that the client named, the connection's own id. Does not know where they are put.

use std::fmt;

use model::{EndpointField, VpcEndpointId};

use super::{AWS_VPC_ENDPOINT_ID, AZURE_LINK_ID, FIELD_AWS, FIELD_AZURE, FIELD_GCP};

/// `vpce-` and 17 digits.
const ENDPOINT_ID_BYTES: usize = VpcEndpointId::PREFIX.len() + 17;
/// 128 bits as hexadecimal digits.
pub(super) const UNIQUE_ID_BYTES: usize = 32;

/// What one header says beside the endpoint's id.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Fields<'a> {
    /// In whose form the endpoint is named.
    pub endpoint: EndpointField,
    /// The host that the client named; left out if it has no room.
    pub authority: Option<&'a str>,
    /// The connection's id.
    pub unique_id: Option<UniqueId>,
}

/// The id of one connection, drawn by the caller. Written as 32 hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UniqueId(pub u128);

impl fmt::Display for UniqueId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

/// A field that names an endpoint, in its shortest form: type, and value.
pub(super) struct EndpointName {
    pub(super) kind: u8,
    bytes: [u8; 1 + ENDPOINT_ID_BYTES],
    length: usize,
}

impl EndpointName {
    /// Names the endpoint in one of the clouds' forms (semantics 2.1). Those that take a number
    /// get the last digits of the endpoint's id: 16 for 64 bits, 8 for 32.
    pub(super) fn new(endpoint: VpcEndpointId, form: EndpointField) -> Self {
        let [.., e, f, g, h, i, j, k, l] = endpoint.to_bits().to_be_bytes();
        match form {
            EndpointField::Aws => {
                let mut bytes = [AWS_VPC_ENDPOINT_ID; 1 + ENDPOINT_ID_BYTES];
                write(&mut bytes[1..], &endpoint);
                Self { kind: FIELD_AWS, length: bytes.len(), bytes }
            }
            EndpointField::Azure => Self::of(FIELD_AZURE, &[AZURE_LINK_ID, l, k, j, i]),
            EndpointField::Gcp => Self::of(FIELD_GCP, &[e, f, g, h, i, j, k, l]),
        }
    }

    fn of(kind: u8, value: &[u8]) -> Self {
        let mut bytes = [0; 1 + ENDPOINT_ID_BYTES];
        bytes[..value.len()].copy_from_slice(value);
        Self { kind, bytes, length: value.len() }
    }

    pub(super) fn value(&self) -> &[u8] {
        &self.bytes[..self.length]
    }
}

/// Writes a text of known length.
pub(super) fn write(mut to: &mut [u8], text: &impl fmt::Display) {
    std::io::Write::write_fmt(&mut to, format_args!("{text}"))
        .expect("the room is the text's length");
}
