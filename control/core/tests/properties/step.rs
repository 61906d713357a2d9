//! One step of a random sequence: a few numbers that choose what is asked for, by whom, and of what
//! there is. Names that fit by chance only are rare, so most steps name something that exists.

use std::{collections::BTreeSet, time::Duration};

use control_core::{
    Caller, Chore, Command, Registry, Tags,
    command::{
        CreateEndpoint, CreateListener, CreateLoadBalancer, CreateNotification,
        CreateSecurityGroup, CreateService, CreateSubnet, CreateTargetGroup, CreateVpc,
        HealthCheckChange, ModifyEndpoint, ModifyService, NewBlock, NewRule, RuleChoice,
        SubnetAddresses, TargetDescription, TargetZone, TlsChange,
    },
    resource::{
        ConnectionEvent, Direction, DomainOutcome, DomainToken, NotificationScope, Peer, Scheme,
        ServiceName, TargetName, TargetType, Traffic, VpcAttribute,
    },
    tag,
};
use ipnet::{Ipv4Net, Ipv6Net};
use model::{
    BindFailure, BindFailureReason, DnsName, EndpointAddr, IpAddressType, LoadBalancerId, Protocol,
    SecurityGroupId, ServiceId, SubnetId, TargetGroupId, Timestamp, VpcEndpointId, VpcId,
    WeightedTargetGroup,
};

/// The numbers of a step: who, what, and four choices.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Step(pub(crate) [u8; 6]);

pub(crate) enum Resolved {
    Command(Caller, Box<Command>),
    Chore(Chore),
}

/// The two accounts, by number.
pub(crate) fn caller(number: u8) -> Caller {
    let account = if number.is_multiple_of(2) { "111111111111" } else { "222222222222" };
    Caller::root(account.parse().unwrap())
}

/// What each account starts with, so that random steps find something to do.
pub(crate) fn beginning(registry: &Registry, owner: u8, at: usize) -> Option<Command> {
    let a = Around { registry, owner };
    Some(match at {
        0 => a.create_vpc([0; 4]),
        1 => a.create_subnet([0, 0, 0, 0]),
        2 => a.create_subnet([1, 1, 0, 0]),
        3 => a.create_load_balancer([0, 1, 0, 0]),
        4 => a.create_load_balancer([0, 1, 1, 0]),
        5 => a.create_load_balancer([1, 0, 2, 0]),
        6 => a.create_target_group([0; 4]),
        7 => a.create_listener([0; 4]),
        8 => a.create_service([0, 1, 0, 0]),
        9 => Command::ModifyServicePermissions {
            service: nth(registry.view(&caller(owner)).services().map(|it| it.id), 0).unwrap(),
            add: vec!["*".parse().unwrap()],
            remove: Vec::new(),
        },
        _ => return None,
    })
}

impl Step {
    /// What the step means in a registry; time may pass.
    pub(crate) fn resolve(self, registry: &Registry, now: &mut Timestamp) -> Resolved {
        let [who, what, n @ ..] = self.0;
        let around = Around { registry, owner: who };
        match what % 45 {
            0..=5 => Resolved::Chore(around.report(n)),
            6..=7 => {
                // Mostly seconds, now and then more than a request lives.
                let wait = [1, 7, 301, 3601, 86_401, 604_801][usize::from(n[0]) % 6];
                *now = *now + Duration::from_secs(wait);
                Resolved::Chore(Chore::Tick { records_max: 1 + usize::from(n[1] % 5) })
            }
            what => Resolved::Command(caller(who), Box::new(around.command(what, n))),
        }
    }
}

/// The registry around a step, and whose turn it is.
struct Around<'a> {
    registry: &'a Registry,
    owner: u8,
}

