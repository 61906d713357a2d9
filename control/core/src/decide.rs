//! Decides commands: what follows from one, or why it is refused. Never mutates: the answer is a
//! list of events, and applying them is another step, after they are durable.
//!
//! [`decide`] is for callers, and sees what the caller sees; [`decide_chore`] is for Postern
//! itself. One file per resource; none of them knows how a command came or where events go.

mod chore;
mod client_token;
mod connection;
mod desk;
mod endpoint;
mod group_attribute;
mod health_check;
mod interface;
mod listener;
mod listener_tls;
mod load_balancer;
mod notification;
mod payer;
mod permission;
mod private_dns;
mod region;
mod route_table;
mod security_group;
mod service;
mod subnet;
mod tag;
mod target;
mod target_group;
mod upgrade;
mod vpc;
mod vpc_block;
mod zonal_shift;

use std::collections::BTreeSet;

use model::Timestamp;

pub use chore::{Chore, decide_chore};

use crate::{
    caller::Caller,
    command::Command,
    draw::Draw,
    event::{Change, Event},
    outcome::Outcome,
    record::RECORD_BYTES_MAX,
    refusal::Refusal,
    registry::Registry,
};
use desk::Desk;

/// What follows from a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// What happens; nothing, if all was so already.
    pub events: Vec<Event>,
    /// What the caller is shown.
    pub outcome: Outcome,
}

impl Decision {
    fn of(event: Event, outcome: Outcome) -> Self {
        Self { events: vec![event], outcome }
    }

    /// Nothing happens, as all is so already.
    fn nothing(outcome: Outcome) -> Self {
        Self { events: Vec::new(), outcome }
    }
}

/// Decides a caller's command.
pub fn decide(
    registry: &Registry,
    caller: &Caller,
    command: &Command,
    draw: &mut dyn Draw,
    now: Timestamp,
) -> Result<Decision, Refusal> {
    let mut desk = Desk { registry, caller, draw, now, drawn: BTreeSet::new() };
    let mut decision = dispatch(&mut desk, command)?;
    notification::tell(&mut desk, &mut decision.events);
    decision.events.iter().flat_map(|event| &event.changes).try_for_each(check_size)?;
    Ok(decision)
}

