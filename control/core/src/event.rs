//! What happened, and which records it changes. Does not know how records are kept, nor who is
//! told.

use std::fmt;

use model::{
    AccountId, EndpointState, ListenerId, LoadBalancerId, NotificationId, RouteTableId,
    SecurityGroupId, ServiceId, SubnetId, TargetAddr, TargetGroupId, Timestamp, VpcEndpointId,
    VpcId,
};

use crate::{
    record::{Key, Record},
    resource::{DomainState, MessageId, ResourceId},
    transition::Move,
};

/// Something that happened, with all that it changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// When.
    pub at: Timestamp,
    /// Whose command it was; none if Postern did it by itself.
    pub by: Option<AccountId>,
    /// What.
    pub kind: EventKind,
    /// The records that it changes.
    pub changes: Vec<Change>,
}

/// One record's change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// The record is now this.
    Put(Record),
    /// The record is gone.
    Remove(Key),
}

impl Change {
    /// The record's key.
    pub fn key(&self) -> Key {
        match self {
            Self::Put(record) => record.key(),
            Self::Remove(key) => key.clone(),
        }
    }
}

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventKind {
    /// A VPC was made.
    VpcCreated(VpcId),
    /// A VPC's attributes changed.
    VpcModified(VpcId),
    /// A VPC was removed.
    VpcDeleted(VpcId),
    /// A subnet was made.
    SubnetCreated(SubnetId),
    /// A subnet's addresses changed.
    SubnetModified(SubnetId),
    /// A subnet was removed.
    SubnetDeleted(SubnetId),
    /// A route table was made.
    RouteTableCreated(RouteTableId),
    /// A route table's routes or subnets changed.
    RouteTableModified(RouteTableId),
    /// A route table was removed.
    RouteTableDeleted(RouteTableId),
    /// A security group was made.
    SecurityGroupCreated(SecurityGroupId),
    /// A security group's rules changed.
    SecurityGroupModified(SecurityGroupId),
    /// A security group was removed.
    SecurityGroupDeleted(SecurityGroupId),
    /// A resource's tags changed.
    TagsChanged(ResourceId),
    /// A load balancer was made.
    LoadBalancerCreated(LoadBalancerId),
    /// A load balancer was changed.
    LoadBalancerModified(LoadBalancerId),
    /// A load balancer was removed, and its listeners with it.
    LoadBalancerDeleted(LoadBalancerId),
    /// A listener was made.
    ListenerCreated(ListenerId),
    /// A listener was changed.
    ListenerModified(ListenerId),
    /// A listener was removed.
    ListenerDeleted(ListenerId),
    /// A target group was made.
    TargetGroupCreated(TargetGroupId),
    /// A target group was changed.
    TargetGroupModified(TargetGroupId),
    /// A target group was removed, and its targets with it.
    TargetGroupDeleted(TargetGroupId),
    /// A target was registered, or taken back while it drained.
    TargetRegistered(TargetGroupId, TargetAddr),
    /// A target was deregistered and drains.
    TargetDraining(TargetGroupId, TargetAddr),
    /// Targets went to where the operator says that they are now.
    TargetsMoved(usize),
    /// A target is gone.
    TargetRemoved(TargetGroupId, TargetAddr),
    /// An endpoint service was made.
    ServiceCreated(ServiceId),
    /// An endpoint service was changed.
    ServiceModified(ServiceId),
    /// The proof of a service's domain was asked for, or looked for.
    DomainVerification {
        /// The service.
        service: ServiceId,
        /// Where the proof stands now.
        state: DomainState,
        /// Why.
        reason: &'static str,
    },
    /// An endpoint service was removed, and its permissions with it.
    ServiceDeleted(ServiceId),
    /// A service's permissions changed.
    PermissionsChanged(ServiceId),
    /// A consumer asked to connect to a service.
    EndpointCreated {
        /// The new endpoint.
        endpoint: VpcEndpointId,
        /// The service.
        service: ServiceId,
        /// Its first state.
        state: EndpointState,
    },
    /// Something happened to an endpoint; the state may have stayed the same.
    EndpointMoved {
        /// The endpoint.
        endpoint: VpcEndpointId,
        /// The service.
        service: ServiceId,
        /// What happened.
        on: Move,
        /// Its state before.
        from: EndpointState,
        /// Its state after.
        to: EndpointState,
    },
    /// Who pays for an endpoint changed.
    EndpointPayerChanged(VpcEndpointId),
    /// A deleted endpoint is no longer listed.
    EndpointForgotten(VpcEndpointId),
    /// A connection notification was made.
    NotificationCreated(NotificationId),
    /// A connection notification was changed.
    NotificationModified(NotificationId),
    /// A connection notification was removed.
    NotificationDeleted(NotificationId),
    /// A message no longer waits: it was sent, or given up.
    MessageRemoved(MessageId),
    /// A client token's time is over.
    ClientTokenExpired,
}

