//! Verbs about load balancers, listeners, target groups and targets.

use std::sync::Arc;

use control_core::{
    Command,
    command::{
        CreateListener, CreateLoadBalancer, CreateTargetGroup, HealthCheckChange, ModifyListener,
        TargetDescription, TargetZone, TlsChange,
    },
    resource::{
        Instance, ListenerAttribute, LoadBalancerAttribute, Scheme, TargetGroupAttribute,
        TargetName, TargetType, Threshold, ZonalShift, ZonalShiftId, health_check::matcher,
        zonal_shift::length,
    },
};
use model::{Algorithm, IpAddressType, Protocol, Snapshot, WeightedTargetGroup};

use crate::{
    args::Args,
    session::Session,
    verb::{groups, ip_address_type, tags, zone},
};

pub(crate) fn create(session: &Session, kind: &str, name: &str, args: &mut Args<'_>) -> Command {
    match kind {
        "load-balancer" => Command::CreateLoadBalancer(CreateLoadBalancer {
            name: args.value("name").unwrap_or(name).into(),
            subnets: args.list("subnets").into_iter().map(|it| session.id(it)).collect(),
            scheme: Scheme::Internal,
            ip_address_type: ip_address_type(args, "type").unwrap_or(IpAddressType::Ipv4),
            security_groups: groups(session, args, "groups"),
            tags: tags(args),
        }),
        "listener" => Command::CreateListener(CreateListener {
            load_balancer: session.id(args.value("at").unwrap()),
            port: args.need("port"),
            protocol: protocol(args).unwrap_or(Protocol::Tcp),
            tls: tls(args),
            forward: forward(session, args).unwrap_or_default(),
            tags: tags(args),
        }),
        "target-group" => Command::CreateTargetGroup(CreateTargetGroup {
            name: args.value("name").unwrap_or(name).into(),
            target_type: args
                .value("of")
                .map_or(TargetType::Ip, |it| serde_json::from_value(it.into()).unwrap()),
            protocol: protocol(args).unwrap_or(Protocol::Tcp),
            port: args.need("port"),
            vpc: session.id(args.value("vpc").unwrap()),
            health_check: health_check(args),
            tags: tags(args),
        }),
        kind => panic!("a {kind} cannot be made"),
    }
}

pub(crate) fn change(session: &Session, verb: &str, args: &mut Args<'_>) -> Command {
    match verb {
        "register" | "deregister" => targets(session, verb, args),
        "modify-load-balancer" => Command::ModifyLoadBalancerAttributes {
            load_balancer: session.id(args.word()),
            attributes: [
                args.value("protection")
                    .map(|it| LoadBalancerAttribute::DeletionProtection(it == "on")),
                args.value("cross-zone").map(|it| LoadBalancerAttribute::CrossZone(it == "on")),
                args.value("zonal-shift").map(|it| LoadBalancerAttribute::ZonalShift(it == "on")),
                args.read("secondary").map(LoadBalancerAttribute::SecondaryAddresses),
            ]
            .into_iter()
            .flatten()
            .collect(),
        },
        "set-subnets" => Command::SetSubnets {
            load_balancer: session.id(args.word()),
            subnets: args.list("subnets").into_iter().map(|it| session.id(it)).collect(),
            ip_address_type: ip_address_type(args, "type"),
        },
        "shift" | "reshift" | "unshift" => shift(session, verb, args),
        "set-type" => Command::SetIpAddressType {
            load_balancer: session.id(args.word()),
            ip_address_type: ip_address_type(args, "type").unwrap(),
        },
        "set-groups" => Command::SetSecurityGroups {
            load_balancer: session.id(args.word()),
            groups: groups(session, args, "groups"),
            enforce_on_endpoints: args.value("enforce").map(|it| it == "on"),
        },
        "modify-listener" => {
            let listener = session.id(args.word());
            let attributes: Vec<_> = listener_attributes(args).collect();
            if !attributes.is_empty() {
                return Command::ModifyListenerAttributes { listener, attributes };
            }
            Command::ModifyListener(ModifyListener {
                listener,
                port: args.read("port"),
                protocol: protocol(args),
                tls: tls(args),
                forward: forward(session, args),
            })
        }
        "add-certificate" => Command::AddListenerCertificate {
            listener: session.id(args.word()),
            certificate: args.word().into(),
        },
        "remove-certificate" => Command::RemoveListenerCertificate {
            listener: session.id(args.word()),
            certificate: args.word().into(),
        },
        "modify-health-check" => Command::ModifyTargetGroup {
            target_group: session.id(args.word()),
            health_check: health_check(args),
        },
        "modify-target-group" => Command::ModifyTargetGroupAttributes {
            target_group: session.id(args.word()),
            attributes: group_attributes(args),
        },
        verb => panic!("nobody can {verb}"),
    }
}