#[expect(clippy::too_many_lines, reason = "one arm per command: split, it would not be total")]
fn dispatch(desk: &mut Desk<'_>, command: &Command) -> Result<Decision, Refusal> {
    match command {
        Command::CreateVpc(create) => vpc::create(desk, create),
        Command::ModifyVpcAttribute { vpc, attribute } => vpc::modify(desk, *vpc, *attribute),
        Command::AssociateVpcBlock { vpc, block } => vpc_block::associate(desk, *vpc, *block),
        Command::DisassociateVpcBlock { association } => {
            vpc_block::disassociate(desk, *association)
        }
        Command::DeleteVpc { vpc } => vpc::delete(desk, *vpc),
        Command::CreateSubnet(create) => subnet::create(desk, create),
        Command::AssociateSubnetBlock { subnet, block } => subnet::associate(desk, *subnet, *block),
        Command::DisassociateSubnetBlock { association } => {
            subnet::disassociate(desk, *association)
        }
        Command::DeleteSubnet { subnet } => subnet::delete(desk, *subnet),
        Command::CreateTags { resources, tags } => tag::create(desk, resources, tags),
        Command::DeleteTags { resources, tags } => tag::delete(desk, resources, tags),
        Command::CreateLoadBalancer(create) => load_balancer::create(desk, create),
        Command::ModifyLoadBalancerAttributes { load_balancer, attributes } => {
            load_balancer::modify(desk, *load_balancer, attributes)
        }
        Command::SetIpAddressType { load_balancer, ip_address_type } => {
            load_balancer::set_ip_address_type(desk, *load_balancer, *ip_address_type)
        }
        Command::SetSubnets { load_balancer, subnets, ip_address_type } => {
            load_balancer::set_subnets(desk, *load_balancer, subnets, *ip_address_type)
        }
        Command::StartZonalShift { load_balancer, zone, expires_in, comment } => {
            zonal_shift::start(desk, *load_balancer, zone, *expires_in, comment)
        }
        Command::UpdateZonalShift { shift, expires_in, comment } => {
            zonal_shift::update(desk, shift, *expires_in, comment.as_ref())
        }
        Command::CancelZonalShift { shift } => zonal_shift::cancel(desk, shift),
        Command::SetSecurityGroups { load_balancer, groups, enforce_on_endpoints } => {
            load_balancer::set_groups(desk, *load_balancer, groups, *enforce_on_endpoints)
        }
        Command::DeleteLoadBalancer { load_balancer } => {
            load_balancer::delete(desk, *load_balancer)
        }
        Command::CreateListener(create) => listener::create(desk, create),
        Command::ModifyListener(modify) => listener::modify(desk, modify),
        Command::ModifyListenerAttributes { listener, attributes } => {
            listener::modify_attributes(desk, *listener, attributes)
        }
        Command::AddListenerCertificate { listener, certificate } => {
            listener_tls::add(desk, *listener, certificate)
        }
        Command::RemoveListenerCertificate { listener, certificate } => {
            listener_tls::remove(desk, *listener, certificate)
        }
        Command::DeleteListener { listener } => listener::delete(desk, *listener),
        Command::CreateTargetGroup(create) => target_group::create(desk, create),
        Command::ModifyTargetGroup { target_group, health_check } => {
            target_group::modify(desk, *target_group, health_check)
        }
        Command::ModifyTargetGroupAttributes { target_group, attributes } => {
            target_group::modify_attributes(desk, *target_group, attributes)
        }
        Command::DeleteTargetGroup { target_group } => target_group::delete(desk, *target_group),
        Command::RegisterTargets { target_group, targets } => {
            target::register(desk, *target_group, targets)
        }
        Command::DeregisterTargets { target_group, targets } => {
            target::deregister(desk, *target_group, targets)
        }
        Command::CreateRouteTable(create) => client_token::once(desk, create, route_table::create),
        Command::DeleteRouteTable { table } => route_table::delete(desk, *table),
        Command::CreateRoute { table, route } => route_table::create_route(desk, *table, route),
        Command::DeleteRoute { table, destination } => {
            route_table::delete_route(desk, *table, *destination)
        }
        Command::AssociateRouteTable { table, subnet } => {
            route_table::associate(desk, *table, *subnet)
        }
        Command::DisassociateRouteTable { association } => {
            route_table::disassociate(desk, *association)
        }
        Command::CreateSecurityGroup(create) => security_group::create(desk, create),
        Command::DeleteSecurityGroup { group } => security_group::delete(desk, *group),
        Command::AuthorizeSecurityGroup { group, rules } => {
            security_group::authorize(desk, *group, rules)
        }
        Command::RevokeSecurityGroup { group, direction, rules } => {
            security_group::revoke(desk, *group, *direction, rules)
        }
        Command::CreateService(create) => client_token::once(desk, create, service::create),
        Command::ModifyService(modify) => service::modify(desk, modify),
        Command::StartDomainVerification { service } => {
            private_dns::start_verification(desk, *service)
        }
        Command::TakeServiceCharges { service } => payer::take(desk, *service),
        Command::DeleteService { service } => service::delete(desk, *service),
        Command::ModifyServicePermissions { service, add, remove } => {
            permission::modify(desk, *service, add, remove)
        }
        Command::CreateEndpoint(create) => client_token::once(desk, create, endpoint::create),
        Command::ModifyEndpoint(modify) => endpoint::modify(desk, modify),
        Command::ModifyEndpointPayer { service, endpoint, payer } => {
            payer::modify(desk, *service, *endpoint, *payer)
        }
        Command::DeleteEndpoint { endpoint } => endpoint::delete(desk, *endpoint),
        Command::CreateNotification(create) => {
            client_token::once(desk, create, notification::create)
        }
        Command::ModifyNotification(modify) => notification::modify(desk, modify),
        Command::DeleteNotification { notification } => notification::delete(desk, *notification),
        Command::AcceptConnection { service, endpoint } => {
            connection::accept(desk, *service, *endpoint)
        }
        Command::RejectConnection { service, endpoint } => {
            connection::reject(desk, *service, *endpoint)
        }
    }
}

/// Tags and permissions are bounded in number, but not so tightly that no mix of them could make a
/// record larger than a store takes.
fn check_size(change: &Change) -> Result<(), Refusal> {
    match change {
        Change::Put(record) if record.encode().len() > RECORD_BYTES_MAX => {
            Err(Refusal::RecordTooLarge { key: record.key(), max: RECORD_BYTES_MAX })
        }
        Change::Put(_) | Change::Remove(_) => Ok(()),
    }
}
