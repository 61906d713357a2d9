//! The bootstrap part of the configuration: what must exist once the daemon is ready.
//!
//! Resources name each other by `key` (or `name`, where the API has names). That every name leads
//! somewhere is checked here; whether the resources may exist is for control to decide. Does not
//! know how they are made.

mod balancing;

use std::net::Ipv4Addr;

use control_core::Principal;
use ipnet::{IpNet, Ipv4Net};
use model::{AccountId, ZoneName};

use super::{
    kind::{Kind, Parsed, Switch, Text, Whole},
    reader::{Placed, Table},
};

pub(crate) use balancing::{HealthCheck, Listener, ListenerTls, LoadBalancer, Target, TargetGroup};

/// What must exist once the daemon is ready, in the order in which it is made.
#[derive(Clone, Debug, Default)]
pub(crate) struct Bootstrap {
    /// Tenant networks.
    pub(crate) vpcs: Vec<Vpc>,
    /// Their subnets.
    pub(crate) subnets: Vec<Subnet>,
    /// Target groups with their targets.
    pub(crate) target_groups: Vec<TargetGroup>,
    /// Network load balancers with their listeners.
    pub(crate) load_balancers: Vec<LoadBalancer>,
    /// Endpoint services with their permissions.
    pub(crate) services: Vec<Service>,
    /// Interface endpoints.
    pub(crate) endpoints: Vec<Endpoint>,
}

/// A tenant network.
#[derive(Clone, Debug)]
pub(crate) struct Vpc {
    /// How the rest of the file names it.
    pub(crate) key: String,
    /// Whose it is.
    pub(crate) account: AccountId,
    /// Its addresses.
    pub(crate) cidr: Ipv4Net,
    /// Clients outside it that its default security group lets in.
    pub(crate) admit: Vec<IpNet>,
}

/// A subnet.
#[derive(Clone, Debug)]
pub(crate) struct Subnet {
    /// How the rest of the file names it.
    pub(crate) key: String,
    /// The VPC's key.
    pub(crate) vpc: String,
    /// Where.
    pub(crate) zone: ZoneName,
    /// Its addresses.
    pub(crate) cidr: Ipv4Net,
}

/// An endpoint service.
#[derive(Clone, Debug)]
pub(crate) struct Service {
    /// How the rest of the file names it.
    pub(crate) key: String,
    /// The load balancers' names.
    pub(crate) load_balancers: Vec<String>,
    /// Whether the provider answers each connection request.
    pub(crate) acceptance_required: bool,
    /// Who may connect: ARNs, or `*`.
    pub(crate) allowed_principals: Vec<Principal>,
    /// Who may connect besides, and is accepted at once.
    pub(crate) accepted_principals: Vec<Principal>,
}

/// An interface endpoint.
#[derive(Clone, Debug)]
pub(crate) struct Endpoint {
    /// How messages name it.
    pub(crate) key: String,
    /// The VPC's key.
    pub(crate) vpc: String,
    /// The service's key.
    pub(crate) service: String,
    /// One per zone.
    pub(crate) interfaces: Vec<Interface>,
    /// Whether the service's private DNS names lead to it.
    pub(crate) private_dns: bool,
    /// Whether to accept it on the provider's behalf.
    pub(crate) accept: bool,
}

/// An endpoint network interface.
#[derive(Clone, Debug)]
pub(crate) struct Interface {
    /// The subnet's key.
    pub(crate) subnet: String,
    /// The address wanted; none means any free one.
    pub(crate) ipv4: Option<Ipv4Addr>,
}

/// Reads the table `bootstrap`, if there is one.
pub(super) fn read(root: &mut Table<'_>) -> Option<Bootstrap> {
    let (accounts, zones) = (root.names("accounts", "id"), root.names("zones", "name"));
    let certificates = root.names("certificate", "arn");
    let catalog = root.names_within("services", "amazon", "name");
    let Some(mut table) = root.table("bootstrap") else {
        return (!root.has("bootstrap")).then(Bootstrap::default);
    };
    let account = OneOf::of("an account", accounts);
    let zone = OneOf::of("a zone", zones);
    let certificate = OneOf::of("a certificate", certificates);
    let vpc = OneOf::unique("a VPC", &table, "vpcs", "key");
    let subnet = OneOf::unique("a subnet", &table, "subnets", "key");
    let group = OneOf::unique("a target group", &table, "target_groups", "name");
    let balancer = OneOf::unique("a load balancer", &table, "load_balancers", "name");
    let mut service = OneOf::unique("a service", &table, "services", "key");
    service.allowed.extend(values(catalog));
    OneOf::unique("an endpoint", &table, "endpoints", "key");
    let vpcs = each(&mut table, "vpcs", |t| read_vpc(t, &account));
    let subnets = each(&mut table, "subnets", |t| read_subnet(t, &vpc, &zone, &vpcs));
    let target_groups =
        each(&mut table, "target_groups", |t| balancing::read_group(t, &vpc, &zone));
    let load_balancers = each(&mut table, "load_balancers", |t| {
        balancing::read_balancer(t, &subnet, &group, &certificate)
    });
    let services = each(&mut table, "services", |t| read_service(t, &balancer));
    let endpoints =
        each(&mut table, "endpoints", |t| read_endpoint(t, &vpc, &service, &subnet, &subnets));
    table.finish();
    Some(Bootstrap { vpcs, subnets, target_groups, load_balancers, services, endpoints })
}

