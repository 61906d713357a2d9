//! From verbs to commands.

use std::{collections::BTreeSet, sync::Arc};

use control_core::{
    Command, ResourceId, Tags, ZoneRef,
    command::{
        CreateEndpoint, CreateNotification, CreateRouteTable, CreateSecurityGroup, CreateSubnet,
        CreateVpc, ModifyEndpoint, ModifyNotification, SubnetAddresses,
    },
    resource::{ConnectionEvent, NotificationScope, ServiceName, TopicArn, VpcAttribute},
    tag::TagSelector,
};
use model::{DnsRecordIpType, IpAddressType, SecurityGroupId};

use crate::{
    args::Args,
    balancing, network, route_table, security_group, service,
    session::{Named, Session},
};

/// The command that a verb stands for, and the name of what it makes.
pub(crate) fn command<'a>(
    session: &Session,
    verb: &str,
    args: &mut Args<'a>,
) -> (Option<&'a str>, Command) {
    if let Some(create) = verb.strip_prefix("create-") {
        let name = args.word();
        return (Some(name), self::create(session, create, name, args));
    }
    (None, change(session, verb, args))
}

fn create(session: &Session, kind: &str, name: &str, args: &mut Args<'_>) -> Command {
    match kind {
        "vpc" => Command::CreateVpc(CreateVpc {
            cidr: args.need("cidr"),
            ipv6: args.value("ipv6").map(network::new_block),
            tags: tags(args),
        }),
        "subnet" => Command::CreateSubnet(CreateSubnet {
            vpc: session.id(args.value("vpc").unwrap()),
            cidr: args.read("cidr"),
            ipv6: args.read("ipv6"),
            zone: args.value("zone").map(zone),
            tags: tags(args),
        }),
        "load-balancer" | "listener" | "target-group" => {
            balancing::create(session, kind, name, args)
        }
        "service" => service::create(session, args),
        "route-table" => Command::CreateRouteTable(CreateRouteTable {
            vpc: session.id(args.value("vpc").unwrap()),
            tags: tags(args),
            client_token: args.value("token").map(Arc::from),
        }),
        "group" => Command::CreateSecurityGroup(CreateSecurityGroup {
            vpc: session.id(args.value("vpc").unwrap()),
            name: args.value("name").unwrap_or(name).replace('_', " ").into(),
            description: args.value("for").unwrap_or("test").into(),
            tags: tags(args),
        }),
        "endpoint" => create_endpoint(session, args),
        "notification" => Command::CreateNotification(CreateNotification {
            scope: match (args.value("service"), args.value("endpoint")) {
                (Some(service), _) => NotificationScope::Service(session.id(service)),
                (None, endpoint) => NotificationScope::Endpoint(session.id(endpoint.unwrap())),
            },
            topic: topic(args.value("to").unwrap()),
            events: args.list("on").into_iter().map(connection_event).collect(),
            client_token: args.value("token").map(Arc::from),
        }),
        kind => panic!("a {kind} cannot be made"),
    }
}

fn topic(name: &str) -> TopicArn {
    format!("arn:aws:sns:us-east-1:111111111111:{name}").parse().unwrap()
}

fn connection_event(name: &str) -> ConnectionEvent {
    match name {
        "accept" => ConnectionEvent::Accept,
        "connect" => ConnectionEvent::Connect,
        "delete" => ConnectionEvent::Delete,
        "reject" => ConnectionEvent::Reject,
        name => panic!("nobody can be told of {name}"),
    }
}

