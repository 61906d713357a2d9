//! EC2's identifiers on the wire: how they are read, and what is answered for one that is malformed
//! or does not exist (control-api 1.5, semantics 3.5). What belongs to another account does not
//! exist.

use std::str::FromStr;

use model::{
    InterfaceId, Malformed, NotificationId, RouteTableAssociationId, RouteTableId, SecurityGroupId,
    SecurityGroupRuleId, ServiceId, SubnetCidrAssociationId, SubnetId, VpcCidrAssociationId,
    VpcEndpointId, VpcId,
};

use crate::query::{Fault, Input, fault::quoted};

/// An identifier that EC2 has error codes for.
pub(crate) trait WireId: FromStr<Err = Malformed> + Copy + Ord + ToString {
    /// What every such identifier starts with.
    const PREFIX: &str;
    /// The code for one of another form.
    const MALFORMED: &str;
    /// The code for one that does not exist.
    const NOT_FOUND: &str;
    /// What the messages call it.
    const NOUN: &str;
}

macro_rules! wire_id {
    ($id:ty, $malformed:literal, $not_found:literal, $noun:literal) => {
        impl WireId for $id {
            const PREFIX: &str = <$id>::PREFIX;
            const MALFORMED: &str = $malformed;
            const NOT_FOUND: &str = $not_found;
            const NOUN: &str = $noun;
        }
    };
}

wire_id!(VpcId, "InvalidVpcID.Malformed", "InvalidVpcID.NotFound", "vpc ID");
wire_id!(SubnetId, "InvalidSubnetID.Malformed", "InvalidSubnetID.NotFound", "subnet ID");
wire_id!(
    InterfaceId,
    "InvalidNetworkInterfaceId.Malformed",
    "InvalidNetworkInterfaceID.NotFound",
    "networkInterface ID"
);
wire_id!(SecurityGroupId, "InvalidGroupId.Malformed", "InvalidGroup.NotFound", "security group");
wire_id!(
    SecurityGroupRuleId,
    "InvalidSecurityGroupRuleId.Malformed",
    "InvalidSecurityGroupRuleId.NotFound",
    "security group rule ID"
);
wire_id!(
    RouteTableId,
    "InvalidRouteTableId.Malformed",
    "InvalidRouteTableID.NotFound",
    "routeTable ID"
);
wire_id!(
    RouteTableAssociationId,
    "InvalidRouteTableAssociationId.Malformed",
    "InvalidAssociationID.NotFound",
    "association ID"
);
wire_id!(
    VpcCidrAssociationId,
    "InvalidVpcCidrBlockAssociationID.Malformed",
    "InvalidVpcCidrBlockAssociationID.NotFound",
    "vpc CIDR block association ID"
);
wire_id!(
    SubnetCidrAssociationId,
    "InvalidSubnetCidrBlockAssociationID.Malformed",
    "InvalidSubnetCidrBlockAssociationID.NotFound",
    "subnet CIDR block association ID"
);
wire_id!(
    VpcEndpointId,
    "InvalidVpcEndpointId.Malformed",
    "InvalidVpcEndpointId.NotFound",
    "VpcEndPoint ID"
);
wire_id!(
    ServiceId,
    "InvalidVpcEndpointServiceId.Malformed",
    "InvalidVpcEndpointServiceId.NotFound",
    "VpcEndpointService Id"
);

wire_id!(
    NotificationId,
    "InvalidConnectionNotification.Malformed",
    "InvalidConnectionNotification",
    "ConnectionNotification Id"
);

/// Older resources of AWS have ids of eight digits. None has one here, so such an id is well-formed
/// and does not exist.
const OLD_DIGITS: usize = 8;

/// Reads an identifier.
pub(crate) fn parse_id<I: WireId>(text: &str) -> Result<I, Fault> {
    text.parse().map_err(|_| {
        let digits = text.strip_prefix(I::PREFIX).unwrap_or_default();
        let old = digits.len() == OLD_DIGITS && digits.bytes().all(|b| b.is_ascii_hexdigit());
        if old { not_found_text::<I>(text) } else { malformed::<I>(text) }
    })
}

/// A member that is an identifier and must be there.
pub(crate) fn required_id<I: WireId>(input: &Input<'_>, name: &str) -> Result<I, Fault> {
    parse_id(input.required_text(name)?)
}

/// A list of identifiers.
pub(crate) fn ids<I: WireId>(input: &Input<'_>, name: &str) -> Result<Vec<I>, Fault> {
    input.texts(name)?.into_iter().map(parse_id).collect()
}

/// A list of identifiers that must have one at least.
pub(crate) fn required_ids<I: WireId>(input: &Input<'_>, name: &str) -> Result<Vec<I>, Fault> {
    input.required_texts(name)?.into_iter().map(parse_id).collect()
}

/// The fault for an identifier that nothing the caller may see has.
pub(crate) fn not_found<I: WireId>(id: I) -> Fault {
    not_found_text::<I>(&id.to_string())
}

fn not_found_text<I: WireId>(text: &str) -> Fault {
    Fault::new(I::NOT_FOUND, format!("The {} '{text}' does not exist", I::NOUN))
}

fn malformed<I: WireId>(text: &str) -> Fault {
    let (text, prefix) = (quoted(text), I::PREFIX);
    Fault::new(I::MALFORMED, format!("Invalid id: \"{text}\" (expecting \"{prefix}...\")"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_found_malformed_or_not_there() {
        for (text, expected) in [
            ("vpce-0123456789abcdef0", Ok(())),
            ("vpce-12345678", Err("InvalidVpcEndpointId.NotFound")),
            ("vpce-1234567g", Err("InvalidVpcEndpointId.Malformed")),
            ("vpce-svc-0123456789abcdef0", Err("InvalidVpcEndpointId.Malformed")),
            ("", Err("InvalidVpcEndpointId.Malformed")),
        ] {
            let parsed = parse_id::<VpcEndpointId>(text).map(drop).map_err(|fault| fault.code);
            assert_eq!(parsed, expected, "{text}");
        }
    }
}