/// A zonal shift goes by its load balancer; `at=old` means one that nobody has.
fn shift(session: &Session, verb: &str, args: &mut Args<'_>) -> Command {
    let load_balancer = session.id(args.word());
    let last = session.registry.load_balancer(load_balancer).unwrap().zonal_shift.as_ref();
    let id = match args.value("at") {
        Some(_) => ZonalShiftId::from_bits(0),
        None => last.map_or_else(|| ZonalShiftId::from_bits(0), |it: &ZonalShift| it.id.clone()),
    };
    let expires_in = args.value("for").map(|it| length(it).unwrap());
    let comment = args.value("because").map(Arc::from);
    match verb {
        "shift" => Command::StartZonalShift {
            load_balancer,
            zone: zone(args.word()),
            expires_in: expires_in.unwrap(),
            comment: comment.unwrap_or_else(|| "test".into()),
        },
        "reshift" => Command::UpdateZonalShift { shift: id, expires_in, comment },
        _ => Command::CancelZonalShift { shift: id },
    }
}

fn listener_attributes(args: &mut Args<'_>) -> impl Iterator<Item = ListenerAttribute> {
    let proxy = args.value("proxy").map(|it| match it {
        "group" => None,
        it => Some(it == "on"),
    });
    let idle = args.read("idle").map(ListenerAttribute::IdleTimeoutSeconds);
    [idle, proxy.map(ListenerAttribute::ProxyProtocolV2)].into_iter().flatten()
}

fn group_attributes(args: &mut Args<'_>) -> Vec<TargetGroupAttribute> {
    use TargetGroupAttribute as A;
    let share = |it: &str| it.parse().map_or(Threshold::Off, Threshold::AtLeast);
    let mut on = |key: &str| args.value(key).map(|it| it == "on");
    let switches = [
        on("proxy").map(A::ProxyProtocolV2),
        on("end-deregistered").map(A::DeregistrationConnectionTermination),
        on("end-unhealthy").map(A::UnhealthyConnectionTermination),
        on("keep-address").map(A::PreserveClientIp),
        on("sticky").map(A::Stickiness),
        on("outliers").map(A::OutlierDetection),
        on("least").map(|it| {
            A::Algorithm(if it { Algorithm::LeastConnections } else { Algorithm::FlowHash })
        }),
    ];
    let numbers = [
        args.read("delay").map(A::DeregistrationDelaySeconds),
        args.read("draining").map(A::UnhealthyDrainingIntervalSeconds),
        args.read("slow-start").map(A::SlowStartSeconds),
        args.read("dns-count").map(|it| A::DnsFailoverCount(Threshold::AtLeast(it))),
        args.value("dns-share").map(|it| A::DnsFailoverPercentage(share(it))),
        args.read("routing-count").map(A::RoutingCount),
        args.value("routing-share").map(|it| A::RoutingPercentage(share(it))),
    ];
    switches.into_iter().chain(numbers).flatten().collect()
}

fn protocol(args: &mut Args<'_>) -> Option<Protocol> {
    args.value("protocol").map(|it| serde_json::from_value(it.into()).unwrap())
}

fn tls(args: &mut Args<'_>) -> TlsChange {
    TlsChange {
        certificate: args.value("certificate").map(Arc::from),
        ssl_policy: args.value("policy").map(Arc::from),
        alpn: args.value("alpn").map(|it| serde_json::from_value(it.into()).unwrap()),
    }
}

fn targets(session: &Session, verb: &str, args: &mut Args<'_>) -> Command {
    let target_group = session.id(args.word());
    let in_zone = args.value("zone").map(|it| match it {
        "all" => TargetZone::All,
        name => TargetZone::One(zone(name)),
    });
    let one = |text: &str| {
        let (ip, port) = text.split_once(':').map_or((text, None), |(ip, port)| (ip, Some(port)));
        TargetDescription {
            id: ip.parse().map_or_else(|_| TargetName::Named(ip.into()), TargetName::Ip),
            port: port.map(|it| it.parse().unwrap()),
            zone: in_zone.clone(),
        }
    };
    let targets = args.words().into_iter().map(one).collect();
    match verb {
        "register" => Command::RegisterTargets { target_group, targets },
        _ => Command::DeregisterTargets { target_group, targets },
    }
}

fn forward(session: &Session, args: &mut Args<'_>) -> Option<Vec<WeightedTargetGroup>> {
    let groups = args.value("to")?.split(',').filter(|it| !it.is_empty());
    let weighted = groups.map(|it| {
        let (name, weight) = it.split_once(':').unwrap_or((it, "1"));
        WeightedTargetGroup { group: session.id(name), weight: weight.parse().unwrap() }
    });
    Some(weighted.collect())
}