fn create_endpoint(session: &Session, args: &mut Args<'_>) -> Command {
    let service = args.value("service").unwrap();
    let service_name = match session.names.get(service) {
        Some(ResourceId::Service(id)) => ServiceName::of(*id, &session.registry.settings().region),
        _ => ServiceName(service.into()),
    };
    Command::CreateEndpoint(CreateEndpoint {
        vpc: session.id(args.value("vpc").unwrap()),
        service_name,
        subnets: args.list("subnets").into_iter().map(|it| session.id(it)).collect(),
        addresses: addresses(session, args),
        ip_address_type: ip_address_type(args, "type").unwrap_or(IpAddressType::Ipv4),
        dns_record_ip_type: records(args),
        private_dns: args.value("private-dns") == Some("on"),
        security_groups: groups(session, args, "groups"),
        policy: policy(args).flatten(),
        tags: tags(args),
        client_token: args.value("token").map(Arc::from),
    })
}

/// `policy=TEXT`; a number makes a text of that length, `none` is full access.
fn policy(args: &mut Args<'_>) -> Option<Option<Arc<str>>> {
    let text = args.value("policy")?;
    Some(match text.parse() {
        Ok(length) => Some("x".repeat(length).into()),
        Err(_) => (text != "none").then(|| text.into()),
    })
}

fn change(session: &Session, verb: &str, args: &mut Args<'_>) -> Command {
    match verb {
        "delete-vpc" => Command::DeleteVpc { vpc: session.id(args.word()) },
        "modify-vpc" => Command::ModifyVpcAttribute {
            vpc: session.id(args.word()),
            attribute: match args.value("dns-support") {
                Some(value) => VpcAttribute::DnsSupport(value == "on"),
                None => VpcAttribute::DnsHostnames(args.value("dns-hostnames") == Some("on")),
            },
        },
        "delete-subnet" => Command::DeleteSubnet { subnet: session.id(args.word()) },
        "delete-load-balancer" => {
            Command::DeleteLoadBalancer { load_balancer: session.id(args.word()) }
        }
        "delete-listener" => Command::DeleteListener { listener: session.id(args.word()) },
        "delete-target-group" => {
            Command::DeleteTargetGroup { target_group: session.id(args.word()) }
        }
        "delete-service" => Command::DeleteService { service: session.id(args.word()) },
        "route" | "unroute" | "associate" | "disassociate" | "delete-route-table" => {
            route_table::change(session, verb, args)
        }
        "delete-group" => {
            Command::DeleteSecurityGroup { group: security_group::id(session, args.word()) }
        }
        "add-block" | "remove-block" => network::blocks(session, verb, args),
        "allow" | "disallow" => security_group::rules(session, verb, args),
        "verify" => Command::StartDomainVerification { service: session.id(args.word()) },
        "delete-endpoint" => Command::DeleteEndpoint { endpoint: session.id(args.word()) },
        "modify-notification" => Command::ModifyNotification(ModifyNotification {
            notification: session.id(args.word()),
            topic: args.value("to").map(topic),
            events: Some(args.list("on").into_iter().map(connection_event).collect()),
        }),
        "delete-notification" => {
            Command::DeleteNotification { notification: session.id(args.word()) }
        }
        "accept" => Command::AcceptConnection {
            service: session.id(args.word()),
            endpoint: session.id(args.word()),
        },
        "reject" => Command::RejectConnection {
            service: session.id(args.word()),
            endpoint: session.id(args.word()),
        },
        "permit" => Command::ModifyServicePermissions {
            service: session.id(args.word()),
            add: args.list("add").into_iter().map(|it| it.parse().unwrap()).collect(),
            remove: args.list("remove").into_iter().map(|it| it.parse().unwrap()).collect(),
        },
        "tag" | "untag" => tag(session, verb, args),
        "modify-service" | "take-charges" | "pay" => service::change(session, verb, args),
        "modify-endpoint" => Command::ModifyEndpoint(ModifyEndpoint {
            endpoint: session.id(args.word()),
            add_subnets: args.list("add").into_iter().map(|it| session.id(it)).collect(),
            remove_subnets: args.list("remove").into_iter().map(|it| session.id(it)).collect(),
            addresses: addresses(session, args),
            ip_address_type: ip_address_type(args, "type"),
            private_dns: args.value("private-dns").map(|it| it == "on"),
            dns_record_ip_type: records(args),
            policy: policy(args),
            add_security_groups: groups(session, args, "add-groups"),
            remove_security_groups: groups(session, args, "remove-groups"),
        }),
        verb => balancing::change(session, verb, args),
    }
}

