//! Rules of security groups, in a script's words: `tcp:80..81:10.0.0.0/8`, `all:group`, `sgr-..`.

use control_core::{
    Command, Tags,
    command::{NewRule, RuleChoice},
    resource::{Direction, IpProtocol, Peer, Traffic},
};

use model::SecurityGroupId;

use crate::{args::Args, session::Session};

/// A group by its name; `default/vpc` is the one that the VPC was made with.
pub(crate) fn id(session: &Session, name: &str) -> SecurityGroupId {
    let Some((_, vpc)) = name.split_once('/') else { return session.id(name) };
    let mut groups = session.registry.security_groups_of(session.id(vpc));
    groups.find(|group| group.is_default()).unwrap().id
}

/// `allow group rule..` and `disallow group rule..`; `way=out` for egress.
pub(crate) fn rules(session: &Session, verb: &str, args: &mut Args<'_>) -> Command {
    let group = session.id(args.word());
    let direction =
        if args.value("way") == Some("out") { Direction::Egress } else { Direction::Ingress };
    let description: Option<String> = args.read("for");
    let rules = args.words().into_iter();
    if verb == "allow" {
        let rules = rules.flat_map(|text| many(session, direction, text));
        let rule =
            |traffic| NewRule { traffic, description: description.clone(), tags: Tags::none() };
        return Command::AuthorizeSecurityGroup { group, rules: rules.map(rule).collect() };
    }
    let choice = |text: &str| match text.parse() {
        Ok(id) => RuleChoice::Id(id),
        Err(_) => RuleChoice::Traffic(traffic(session, direction, text)),
    };
    Command::RevokeSecurityGroup { group, direction, rules: rules.map(choice).collect() }
}

/// `ports:61` is that many rules.
fn many(session: &Session, direction: Direction, text: &str) -> Vec<Traffic> {
    match text.strip_prefix("ports:") {
        Some(count) => (1..=count.parse().unwrap())
            .map(|port: u32| traffic(session, direction, &format!("tcp:{port}..{port}:10.0.0.0/8")))
            .collect(),
        None => vec![traffic(session, direction, text)],
    }
}

fn traffic(session: &Session, direction: Direction, text: &str) -> Traffic {
    let (protocol, rest) = text.split_once(':').unwrap();
    if protocol == "all" {
        return Traffic::all(direction, peer(session, rest));
    }
    let (ports, rest) = rest.split_once(':').unwrap();
    let (from, to) = ports.split_once("..").unwrap();
    Traffic {
        direction,
        protocol: match protocol {
            "tcp" => IpProtocol::Tcp,
            "icmp" => IpProtocol::Icmp,
            number => IpProtocol::Other(number.parse().unwrap()),
        },
        from_port: from.parse().unwrap(),
        to_port: to.parse().unwrap(),
        peer: peer(session, rest),
    }
}

fn peer(session: &Session, text: &str) -> Peer {
    if let Ok(cidr) = text.parse() {
        return Peer::Ipv4(cidr);
    }
    text.parse().map_or_else(|_| Peer::Group(session.id(text)), Peer::Ipv6)
}