impl fmt::Display for EventKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::VpcCreated(id) => write!(f, "{id} created"),
            Self::VpcModified(id) => write!(f, "{id} modified"),
            Self::VpcDeleted(id) => write!(f, "{id} deleted"),
            Self::SubnetCreated(id) => write!(f, "{id} created"),
            Self::SubnetModified(id) => write!(f, "{id} modified"),
            Self::SubnetDeleted(id) => write!(f, "{id} deleted"),
            Self::RouteTableCreated(id) => write!(f, "{id} created"),
            Self::RouteTableModified(id) => write!(f, "{id} modified"),
            Self::RouteTableDeleted(id) => write!(f, "{id} deleted"),
            Self::SecurityGroupCreated(id) => write!(f, "{id} created"),
            Self::SecurityGroupModified(id) => write!(f, "{id} modified"),
            Self::SecurityGroupDeleted(id) => write!(f, "{id} deleted"),
            Self::TagsChanged(id) => write!(f, "tags of {id} changed"),
            Self::LoadBalancerCreated(id) => write!(f, "load balancer {id} created"),
            Self::LoadBalancerModified(id) => write!(f, "load balancer {id} modified"),
            Self::LoadBalancerDeleted(id) => write!(f, "load balancer {id} deleted"),
            Self::ListenerCreated(id) => write!(f, "listener {id} created"),
            Self::ListenerModified(id) => write!(f, "listener {id} modified"),
            Self::ListenerDeleted(id) => write!(f, "listener {id} deleted"),
            Self::TargetGroupCreated(id) => write!(f, "target group {id} created"),
            Self::TargetGroupModified(id) => write!(f, "target group {id} modified"),
            Self::TargetGroupDeleted(id) => write!(f, "target group {id} deleted"),
            Self::TargetRegistered(id, addr) => write!(f, "target {addr} of {id} registered"),
            Self::TargetDraining(id, addr) => write!(f, "target {addr} of {id} draining"),
            Self::TargetsMoved(count) => write!(f, "{count} targets moved"),
            Self::TargetRemoved(id, addr) => write!(f, "target {addr} of {id} removed"),
            Self::ServiceCreated(id) => write!(f, "{id} created"),
            Self::ServiceModified(id) => write!(f, "{id} modified"),
            Self::DomainVerification { service, state, reason } => {
                write!(f, "private DNS name of {service} {state}: {reason}")
            }
            Self::ServiceDeleted(id) => write!(f, "{id} deleted"),
            Self::PermissionsChanged(id) => write!(f, "permissions of {id} changed"),
            Self::EndpointCreated { endpoint, service, state } => {
                write!(f, "{endpoint} of {service} created: {state}")
            }
            Self::EndpointMoved { endpoint, on, from, to, service: _ } => {
                write!(f, "{endpoint} {on:?}: {from} -> {to}")
            }
            Self::EndpointPayerChanged(id) => write!(f, "payer of {id} changed"),
            Self::EndpointForgotten(id) => write!(f, "{id} forgotten"),
            Self::NotificationCreated(id) => write!(f, "{id} created"),
            Self::NotificationModified(id) => write!(f, "{id} modified"),
            Self::NotificationDeleted(id) => write!(f, "{id} deleted"),
            Self::MessageRemoved(id) => write!(f, "message {id} removed"),
            Self::ClientTokenExpired => f.write_str("client token expired"),
        }
    }
}