/// A name that something else of the file has.
pub(super) struct OneOf {
    what: &'static str,
    allowed: Vec<String>,
}

impl OneOf {
    pub(super) fn of(what: &'static str, names: Vec<Placed<String>>) -> Self {
        Self { what, allowed: values(names) }
    }

    /// The names in a list of tables; two that are the same are a mistake.
    fn unique(what: &'static str, table: &Table<'_>, list: &str, key: &str) -> Self {
        let mut allowed = Vec::new();
        for Placed { value, place } in table.names(list, key) {
            if allowed.contains(&value) {
                let message = format!("`bootstrap.{list}`: \"{value}\" already names {what}");
                table.report_place(place, message);
            } else {
                allowed.push(value);
            }
        }
        Self { what, allowed }
    }
}

impl Kind<String> for OneOf {
    fn expected(&self) -> String {
        if self.allowed.is_empty() {
            return format!("the name of {}, and this file has none", self.what);
        }
        format!("the name of {}: {}", self.what, self.allowed.join(", "))
    }

    fn read(&self, value: &toml::de::DeValue<'_>) -> Option<String> {
        let text = value.as_str()?;
        self.allowed.iter().find(|name| *name == text).cloned()
    }
}

/// Reads every table of a list and finishes it.
fn each<T>(
    parent: &mut Table<'_>,
    key: &'static str,
    mut read: impl FnMut(&mut Table<'_>) -> Option<T>,
) -> Vec<T> {
    let mut values = Vec::new();
    for mut table in parent.tables(key) {
        values.extend(read(&mut table));
        table.finish();
    }
    values
}

/// The values without their places.
fn values<T>(placed: Vec<Placed<T>>) -> Vec<T> {
    placed.into_iter().map(|placed| placed.value).collect()
}

const KEY: Text = Text("a name of your choice, for the rest of this file");
const NAME: Text = Text("a name of 1 to 32 letters, digits and hyphens");
const CIDR: Parsed = Parsed("an IPv4 network such as \"10.0.0.0/24\"");
const PORT: Whole = Whole { min: 1, max: 65535 };

fn read_vpc(table: &mut Table<'_>, account: &OneOf) -> Option<Vpc> {
    let key = table.required("key", &KEY);
    let account = table.required("account", account);
    let cidr = table.required("cidr", &CIDR);
    let admit = values(table.list("admit", &Parsed("a network such as \"127.0.0.0/8\"")));
    Some(Vpc { key: key?, account: account?.parse().ok()?, cidr: cidr?, admit })
}

fn read_subnet(table: &mut Table<'_>, vpc: &OneOf, zone: &OneOf, vpcs: &[Vpc]) -> Option<Subnet> {
    let key = table.required("key", &KEY);
    let vpc = table.required("vpc", vpc);
    let zone = table.required("zone", zone);
    let cidr: Option<Ipv4Net> = table.required("cidr", &CIDR);
    let (key, vpc, cidr) = (key?, vpc?, cidr?);
    let around = vpcs.iter().find(|other| other.key == vpc)?.cidr;
    if !around.contains(&cidr) {
        table.report("cidr", format!("expected a part of {around}, the network of VPC {vpc}"));
    }
    Some(Subnet { key, vpc, zone: zone?.parse().ok()?, cidr })
}

fn read_service(table: &mut Table<'_>, balancer: &OneOf) -> Option<Service> {
    let key = table.required("key", &KEY);
    let load_balancers = values(table.list("load_balancers", balancer));
    if !table.has("load_balancers") {
        let expected = balancer.expected();
        table.report("load_balancers", format!("missing; expected a list, each {expected}"));
    }
    let acceptance_required = table.optional("acceptance_required", &Switch).unwrap_or(true);
    let principal = Parsed("an ARN such as \"arn:aws:iam::222222222222:root\", or \"*\"");
    let allowed_principals = values(table.list("allowed_principals", &principal));
    let accepted_principals = values(table.list("accepted_principals", &principal));
    Some(Service {
        key: key?,
        load_balancers,
        acceptance_required,
        allowed_principals,
        accepted_principals,
    })
}

fn read_endpoint(
    table: &mut Table<'_>,
    vpc: &OneOf,
    service: &OneOf,
    subnet: &OneOf,
    subnets: &[Subnet],
) -> Option<Endpoint> {
    let key = table.required("key", &KEY);
    let vpc = table.required("vpc", vpc);
    let service = table.required("service", service);
    let interfaces = each(table, "interfaces", |t| {
        let subnet = t.required("subnet", subnet);
        let ipv4: Option<Ipv4Addr> = t.optional("ipv4", &Parsed("an IPv4 address"));
        let subnet = subnet?;
        let around = subnets.iter().find(|other| other.key == subnet)?.cidr;
        if ipv4.is_some_and(|ipv4| !around.contains(&ipv4)) {
            t.report("ipv4", format!("expected an address of {around}, subnet {subnet}"));
        }
        Some(Interface { subnet, ipv4 })
    });
    if !table.has("interfaces") {
        table.report("interfaces", "missing; expected a list of tables with subnet and ipv4");
    }
    let private_dns = table.optional("private_dns", &Switch).unwrap_or(false);
    let accept = table.optional("accept", &Switch).unwrap_or(false);
    Some(Endpoint { key: key?, vpc: vpc?, service: service?, interfaces, private_dns, accept })
}