impl Around<'_> {
    fn command(&self, what: u8, n: [u8; 4]) -> Command {
        match what {
            8 => self.create_vpc(n),
            9 if n[1].is_multiple_of(2) => Command::ModifyVpcAttribute {
                vpc: self.vpc(n[0]),
                attribute: match n[2] % 3 {
                    0 => VpcAttribute::DnsSupport(n[3].is_multiple_of(2)),
                    _ => VpcAttribute::DnsHostnames(!n[3].is_multiple_of(4)),
                },
            },
            9 => Command::DeleteVpc { vpc: self.vpc(n[0]) },
            10..=11 => self.create_subnet(n),
            12 => Command::DeleteSubnet { subnet: self.subnet(n[0]) },
            13..=14 => self.create_load_balancer(n),
            15 => Command::DeleteLoadBalancer { load_balancer: self.load_balancer(n[0]) },
            16 => self.create_target_group(n),
            17 => Command::DeleteTargetGroup { target_group: self.target_group(n[0]) },
            18 => self.create_listener(n),
            19 => Command::DeleteListener {
                listener: nth(self.registry.listeners().map(|it| it.id), n[0])
                    .unwrap_or(model::ListenerId::from_bits(0)),
            },
            20 => self.targets(n),
            21 => self.create_service(n),
            22..=23 => self.modify_service(n),
            24 => Command::DeleteService { service: self.service(n[0]) },
            25 => Command::ModifyServicePermissions {
                service: self.service(n[0]),
                add: vec![["*", "222222222222"][usize::from(n[1]) % 2].parse().unwrap()],
                remove: if n[2] < 64 { vec!["*".parse().unwrap()] } else { Vec::new() },
            },
            26..=29 => self.create_endpoint(n),
            30..=31 => self.modify_endpoint(n),
            32..=33 => Command::DeleteEndpoint { endpoint: self.endpoint(n[0]) },
            34..=36 => {
                let endpoint = self.endpoint(n[0]);
                Command::AcceptConnection { service: self.service_of(endpoint), endpoint }
            }
            37..=38 => {
                let endpoint = self.endpoint(n[0]);
                Command::RejectConnection { service: self.service_of(endpoint), endpoint }
            }
            39 => self.create_notification(n),
            40..=43 => self.security_group(n),
            44 if n[3].is_multiple_of(2) => self.mark(n),
            _ => Command::CreateTags {
                resources: vec![self.endpoint(n[0]).into(), self.service(n[1]).into()],
                tags: [("key", n[2].to_string())].into_iter().collect(),
            },
        }
    }

    /// Has requests accepted at once, or endpoints rejected with their permission.
    fn mark(&self, n: [u8; 4]) -> Command {
        let service = self.service(n[0]);
        let permission = self.registry.permissions_of(service).next();
        let (resource, key, value) = match permission.filter(|_| n[1].is_multiple_of(2)) {
            Some(permission) => (permission.id.into(), tag::ACCEPTANCE, "automatic"),
            None => (service.into(), tag::PERMISSION_REMOVAL, "reject"),
        };
        Command::CreateTags {
            resources: vec![resource],
            tags: [(key, value)].into_iter().collect(),
        }
    }

    fn report(&self, n: [u8; 4]) -> Chore {
        let endpoint = self.endpoint(n[0]);
        match n[1] % 8 {
            6 | 7 => self.look_up(n),
            0 => {
                let addr = EndpointAddr(([10, 0, 0, 4], 80).into());
                let reason = BindFailureReason::AddressInUse;
                Chore::ReportBindFailed(endpoint, BindFailure { addr, reason })
            }
            1 | 2 => Chore::ReportReleased(endpoint),
            _ => Chore::ReportBound(endpoint),
        }
    }

    /// A look-up of a domain; the token is that of a service, most often found.
    fn look_up(&self, n: [u8; 4]) -> Chore {
        let service = self.service(n[0]);
        let private = self.registry.service(service).and_then(|it| it.private_dns.as_ref());
        let token = private.map_or_else(|| DomainToken::from_bits(0), |it| it.token.clone());
        let outcome = DomainOutcome::ALL[usize::from(n[2] / 2) % DomainOutcome::ALL.len()];
        Chore::ReportDomainVerification { service, token, outcome }
    }

    fn create_vpc(&self, _: [u8; 4]) -> Command {
        Command::CreateVpc(CreateVpc {
            cidr: cidr(0, 16),
            ipv6: Some(NewBlock::Named("2001:db8::/56".parse().unwrap())),
            tags: Tags::none(),
        })
    }

    fn create_subnet(&self, n: [u8; 4]) -> Command {
        Command::CreateSubnet(CreateSubnet {
            vpc: self.vpc(n[2]),
            cidr: (n[3] % 4 != 3).then(|| cidr(n[0] % 8, 28)),
            ipv6: (!n[3].is_multiple_of(2)).then(|| ipv6(n[0] % 8)),
            zone: nth(self.registry.settings().zones.iter(), n[1])
                .map(|zone| control_core::ZoneRef::Id(zone.id.clone())),
            tags: Tags::none(),
        })
    }

    fn create_load_balancer(&self, n: [u8; 4]) -> Command {
        let mut subnets = vec![self.subnet(n[0])];
        if !n[1].is_multiple_of(3) {
            subnets.push(self.subnet(n[1]));
        }
        Command::CreateLoadBalancer(CreateLoadBalancer {
            name: format!("lb-{}", n[2] % 4).into(),
            subnets,
            scheme: Scheme::Internal,
            ip_address_type: address_type(n[3] % 6 + 1),
            security_groups: [].into(),
            tags: Tags::none(),
        })
    }

    fn create_target_group(&self, n: [u8; 4]) -> Command {
        Command::CreateTargetGroup(CreateTargetGroup {
            name: format!("tg-{}", n[0] % 4).into(),
            target_type: TargetType::Ip,
            protocol: Protocol::Tcp,
            port: std::num::NonZeroU16::MIN,
            vpc: self.vpc(n[1]),
            health_check: HealthCheckChange::default(),
            tags: Tags::none(),
        })
    }

    fn create_listener(&self, n: [u8; 4]) -> Command {
        let forward = WeightedTargetGroup { group: self.target_group(n[1]), weight: 1 };
        Command::CreateListener(CreateListener {
            load_balancer: self.load_balancer(n[0]),
            port: std::num::NonZeroU16::MIN.saturating_add(u16::from(n[2] % 3)),
            protocol: Protocol::Tcp,
            tls: TlsChange::default(),
            forward: vec![forward],
            tags: Tags::none(),
        })
    }

    fn targets(&self, n: [u8; 4]) -> Command {
        let target_group = self.target_group(n[0]);
        let ip = [127, 0, 0, n[1] % 4].into();
        let targets = vec![TargetDescription {
            id: TargetName::Ip(ip),
            port: None,
            zone: Some(TargetZone::All),
        }];
        if n[2].is_multiple_of(3) {
            Command::DeregisterTargets { target_group, targets }
        } else {
            Command::RegisterTargets { target_group, targets }
        }
    }

    fn create_service(&self, n: [u8; 4]) -> Command {
        Command::CreateService(CreateService {
            load_balancers: [self.load_balancer(n[0])].into(),
            acceptance_required: n[1].is_multiple_of(2),
            ip_address_types: match n[3] % 2 {
                0 => [].into(),
                _ => [IpAddressType::Ipv4, IpAddressType::Ipv6].into(),
            },
            private_dns_name: (n[1].is_multiple_of(3)).then(|| domain(n[2])),
            supported_regions: [].into(),
            catalog: None,
            tags: Tags::none(),
            client_token: (n[2].is_multiple_of(4)).then(|| format!("token-{}", n[3] % 3).into()),
        })
    }

    fn modify_service(&self, n: [u8; 4]) -> Command {
        let mut modify = ModifyService::of(self.service(n[0]));
        if !n[1].is_multiple_of(4) {
            modify.add_load_balancers.insert(self.load_balancer(n[2]));
        }
        if n[1].is_multiple_of(3) {
            modify.remove_load_balancers.insert(self.load_balancer(n[3]));
        }
        modify.private_dns_name =
            [None, Some(Some(domain(n[3]))), Some(None)][usize::from(n[2]) % 3].clone();
        Command::ModifyService(modify)
    }

    fn create_endpoint(&self, n: [u8; 4]) -> Command {
        let first = self.subnet(n[1]);
        let subnets =
            if n[2].is_multiple_of(2) { vec![first] } else { vec![first, self.subnet(n[2])] };
        let region = &self.registry.settings().region;
        Command::CreateEndpoint(CreateEndpoint {
            vpc: self.registry.subnet(first).map_or_else(|| self.vpc(0), |it| it.vpc),
            service_name: ServiceName::of(self.service(n[0]), region),
            subnets,
            addresses: self.designated(first, n[3]),
            ip_address_type: address_type(n[2]),
            dns_record_ip_type: None,
            private_dns: n[2].is_multiple_of(5),
            security_groups: self.some_group(n[0], n[3]),
            policy: None,
            tags: Tags::none(),
            client_token: (n[3].is_multiple_of(4)).then(|| format!("token-{}", n[3] % 3).into()),
        })
    }

    /// Of each kind, so that there is always somebody to be told.
    fn create_notification(&self, n: [u8; 4]) -> Command {
        let scope = if n[0].is_multiple_of(2) {
            NotificationScope::Service(self.service(n[1]))
        } else {
            NotificationScope::Endpoint(self.endpoint(n[1]))
        };
        use ConnectionEvent as E;
        Command::CreateNotification(CreateNotification {
            scope,
            topic: "arn:aws:sns:us-east-1:111111111111:t".parse().unwrap(),
            events: [[E::Accept, E::Connect], [E::Delete, E::Reject]][usize::from(n[2]) % 2].into(),
            client_token: None,
        })
    }

    fn modify_endpoint(&self, n: [u8; 4]) -> Command {
        let (one, other) = (self.subnet(n[1]), self.subnet(n[2]));
        Command::ModifyEndpoint(ModifyEndpoint {
            endpoint: self.endpoint(n[0]),
            add_subnets: if n[3].is_multiple_of(2) { vec![one] } else { Vec::new() },
            remove_subnets: if n[3].is_multiple_of(3) { vec![other] } else { Vec::new() },
            addresses: self.designated(one, n[3]),
            ip_address_type: n[2].is_multiple_of(5).then(|| address_type(n[1])),
            private_dns: [None, Some(true), Some(false)][usize::from(n[2]) % 3],
            policy: None,
            dns_record_ip_type: None,
            add_security_groups: self.some_group(n[1], n[2]),
            remove_security_groups: self.some_group(n[2], n[1]),
        })
    }

    fn some_group(&self, n: u8, now_and_then: u8) -> BTreeSet<SecurityGroupId> {
        (now_and_then.is_multiple_of(3)).then(|| self.group(n)).into_iter().collect()
    }

    fn group(&self, n: u8) -> SecurityGroupId {
        let account = caller(self.owner);
        nth(self.registry.view(&account).security_groups().map(|it| it.id), n)
            .unwrap_or(SecurityGroupId::from_bits(0))
    }

    fn security_group(&self, n: [u8; 4]) -> Command {
        let group = self.group(n[0]);
        let peer = match n[2] % 3 {
            0 => Peer::Group(self.group(n[3])),
            _ => Peer::Ipv4(cidr(n[3] % 4, 28)),
        };
        let traffic = Traffic::all(Direction::Ingress, peer);
        match n[1] % 6 {
            0 | 1 => Command::CreateSecurityGroup(CreateSecurityGroup {
                vpc: self.vpc(n[0]),
                name: format!("group {}", n[2] % 3).into(),
                description: "test".into(),
                tags: Tags::none(),
            }),
            2 => Command::DeleteSecurityGroup { group },
            3 => Command::RevokeSecurityGroup {
                group,
                direction: Direction::Ingress,
                rules: vec![RuleChoice::Traffic(traffic)],
            },
            _ => Command::AuthorizeSecurityGroup {
                group,
                rules: vec![NewRule { traffic, description: None, tags: Tags::none() }],
            },
        }
    }

    /// Now and then a designated address, close to where others are drawn.
    fn designated(&self, subnet: SubnetId, n: u8) -> Vec<SubnetAddresses> {
        let found = self.registry.subnet(subnet).filter(|_| n % 3 == 1);
        let address = found.and_then(|it| it.cidr?.hosts().nth(usize::from(n % 16)));
        address
            .map(|ipv4| SubnetAddresses { subnet, ipv4: Some(ipv4), ipv6: None })
            .into_iter()
            .collect()
    }

    fn vpc(&self, n: u8) -> VpcId {
        let account = caller(self.owner);
        nth(self.registry.view(&account).vpcs().map(|it| it.id), n).unwrap_or(VpcId::from_bits(0))
    }

    fn subnet(&self, n: u8) -> SubnetId {
        let account = caller(self.owner);
        nth(self.registry.view(&account).subnets().map(|it| it.id), n)
            .unwrap_or(SubnetId::from_bits(0))
    }

    fn load_balancer(&self, n: u8) -> LoadBalancerId {
        let account = caller(self.owner);
        nth(self.registry.view(&account).load_balancers().map(|it| it.id), n)
            .unwrap_or(LoadBalancerId::from_bits(0))
    }

    fn target_group(&self, n: u8) -> TargetGroupId {
        let account = caller(self.owner);
        nth(self.registry.view(&account).target_groups().map(|it| it.id), n)
            .unwrap_or(TargetGroupId::from_bits(0))
    }

    /// Anybody's: most are used by the other account.
    fn service(&self, n: u8) -> ServiceId {
        nth(self.registry.services().map(|it| it.id), n).unwrap_or(ServiceId::from_bits(0))
    }

    fn endpoint(&self, n: u8) -> VpcEndpointId {
        nth(self.registry.endpoints().map(|it| it.id), n).unwrap_or(VpcEndpointId::from_bits(0))
    }

    fn service_of(&self, endpoint: VpcEndpointId) -> ServiceId {
        self.registry.endpoint(endpoint).map_or(ServiceId::from_bits(0), |it| it.service)
    }
}

fn domain(n: u8) -> DnsName {
    ["a.example", "*.b.example"][usize::from(n) % 2].parse().unwrap()
}

fn cidr(third: u8, prefix: u8) -> Ipv4Net {
    Ipv4Net::new([10, 0, third, 0].into(), prefix).unwrap()
}

fn ipv6(fourth: u8) -> Ipv6Net {
    Ipv6Net::new([0x2001, 0xdb8, 0, fourth.into(), 0, 0, 0, 0].into(), 64).unwrap()
}

/// IPv4 more often than not.
fn address_type(n: u8) -> IpAddressType {
    match n % 8 {
        0 | 5 => IpAddressType::Dualstack,
        7 => IpAddressType::Ipv6,
        _ => IpAddressType::Ipv4,
    }
}

/// The one of all there are that a number chooses.
fn nth<T>(all: impl Iterator<Item = T>, n: u8) -> Option<T> {
    let mut all: Vec<_> = all.collect();
    let count = all.len().max(1);
    (!all.is_empty()).then(|| all.swap_remove(usize::from(n) % count))
}
