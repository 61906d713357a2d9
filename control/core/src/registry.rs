//! The current state: every record, and the index over them. Changes by applying events only, and
//! applying cannot fail. Does not know which events are right.
//!
//! Cloning is cheap: the maps are persistent trees that share what has not changed. So the keeper
//! hands out a view by cloning, and decides a batch on a clone that it throws away if the commit
//! fails.

use std::{fmt, net::IpAddr, ops::RangeBounds, sync::Arc};

use model::{
    AccountId, InterfaceId, ListenerId, LoadBalancerId, NotificationId, PermissionId, RouteTableId,
    SecurityGroupId, ServiceId, SubnetId, TargetAddr, TargetGroupId, Timestamp, VpcEndpointId,
    VpcId,
};
use rpds::{RedBlackTreeMapSync, RedBlackTreeSetSync};

use crate::{
    event::{Change, Event},
    index::Entry,
    record::{Key, Record},
    resource::{
        ClientToken, ClientTokenKey, ConnectionNotification, CreateOperation, EndpointService,
        Listener, LoadBalancer, Message, MessageId, Permission, ResourceId, ResourceKind,
        RouteTable, SecurityGroup, ServiceName, Subnet, Target, TargetGroup, TargetKey, Vpc,
        VpcEndpoint,
    },
    settings::Settings,
};

/// All resources of all accounts.
#[derive(Clone, PartialEq, Eq)]
pub struct Registry {
    settings: Arc<Settings>,
    vpcs: RedBlackTreeMapSync<VpcId, Arc<Vpc>>,
    subnets: RedBlackTreeMapSync<SubnetId, Arc<Subnet>>,
    load_balancers: RedBlackTreeMapSync<LoadBalancerId, Arc<LoadBalancer>>,
    listeners: RedBlackTreeMapSync<ListenerId, Arc<Listener>>,
    target_groups: RedBlackTreeMapSync<TargetGroupId, Arc<TargetGroup>>,
    targets: RedBlackTreeMapSync<TargetKey, Arc<Target>>,
    services: RedBlackTreeMapSync<ServiceId, Arc<EndpointService>>,
    permissions: RedBlackTreeMapSync<PermissionId, Arc<Permission>>,
    endpoints: RedBlackTreeMapSync<VpcEndpointId, Arc<VpcEndpoint>>,
    notifications: RedBlackTreeMapSync<NotificationId, Arc<ConnectionNotification>>,
    messages: RedBlackTreeMapSync<MessageId, Arc<Message>>,
    security_groups: RedBlackTreeMapSync<SecurityGroupId, Arc<SecurityGroup>>,
    route_tables: RedBlackTreeMapSync<RouteTableId, Arc<RouteTable>>,
    client_tokens: RedBlackTreeMapSync<ClientTokenKey, Arc<ClientToken>>,
    index: RedBlackTreeSetSync<Entry>,
}

/// Ten thousand records are no use in a log line.
impl fmt::Debug for Registry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Registry")
            .field("endpoints", &self.endpoints.size())
            .finish_non_exhaustive()
    }
}

