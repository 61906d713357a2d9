//! What a step asks for, and by whom, in terms that both the reference and the core understand.

use std::collections::BTreeSet;

use control_core::{
    Caller, Chore, Command, Identity, Tags,
    command::{
        CreateEndpoint, CreateService, CreateSubnet, CreateVpc, ModifyEndpoint, ModifyService,
    },
    resource::{DomainOutcome, DomainToken, ServiceName, VpcAttribute},
    settings::ZoneRef,
};
use model::{
    BindFailure, BindFailureReason, EndpointAddr, IpAddressType, LoadBalancerId, ServiceId,
    SubnetId, VpcEndpointId, VpcId,
};

/// Who asks: two accounts, and a user of the second.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Who {
    A,
    B,
    Ann,
}

impl Who {
    /// The number of the account.
    pub(crate) fn account(self) -> u8 {
        u8::from(self != Self::A)
    }

    pub(crate) fn caller(self) -> Caller {
        let account = ACCOUNTS[usize::from(self.account())].parse().unwrap();
        let identity = match self {
            Self::A | Self::B => Identity::Root,
            Self::Ann => Identity::User("ann".into()),
        };
        Caller { account, identity }
    }
}

pub(crate) const ACCOUNTS: [&str; 2] = ["111111111111", "222222222222"];
/// Whom a permission may admit.
pub(crate) const PRINCIPALS: [&str; 4] = [
    "*",
    "arn:aws:iam::111111111111:root",
    "arn:aws:iam::222222222222:root",
    "arn:aws:iam::222222222222:user/ann",
];
/// The private DNS names that services may have.
pub(crate) const NAMES: [&str; 2] = ["db.example.com", "*.example.org"];
pub(crate) const ZONES: [&str; 2] = ["za", "zb"];

/// What is asked for. Names and zones are numbers of the lists above.
#[derive(Clone, Debug)]
pub(crate) enum Ask {
    CreateVpc,
    SetHostnames {
        vpc: VpcId,
        on: bool,
    },
    SetSupport {
        vpc: VpcId,
        on: bool,
    },
    DeleteVpc {
        vpc: VpcId,
    },
    /// The network's third part: one of a few, so that they meet, or one outside of the VPC.
    CreateSubnet {
        vpc: VpcId,
        network: u8,
        zone: usize,
    },
    DeleteSubnet {
        subnet: SubnetId,
    },
    CreateService {
        balancers: BTreeSet<LoadBalancerId>,
        acceptance: bool,
        name: Option<usize>,
    },
    SetAcceptance {
        service: ServiceId,
        on: bool,
    },
    SetName {
        service: ServiceId,
        name: Option<usize>,
    },
    SetBalancers {
        service: ServiceId,
        add: BTreeSet<LoadBalancerId>,
        remove: BTreeSet<LoadBalancerId>,
    },
    StartVerification {
        service: ServiceId,
    },
    DeleteService {
        service: ServiceId,
    },
    Permit {
        service: ServiceId,
        add: BTreeSet<usize>,
        remove: BTreeSet<usize>,
    },
    CreateEndpoint {
        vpc: VpcId,
        service: ServiceId,
        subnets: BTreeSet<SubnetId>,
        private: bool,
    },
    ModifyEndpoint {
        endpoint: VpcEndpointId,
        add: BTreeSet<SubnetId>,
        remove: BTreeSet<SubnetId>,
        private: Option<bool>,
    },
    DeleteEndpoint {
        endpoint: VpcEndpointId,
    },
    Accept {
        service: ServiceId,
        endpoint: VpcEndpointId,
    },
    Reject {
        service: ServiceId,
        endpoint: VpcEndpointId,
    },
    /// What nobody asks for but happens.
    Bound {
        endpoint: VpcEndpointId,
    },
    NotBound {
        endpoint: VpcEndpointId,
    },
    Released {
        endpoint: VpcEndpointId,
    },
    LookedUp {
        service: ServiceId,
        outcome: DomainOutcome,
        token: DomainToken,
    },
    Passed {
        seconds: u64,
    },
}

/// A command or a chore of the core.
pub(crate) enum Asked {
    Command(Box<Command>),
    Chore(Chore),
}

impl Ask {
    /// The same for the core.
    pub(crate) fn asked(&self) -> Asked {
        self.chore().map_or_else(|| Asked::Command(Box::new(self.command())), Asked::Chore)
    }

    fn chore(&self) -> Option<Chore> {
        Some(match self {
            Self::Bound { endpoint } => Chore::ReportBound(*endpoint),
            Self::NotBound { endpoint } => {
                let addr = EndpointAddr(([10, 0, 0, 4], 80).into());
                let reason = BindFailureReason::AddressInUse;
                Chore::ReportBindFailed(*endpoint, BindFailure { addr, reason })
            }
            Self::Released { endpoint } => Chore::ReportReleased(*endpoint),
            Self::LookedUp { service, outcome, token } => Chore::ReportDomainVerification {
                service: *service,
                token: token.clone(),
                outcome: *outcome,
            },
            Self::Passed { .. } => Chore::Tick { records_max: usize::MAX },
            _ => return None,
        })
    }