fn health_check(args: &mut Args<'_>) -> HealthCheckChange {
    HealthCheckChange {
        protocol: args.value("check").map(|it| serde_json::from_value(it.into()).unwrap()),
        path: args.value("path").map(Arc::from),
        matcher: args.value("codes").map(|it| matcher(it).unwrap()),
        port: None,
        interval_s: args.read("interval"),
        timeout_s: args.read("timeout"),
        healthy_threshold: args.read("healthy"),
        unhealthy_threshold: args.read("unhealthy"),
    }
}

/// The listeners that are served, by load balancer and id.
pub(crate) fn listeners(snapshot: &Snapshot) -> Vec<String> {
    let listeners = snapshot.load_balancers.values().flat_map(|it| &it.listeners);
    let line = |it: &model::Listener| {
        let forward: Vec<_> =
            it.forward.iter().map(|to| format!("{}:{}", to.group, to.weight)).collect();
        let tls = it.tls.as_ref().map_or(String::new(), |tls| {
            let certificates: Vec<_> =
                [&tls.default_certificate].into_iter().chain(&tls.certificates).cloned().collect();
            let oldest = if tls.is_tls12_allowed { "1.2" } else { "1.3" };
            format!("{} {oldest} {:?}", certificates.join("+"), tls.alpn)
        });
        let proxy = it.proxy_protocol_v2.map_or(String::new(), |on| format!("proxy {on}"));
        let (protocol, forward) = (protocol_name(it.protocol), forward.join(","));
        let idle = it.idle_timeout.as_secs();
        format!("{protocol} {} -> {forward} idle {idle} {tls}{proxy}", it.port)
    };
    listeners.map(line).collect()
}

/// The target groups that are served, with what is not as usual.
pub(crate) fn served_groups(snapshot: &Snapshot) -> Vec<String> {
    let line = |it: &model::TargetGroup| {
        let usual = model::TargetGroup::new(it.id, it.protocol);
        let (mut words, check) = (vec![], &it.health_check);
        let mut note = |is_usual: bool, word: String| words.extend((!is_usual).then_some(word));
        note(check.question == usual.health_check.question, format!("{:?}", check.question));
        note(false, format!("every {:?} within {:?}", check.interval, check.timeout));
        note(it.is_sticky == usual.is_sticky, "sticky".into());
        note(it.algorithm == usual.algorithm, format!("{:?}", it.algorithm));
        note(it.slow_start == usual.slow_start, format!("slow start {:?}", it.slow_start));
        note(it.outlier_detection == usual.outlier_detection, "outliers".into());
        note(it.proxy_fields == usual.proxy_fields, format!("{:?}", it.proxy_fields));
        note(it.dns_failover == usual.dns_failover, format!("dns {:?}", it.dns_failover));
        note(
            it.unhealthy_routing == usual.unhealthy_routing,
            format!("{:?}", it.unhealthy_routing),
        );
        note(
            it.deregistration_connection_termination == usual.deregistration_connection_termination,
            format!("deregistered end {}", it.deregistration_connection_termination),
        );
        note(
            it.unhealthy_connection_termination == usual.unhealthy_connection_termination,
            format!("unhealthy end {}", it.unhealthy_connection_termination),
        );
        note(
            it.unhealthy_draining_interval == usual.unhealthy_draining_interval,
            format!("draining {:?}", it.unhealthy_draining_interval),
        );
        format!("{} {}: {}", protocol_name(it.protocol), it.id, words.join(", "))
    };
    snapshot.target_groups.values().map(|it| line(it)).collect()
}

fn protocol_name(of: Protocol) -> String {
    serde_json::to_value(of).unwrap().as_str().unwrap().to_owned()
}

/// Zones that zonal shifts keep out of DNS.
pub(crate) fn shifted(snapshot: &Snapshot) -> Vec<String> {
    let balancers = snapshot.load_balancers.values();
    balancers.map(|it| format!("{} without {:?}", it.id, it.shifted_zones)).collect()
}

/// How much endpoints may carry.
pub(crate) fn limits(snapshot: &Snapshot) -> Vec<String> {
    snapshot.endpoints.values().map(|it| format!("{} {:?}", it.id, it.limits)).collect()
}

/// An instance at an address, in a zone by its letter.
pub(crate) fn instance(address: &str, zone: Option<&str>) -> Instance {
    Instance {
        address: address.parse().unwrap(),
        zone: zone.map(|letter| format!("use1-az{letter}").parse().unwrap()),
        account: Some("111111111111".parse().unwrap()),
    }
}