/// Defines how one kind of record is found, and all of its kind listed.
macro_rules! lookups {
    ($($(#[$doc:meta])* $one:ident, $all:ident($key:ty) -> $resource:ty;)*) => {
        /// Looking up, whoever owns it. What a caller may see is in [`crate::describe`].
        impl Registry {
            $(
                $(#[$doc])*
                pub fn $one(&self, key: $key) -> Option<&Arc<$resource>> {
                    self.$all.get(&key)
                }

                /// All of them.
                pub fn $all(&self) -> impl Iterator<Item = &Arc<$resource>> {
                    self.$all.values()
                }
            )*

            /// All records, kind by kind, in the order of their keys.
            pub fn records(&self) -> impl Iterator<Item = Record> {
                std::iter::empty()
                    $(.chain(self.$all().map(|resource| Record::from(Arc::clone(resource)))))*
                    .chain(self.client_tokens.values().map(|token| Arc::clone(token).into()))
            }
        }
    };
}

lookups! {
    /// A VPC.
    vpc, vpcs(VpcId) -> Vpc;
    /// A subnet.
    subnet, subnets(SubnetId) -> Subnet;
    /// A load balancer.
    load_balancer, load_balancers(LoadBalancerId) -> LoadBalancer;
    /// A listener.
    listener, listeners(ListenerId) -> Listener;
    /// A target group.
    target_group, target_groups(TargetGroupId) -> TargetGroup;
    /// A target.
    target, targets(TargetKey) -> Target;
    /// An endpoint service.
    service, services(ServiceId) -> EndpointService;
    /// A permission.
    permission, permissions(PermissionId) -> Permission;
    /// A VPC endpoint.
    endpoint, endpoints(VpcEndpointId) -> VpcEndpoint;
    /// A connection notification.
    notification, notifications(NotificationId) -> ConnectionNotification;
    /// A message that waits to be sent.
    message, messages(MessageId) -> Message;
    /// A security group.
    security_group, security_groups(SecurityGroupId) -> SecurityGroup;
    /// A route table.
    route_table, route_tables(RouteTableId) -> RouteTable;
}

impl Registry {
    /// A registry without any resource.
    pub fn new(settings: Arc<Settings>) -> Self {
        Self {
            settings,
            vpcs: RedBlackTreeMapSync::default(),
            subnets: RedBlackTreeMapSync::default(),
            load_balancers: RedBlackTreeMapSync::default(),
            listeners: RedBlackTreeMapSync::default(),
            target_groups: RedBlackTreeMapSync::default(),
            targets: RedBlackTreeMapSync::default(),
            services: RedBlackTreeMapSync::default(),
            permissions: RedBlackTreeMapSync::default(),
            endpoints: RedBlackTreeMapSync::default(),
            notifications: RedBlackTreeMapSync::default(),
            messages: RedBlackTreeMapSync::default(),
            security_groups: RedBlackTreeMapSync::default(),
            route_tables: RedBlackTreeMapSync::default(),
            client_tokens: RedBlackTreeMapSync::default(),
            index: RedBlackTreeSetSync::default(),
        }
    }

    /// A registry of stored records.
    pub fn of(settings: Arc<Settings>, records: impl IntoIterator<Item = Record>) -> Self {
        let mut registry = Self::new(settings);
        for record in records {
            registry.change(&Change::Put(record));
        }
        registry
    }

    /// The operator's choices.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Makes an event's changes. Cannot fail: whether they are right was decided before.
    pub fn apply(&mut self, event: &Event) {
        for change in &event.changes {
            self.change(change);
        }
    }

    /// Makes one change.
    pub fn change(&mut self, change: &Change) {
        let old = self.record(&change.key());
        for entry in old.iter().flat_map(Entry::of) {
            self.index.remove_mut(&entry);
        }
        match change {
            Change::Put(record) => {
                for entry in Entry::of(record) {
                    self.index.insert_mut(entry);
                }
                self.put(record.clone());
            }
            Change::Remove(key) => self.remove(key),
        }
    }

    /// The record under a key.
    pub fn record(&self, key: &Key) -> Option<Record> {
        fn one<T>(found: Option<&Arc<T>>) -> Option<Record>
        where
            Record: From<Arc<T>>,
        {
            found.map(|resource| Arc::clone(resource).into())
        }
        match key {
            Key::Vpc(id) => one(self.vpcs.get(id)),
            Key::Subnet(id) => one(self.subnets.get(id)),
            Key::LoadBalancer(id) => one(self.load_balancers.get(id)),
            Key::Listener(id) => one(self.listeners.get(id)),
            Key::TargetGroup(id) => one(self.target_groups.get(id)),
            Key::Target(key) => one(self.targets.get(key)),
            Key::Service(id) => one(self.services.get(id)),
            Key::Permission(id) => one(self.permissions.get(id)),
            Key::Endpoint(id) => one(self.endpoints.get(id)),
            Key::Notification(id) => one(self.notifications.get(id)),
            Key::Message(id) => one(self.messages.get(id)),
            Key::SecurityGroup(id) => one(self.security_groups.get(id)),
            Key::RouteTable(id) => one(self.route_tables.get(id)),
            Key::ClientToken(key) => one(self.client_tokens.get(key)),
        }
    }

    fn put(&mut self, record: Record) {
        match record {
            Record::Vpc(vpc) => self.vpcs.insert_mut(vpc.id, vpc),
            Record::Subnet(subnet) => self.subnets.insert_mut(subnet.id, subnet),
            Record::LoadBalancer(lb) => self.load_balancers.insert_mut(lb.id, lb),
            Record::Listener(listener) => self.listeners.insert_mut(listener.id, listener),
            Record::TargetGroup(group) => self.target_groups.insert_mut(group.id, group),
            Record::Target(target) => self.targets.insert_mut(target.key(), target),
            Record::Service(service) => self.services.insert_mut(service.id, service),
            Record::Permission(permission) => {
                self.permissions.insert_mut(permission.id, permission);
            }
            Record::Endpoint(endpoint) => self.endpoints.insert_mut(endpoint.id, endpoint),
            Record::Notification(it) => self.notifications.insert_mut(it.id, it),
            Record::Message(message) => self.messages.insert_mut(message.id, message),
            Record::SecurityGroup(group) => self.security_groups.insert_mut(group.id, group),
            Record::RouteTable(table) => self.route_tables.insert_mut(table.id, table),
            Record::ClientToken(token) => self.client_tokens.insert_mut(token.key.clone(), token),
        };
    }

    fn remove(&mut self, key: &Key) {
        match key {
            Key::Vpc(id) => self.vpcs.remove_mut(id),
            Key::Subnet(id) => self.subnets.remove_mut(id),
            Key::LoadBalancer(id) => self.load_balancers.remove_mut(id),
            Key::Listener(id) => self.listeners.remove_mut(id),
            Key::TargetGroup(id) => self.target_groups.remove_mut(id),
            Key::Target(key) => self.targets.remove_mut(key),
            Key::Service(id) => self.services.remove_mut(id),
            Key::Permission(id) => self.permissions.remove_mut(id),
            Key::Endpoint(id) => self.endpoints.remove_mut(id),
            Key::Notification(id) => self.notifications.remove_mut(id),
            Key::Message(id) => self.messages.remove_mut(id),
            Key::SecurityGroup(id) => self.security_groups.remove_mut(id),
            Key::RouteTable(id) => self.route_tables.remove_mut(id),
            Key::ClientToken(key) => self.client_tokens.remove_mut(key),
        };
    }
}

/// Looking up through the index.
impl Registry {
    /// A remembered client token.
    pub fn client_token(&self, key: &ClientTokenKey) -> Option<&Arc<ClientToken>> {
        self.client_tokens.get(key)
    }

    /// The remembered client tokens of an account.
    pub fn client_tokens_of(&self, account: &AccountId) -> impl Iterator<Item = &Arc<ClientToken>> {
        let lowest = ClientTokenKey {
            account: account.clone(),
            operation: CreateOperation::Service,
            token: "".into(),
        };
        self.client_tokens
            .range(lowest..)
            .map(|(_, token)| token)
            .take_while(move |token| &token.key.account == account)
    }

    /// The resources of a kind that an account owns, in the order of their ids.
    pub fn owned(
        &self,
        account: &AccountId,
        kind: ResourceKind,
    ) -> impl Iterator<Item = ResourceId> {
        self.range(Entry::owned(account, kind)).filter_map(|entry| match entry {
            Entry::Owned(_, id) => Some(*id),
            _ => None,
        })
    }

    /// The resources of a kind that refer to another, in the order of their ids.
    pub fn referrers(
        &self,
        to: impl Into<ResourceId>,
        kind: ResourceKind,
    ) -> impl Iterator<Item = ResourceId> {
        self.range(Entry::referrers(to.into(), kind)).filter_map(|entry| match entry {
            Entry::Referrer(_, from) => Some(*from),
            _ => None,
        })
    }

    /// The resource of a kind with a name.
    pub fn named(
        &self,
        account: &AccountId,
        kind: ResourceKind,
        name: &Arc<str>,
    ) -> Option<ResourceId> {
        let (first, last) = kind.bounds();
        let entry = |id| Entry::Named(account.clone(), kind, Arc::clone(name), id);
        self.range((entry(first), entry(last))).find_map(|entry| match entry {
            Entry::Named(.., id) => Some(*id),
            _ => None,
        })
    }

    /// The services of the catalogue with a name, in the order of their ids.
    pub(crate) fn catalogued_ids(&self, name: &ServiceName) -> impl Iterator<Item = ServiceId> {
        let (first, last) = ResourceKind::Service.bounds();
        let entry = |id| Entry::Catalogued(name.clone(), id);
        self.range((entry(first), entry(last))).filter_map(|entry| match entry {
            Entry::Catalogued(_, ResourceId::Service(id)) => Some(*id),
            _ => None,
        })
    }

    /// The targets of a group, in the order of their addresses.
    pub fn targets_of(&self, group: TargetGroupId) -> impl Iterator<Item = &Arc<Target>> {
        let lowest = TargetKey { group, addr: TargetAddr(([0, 0, 0, 0], 0).into()) };
        self.targets
            .range(lowest..)
            .take_while(move |(key, _)| key.group == group)
            .map(|(_, target)| target)
    }

    /// The addresses of a subnet that interfaces have, in their order.
    pub fn addresses_of(&self, subnet: SubnetId) -> impl Iterator<Item = IpAddr> {
        let lowest = IpAddr::from([0, 0, 0, 0]);
        let highest = IpAddr::from([0xff_u8; 16]);
        self.range((
            Entry::Address(subnet, lowest, InterfaceId::from_bits(0)),
            Entry::Address(subnet, highest, InterfaceId::from_bits(u128::MAX)),
        ))
        .filter_map(|entry| match entry {
            Entry::Address(_, ip, _) => Some(*ip),
            _ => None,
        })
    }

    /// The interface that has an address of a subnet.
    pub fn holder_of(&self, subnet: SubnetId, address: IpAddr) -> Option<InterfaceId> {
        self.range((
            Entry::Address(subnet, address, InterfaceId::from_bits(0)),
            Entry::Address(subnet, address, InterfaceId::from_bits(u128::MAX)),
        ))
        .find_map(|entry| match entry {
            Entry::Address(.., interface) => Some(*interface),
            _ => None,
        })
    }

    /// The records whose time is over by then, the longest overdue first.
    pub fn due(&self, by: Timestamp) -> impl Iterator<Item = &Key> {
        let lowest = Entry::Due(Timestamp(0), Key::Vpc(VpcId::from_bits(0)));
        self.index
            .range(lowest..)
            .map_while(|entry| match entry {
                Entry::Due(at, key) => Some((at, key)),
                _ => None,
            })
            .take_while(move |(at, _)| **at <= by)
            .map(|(_, key)| key)
    }

    /// The messages of an account that wait to be sent, the oldest first.
    pub fn messages_of(&self, account: &AccountId) -> impl Iterator<Item = MessageId> {
        let entry = |id| Entry::Waiting(account.clone(), id);
        self.range((entry(MessageId::MIN), entry(MessageId::MAX))).filter_map(|entry| match entry {
            Entry::Waiting(_, id) => Some(*id),
            _ => None,
        })
    }

    /// How many endpoints there are, in any state.
    pub fn endpoint_count(&self) -> usize {
        self.endpoints.size()
    }

    /// How many messages wait to be sent.
    pub fn message_count(&self) -> usize {
        self.messages.size()
    }

    /// The endpoints that wait for a report of the data plane.
    pub fn awaiting(&self) -> impl Iterator<Item = VpcEndpointId> {
        let (first, last) = ResourceKind::Endpoint.bounds();
        self.range((Entry::Awaiting(first), Entry::Awaiting(last))).filter_map(
            |entry| match entry {
                Entry::Awaiting(ResourceId::Endpoint(id)) => Some(*id),
                _ => None,
            },
        )
    }

    /// A range of the index.
    pub(crate) fn entries(&self, range: impl RangeBounds<Entry>) -> impl Iterator<Item = &Entry> {
        self.index.range(range)
    }

    fn range(&self, (first, last): (Entry, Entry)) -> impl Iterator<Item = &Entry> {
        self.entries(first..=last)
    }
}