    fn command(&self) -> Command {
        let principals =
            |of: &BTreeSet<usize>| of.iter().map(|it| PRINCIPALS[*it].parse().unwrap()).collect();
        match self.clone() {
            Self::CreateVpc => Command::CreateVpc(CreateVpc {
                cidr: "10.0.0.0/16".parse().unwrap(),
                ipv6: None,
                tags: Tags::none(),
            }),
            Self::SetHostnames { vpc, on } => {
                Command::ModifyVpcAttribute { vpc, attribute: VpcAttribute::DnsHostnames(on) }
            }
            Self::SetSupport { vpc, on } => {
                Command::ModifyVpcAttribute { vpc, attribute: VpcAttribute::DnsSupport(on) }
            }
            Self::DeleteVpc { vpc } => Command::DeleteVpc { vpc },
            Self::CreateSubnet { vpc, network, zone } => create_subnet(vpc, network, zone),
            Self::DeleteSubnet { subnet } => Command::DeleteSubnet { subnet },
            Self::CreateService { balancers, acceptance, name } => {
                Command::CreateService(CreateService {
                    load_balancers: balancers,
                    acceptance_required: acceptance,
                    ip_address_types: [IpAddressType::Ipv4].into(),
                    private_dns_name: name.map(|it| NAMES[it].parse().unwrap()),
                    supported_regions: [].into(),
                    catalog: None,
                    tags: Tags::none(),
                    client_token: None,
                })
            }
            Self::SetAcceptance { .. } | Self::SetName { .. } | Self::SetBalancers { .. } => {
                Command::ModifyService(self.service_change())
            }
            Self::StartVerification { service } => Command::StartDomainVerification { service },
            Self::DeleteService { service } => Command::DeleteService { service },
            Self::Permit { service, add, remove } => Command::ModifyServicePermissions {
                service,
                add: principals(&add),
                remove: principals(&remove),
            },
            Self::CreateEndpoint { vpc, service, subnets, private } => {
                create_endpoint(vpc, service, subnets, private)
            }
            Self::ModifyEndpoint { endpoint, add, remove, private } => {
                Command::ModifyEndpoint(ModifyEndpoint {
                    add_subnets: add.into_iter().collect(),
                    remove_subnets: remove.into_iter().collect(),
                    private_dns: private,
                    ..ModifyEndpoint::of(endpoint)
                })
            }
            Self::DeleteEndpoint { endpoint } => Command::DeleteEndpoint { endpoint },
            Self::Accept { service, endpoint } => Command::AcceptConnection { service, endpoint },
            Self::Reject { service, endpoint } => Command::RejectConnection { service, endpoint },
            Self::Bound { .. }
            | Self::NotBound { .. }
            | Self::Released { .. }
            | Self::LookedUp { .. }
            | Self::Passed { .. } => unreachable!("these are chores"),
        }
    }

    fn service_change(&self) -> ModifyService {
        match self.clone() {
            Self::SetAcceptance { service, on } => {
                ModifyService { acceptance_required: Some(on), ..ModifyService::of(service) }
            }
            Self::SetName { service, name } => ModifyService {
                private_dns_name: Some(name.map(|it| NAMES[it].parse().unwrap())),
                ..ModifyService::of(service)
            },
            Self::SetBalancers { service, add, remove } => ModifyService {
                add_load_balancers: add,
                remove_load_balancers: remove,
                ..ModifyService::of(service)
            },
            _ => unreachable!("these are no changes of a service"),
        }
    }
}

fn create_subnet(vpc: VpcId, network: u8, zone: usize) -> Command {
    Command::CreateSubnet(CreateSubnet {
        vpc,
        cidr: Some(cidr(network).parse().unwrap()),
        ipv6: None,
        zone: Some(ZoneRef::Id(ZONES[zone].parse().unwrap())),
        tags: Tags::none(),
    })
}

/// The network with a number; 9 is not in the VPCs.
fn cidr(network: u8) -> String {
    if network == 9 { "10.9.0.0/24".to_owned() } else { format!("10.0.{network}.0/24") }
}

fn create_endpoint(
    vpc: VpcId,
    service: ServiceId,
    subnets: BTreeSet<SubnetId>,
    private_dns: bool,
) -> Command {
    Command::CreateEndpoint(CreateEndpoint {
        vpc,
        service_name: ServiceName(format!("com.amazonaws.vpce.us-east-1.{service}")),
        subnets: subnets.into_iter().collect(),
        addresses: Vec::new(),
        ip_address_type: IpAddressType::Ipv4,
        dns_record_ip_type: None,
        private_dns,
        policy: None,
        security_groups: BTreeSet::new(),
        tags: Tags::none(),
        client_token: None,
    })
}
