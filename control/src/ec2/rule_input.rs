//! Rules of security groups as callers write them: `IpPermissions.N`, or the members of one rule at
//! the top. One permission with several sources is several rules.

use control_core::{
    Tags,
    command::NewRule,
    describe::View,
    resource::{Direction, IpProtocol, Peer, Traffic},
};
use model::SecurityGroupId;

use super::id::parse_id;
use crate::query::{Fault, Input};

/// What the other end of a rule's traffic is written with.
const SOURCES: &str = "IpRanges, Ipv6Ranges or Groups";

/// The members of one rule at the top.
const TOP: &[&str] = &["CidrIp", "FromPort", "IpProtocol", "ToPort"];

/// Reads rules; a group that is named instead of identified is looked for in the VPC of `group`.
pub(super) fn rules(
    view: View<'_>,
    input: &Input<'_>,
    group: SecurityGroupId,
    direction: Direction,
) -> Result<Vec<NewRule>, Fault> {
    input.refuse(&["SourceSecurityGroupName", "SourceSecurityGroupOwnerId"])?;
    let mut rules = Vec::new();
    for permission in input.structures("IpPermissions") {
        permission.refuse(&["PrefixListIds"])?;
        let shape = shape(&permission, direction)?;
        for (peer, description) in peers(view, &permission, group)? {
            let traffic = Traffic { peer, ..shape };
            rules.push(NewRule { traffic, description, tags: Tags::none() });
        }
    }
    if let Some(name) = TOP.iter().find(|name| input.has(name)) {
        if !rules.is_empty() {
            let message = format!("{name} and IpPermissions exclude each other.");
            return Err(Fault::invalid_combination(message));
        }
        let peer = Peer::Ipv4(input.required("CidrIp", "an IPv4 CIDR block")?);
        let traffic = Traffic { peer, ..shape(input, direction)? };
        rules.push(NewRule { traffic, description: None, tags: Tags::none() });
    }
    Ok(rules)
}

/// Protocol and ports; the peer is yet to be put in.
fn shape(input: &Input<'_>, direction: Direction) -> Result<Traffic, Fault> {
    let protocol = protocol(input)?;
    let from: Option<i32> = input.parse("FromPort", "an integer")?;
    let to: Option<i32> = input.parse("ToPort", "an integer")?;
    let nobody = Peer::Ipv4(ipnet::Ipv4Net::default());
    let all = Traffic { protocol, ..Traffic::all(direction, nobody) };
    match protocol {
        // "Traffic on all ports is allowed, regardless of any port range you specify."
        IpProtocol::All | IpProtocol::Other(_) => Ok(all),
        IpProtocol::Icmp | IpProtocol::Icmpv6 => {
            Ok(Traffic { from_port: from.unwrap_or(-1), to_port: to.unwrap_or(-1), ..all })
        }
        IpProtocol::Tcp | IpProtocol::Udp => {
            let need = |port: Option<i32>, name: &str| {
                port.ok_or_else(|| Fault::missing_parameter(&input.full_name(name)))
            };
            let (from_port, to_port) = (need(from, "FromPort")?, need(to, "ToPort")?);
            // "-1" is all ports to some clients.
            if (from_port, to_port) == (-1, -1) {
                return Ok(Traffic { from_port: 0, to_port: 65_535, ..all });
            }
            Ok(Traffic { from_port, to_port, ..all })
        }
    }
}

/// Reads `IpProtocol`: a name or a number.
fn protocol(input: &Input<'_>) -> Result<IpProtocol, Fault> {
    let text = input.required_text("IpProtocol")?;
    let invalid = |_| {
        let name = input.full_name("IpProtocol");
        Fault::invalid_value(&name, text, "tcp, udp, icmp, icmpv6, -1 or a protocol's number")
    };
    Ok(match text {
        "-1" | "all" => IpProtocol::All,
        "tcp" | "6" => IpProtocol::Tcp,
        "udp" | "17" => IpProtocol::Udp,
        "icmp" | "1" => IpProtocol::Icmp,
        "icmpv6" | "58" => IpProtocol::Icmpv6,
        number => IpProtocol::Other(number.parse().map_err(invalid)?),
    })
}

/// A protocol as EC2 writes it.
pub(super) fn protocol_name(protocol: IpProtocol) -> String {
    match protocol {
        IpProtocol::All => "-1".into(),
        IpProtocol::Tcp => "tcp".into(),
        IpProtocol::Udp => "udp".into(),
        IpProtocol::Icmp => "icmp".into(),
        IpProtocol::Icmpv6 => "icmpv6".into(),
        IpProtocol::Other(number) => number.to_string(),
    }
}

/// All sources or destinations of a permission, each with its description.
fn peers(
    view: View<'_>,
    permission: &Input<'_>,
    group: SecurityGroupId,
) -> Result<Vec<(Peer, Option<String>)>, Fault> {
    let mut peers = Vec::new();
    let description = |of: &Input<'_>| Ok(of.text("Description")?.map(str::to_owned));
    for range in permission.structures("IpRanges") {
        let cidr = range.required("CidrIp", "an IPv4 CIDR block")?;
        peers.push((Peer::Ipv4(cidr), description(&range)?));
    }
    for range in permission.structures("Ipv6Ranges") {
        let cidr = range.required("CidrIpv6", "an IPv6 CIDR block")?;
        peers.push((Peer::Ipv6(cidr), description(&range)?));
    }
    for pair in permission.structures("Groups") {
        peers.push((Peer::Group(peer_group(view, &pair, group)?), description(&pair)?));
    }
    if peers.is_empty() {
        return Err(Fault::missing_parameter(&permission.full_name(SOURCES)));
    }
    Ok(peers)
}

/// A group of a rule: by id, or by the name that it has in the same VPC.
fn peer_group(
    view: View<'_>,
    pair: &Input<'_>,
    group: SecurityGroupId,
) -> Result<SecurityGroupId, Fault> {
    pair.refuse(&["PeeringStatus", "VpcPeeringConnectionId"])?;
    pair.text("VpcId")?;
    let own = view.caller().account.as_str();
    let owner = pair.text("UserId")?.unwrap_or(own);
    let name = pair.text("GroupName")?;
    let id = pair.text("GroupId")?.map(parse_id).transpose()?;
    let not_found = |what: &str| {
        Fault::new("InvalidGroup.NotFound", format!("The security group '{what}' does not exist"))
    };
    match (id, name) {
        (Some(id), _) if owner == own => Ok(id),
        (Some(id), _) => Err(not_found(&id.to_string())),
        (None, Some(name)) => {
            let vpc = view.security_group(group).ok().map(|it| it.vpc);
            let mut named = view.security_groups().filter(|it| Some(it.vpc) == vpc);
            let found = named.find(|it| &*it.name == name && owner == own);
            found.map(|it| it.id).ok_or_else(|| not_found(crate::query::fault::quoted(name)))
        }
        (None, None) => Err(Fault::missing_parameter(&pair.full_name("GroupId"))),
    }
}