pub(crate) fn ids<T: Ord + std::str::FromStr + TryFrom<Named>>(
    session: &Session,
    args: &mut Args<'_>,
    key: &str,
) -> BTreeSet<T> {
    args.list(key).into_iter().map(|it| session.id(it)).collect()
}

pub(crate) fn groups(
    session: &Session,
    args: &mut Args<'_>,
    key: &str,
) -> BTreeSet<SecurityGroupId> {
    args.list(key).into_iter().map(|it| security_group::id(session, it)).collect()
}

fn tag(session: &Session, verb: &str, args: &mut Args<'_>) -> Command {
    let tags = tags(args);
    let resources = args.words().into_iter().map(|name| match session.names.get(name) {
        Some(id) => *id,
        // A permission goes by its service and its principal, an endpoint's first interface by
        // `eni/` and the endpoint's name.
        None if name.starts_with("permission/") => service::permission(session, name).into(),
        None => {
            let endpoint = session.id(name.strip_prefix("eni/").unwrap());
            let endpoint = session.registry.endpoint(endpoint).unwrap();
            ResourceId::Interface(endpoint.interfaces[0].id)
        }
    });
    let resources = resources.collect();
    if verb == "tag" {
        return Command::CreateTags { resources, tags };
    }
    let selector = |(key, value): (&str, &str)| TagSelector {
        key: key.into(),
        value: (!value.is_empty()).then(|| value.into()),
    };
    Command::DeleteTags { resources, tags: tags.iter().map(selector).collect() }
}

/// `tags=key:value,..`; `tags=51` makes that many; `tags=50*256` fills them with so many control
/// characters, which take six bytes each in a record.
pub(crate) fn tags(args: &mut Args<'_>) -> Tags {
    let text = args.value("tags").unwrap_or_default();
    let filled = |count: usize, value: &str| -> Tags {
        (0..count).map(|at| (format!("key{at}"), value.to_owned())).collect()
    };
    if let Ok(count) = text.parse() {
        return filled(count, "v");
    }
    if let Some((count, chars)) = text.split_once('*') {
        return filled(count.parse().unwrap(), &"\u{1}".repeat(chars.parse().unwrap()));
    }
    let pairs = text.split(',').filter(|it| !it.is_empty());
    pairs.map(|it| it.rsplit_once(':').unwrap()).collect()
}

pub(crate) fn zone(text: &str) -> ZoneRef {
    if text.starts_with("use1") {
        ZoneRef::Id(text.parse().unwrap())
    } else {
        ZoneRef::Name(text.parse().unwrap())
    }
}

fn addresses(session: &Session, args: &mut Args<'_>) -> Vec<SubnetAddresses> {
    let one = |text: &str| {
        let (subnet, address) = text.split_once('@').unwrap();
        let (ipv4, ipv6) = address.split_once('+').unwrap_or((address, address));
        SubnetAddresses {
            subnet: session.id(subnet),
            ipv4: ipv4.parse().ok(),
            ipv6: ipv6.parse().ok(),
        }
    };
    args.list("addresses").into_iter().map(one).collect()
}

pub(crate) fn ip_address_types(args: &mut Args<'_>, key: &str) -> BTreeSet<IpAddressType> {
    let read = |it: &str| serde_json::from_value(it.into()).unwrap();
    args.list(key).into_iter().map(read).collect()
}

pub(crate) fn ip_address_type(args: &mut Args<'_>, key: &str) -> Option<IpAddressType> {
    args.value(key).map(|it| serde_json::from_value(it.into()).unwrap())
}

fn records(args: &mut Args<'_>) -> Option<DnsRecordIpType> {
    args.value("records").map(|it| serde_json::from_value(it.into()).unwrap())
}
