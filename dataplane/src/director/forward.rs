//! Forwards: for each load balancer's listener and zone in use, the pools its connections choose
//! from.
//!
//! Made anew when their load balancer, one of their target groups, or the health of a target in one
//! changes. Does not know who uses them, only how many do.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
};

use dataplane_core::select::{Routing, Share, candidates};
use model::{
    Algorithm, ListenerId, LoadBalancer, LoadBalancerId, Protocol, Snapshot, TCP_IDLE_TIMEOUT,
    TargetAddr, TargetGroup, TargetGroupId, ZoneId,
};

use super::{key::Keys, listener_tls::ListenersTls, targets::Targets};
use crate::{
    Config,
    route::{Change, Forward, Key, Manner, Pool},
};

/// What a forward is for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct ForwardId {
    pub(super) load_balancer: LoadBalancerId,
    pub(super) listener: ListenerId,
    pub(super) zone: ZoneId,
}

#[derive(Debug)]
struct Entry {
    key: Key,
    users: usize,
}

/// All forwards in use.
#[derive(Debug)]
pub(super) struct Forwards {
    entries: BTreeMap<ForwardId, Entry>,
    /// Those that were made known by nobody yet.
    new: BTreeSet<ForwardId>,
    /// Those that may have lost their last user.
    released: BTreeSet<ForwardId>,
    keys: Keys,
    tls: ListenersTls,
}

/// Pools made in one go: zones of a load balancer with the same candidates share one.
type Pools = HashMap<(TargetGroupId, LoadBalancerId, Option<ZoneId>), Arc<Pool>>;

impl Forwards {
    pub(super) fn new(config: &Config) -> Self {
        Self {
            entries: BTreeMap::new(),
            new: BTreeSet::new(),
            released: BTreeSet::new(),
            keys: Keys::default(),
            tls: ListenersTls::new(config),
        }
    }

    /// Counts a user.
    pub(super) fn acquire(&mut self, id: ForwardId) -> Key {
        if let Some(entry) = self.entries.get_mut(&id) {
            entry.users += 1;
            return entry.key;
        }
        let key = self.keys.take();
        self.new.insert(id.clone());
        self.entries.insert(id, Entry { key, users: 1 });
        key
    }

    /// Counts a user less.
    pub(super) fn release(&mut self, id: &ForwardId) {
        if let Some(entry) = self.entries.get_mut(id) {
            entry.users -= 1;
            if entry.users == 0 {
                self.released.insert(id.clone());
            }
        }
    }

    /// Makes those anew that a snapshot changes.
    pub(super) fn follow(
        &mut self,
        before: Option<&Snapshot>,
        snapshot: &Snapshot,
        targets: &Targets,
    ) -> Vec<Change> {
        let Some(before) = before else { return Vec::new() };
        let balancers = changed(&before.load_balancers, &snapshot.load_balancers);
        let groups = changed(&before.target_groups, &snapshot.target_groups);
        if balancers.is_empty() && groups.is_empty() {
            return Vec::new();
        }
        self.remake(snapshot, targets, |balancer| {
            balancers.contains(&balancer.id) || uses_any(balancer, &groups)
        })
    }

    /// Makes those anew that use one of the groups.
    pub(super) fn refresh(
        &mut self,
        groups: &BTreeSet<TargetGroupId>,
        snapshot: &Snapshot,
        targets: &Targets,
    ) -> Vec<Change> {
        self.remake(snapshot, targets, |balancer| uses_any(balancer, groups))
    }

    fn remake(
        &mut self,
        snapshot: &Snapshot,
        targets: &Targets,
        is_meant: impl Fn(&LoadBalancer) -> bool,
    ) -> Vec<Change> {
        let (mut pools, tls) = (Pools::new(), &mut self.tls);
        let meant = self.entries.iter().filter(|(id, _)| {
            snapshot.load_balancers.get(&id.load_balancer).is_some_and(|lb| is_meant(lb))
        });
        meant
            .filter_map(|(id, entry)| {
                let forward = make(id, snapshot, targets, (&mut pools, tls))?;
                Some(Change::SetForward(entry.key, Arc::new(forward)))
            })
            .collect()
    }

    /// Makes those that were acquired for the first time.
    pub(super) fn make_new(&mut self, snapshot: &Snapshot, targets: &Targets) -> Vec<Change> {
        let (mut pools, tls) = (Pools::new(), &mut self.tls);
        std::mem::take(&mut self.new)
            .into_iter()
            .filter_map(|id| {
                let key = self.entries.get(&id)?.key;
                let forward = make(&id, snapshot, targets, (&mut pools, tls))?;
                Some(Change::SetForward(key, Arc::new(forward)))
            })
            .collect()
    }

    /// Lets go of those without users.
    pub(super) fn drop_unused(&mut self) -> Vec<Change> {
        let mut changes = Vec::new();
        for id in std::mem::take(&mut self.released) {
            if self.entries.get(&id).is_some_and(|entry| entry.users == 0)
                && let Some(entry) = self.entries.remove(&id)
            {
                self.keys.put_back(entry.key);
                changes.push(Change::RemoveForward(entry.key));
            }
        }
        if !changes.is_empty() {
            let used = self.entries.keys().map(|id| (id.load_balancer, id.listener));
            self.tls.keep(&used.collect());
        }
        changes
    }
}

/// The keys whose values were added, removed or replaced.
pub(super) fn changed<K: Copy + Ord, V>(
    before: &BTreeMap<K, Arc<V>>,
    after: &BTreeMap<K, Arc<V>>,
) -> BTreeSet<K> {
    let gone = before.keys().filter(|key| !after.contains_key(key)).copied();
    let new = after
        .iter()
        .filter(|(key, value)| before.get(key).is_none_or(|known| !Arc::ptr_eq(known, value)));
    gone.chain(new.map(|(key, _)| *key)).collect()
}

fn uses_any(balancer: &LoadBalancer, groups: &BTreeSet<TargetGroupId>) -> bool {
    let mut used = balancer.listeners.iter().flat_map(|listener| &listener.forward);
    used.any(|forward| groups.contains(&forward.group))
}

fn make(
    id: &ForwardId,
    snapshot: &Snapshot,
    targets: &Targets,
    (pools, tls): (&mut Pools, &mut ListenersTls),
) -> Option<Forward> {
    let balancer = snapshot.load_balancers.get(&id.load_balancer)?;
    let listener = balancer.listeners.iter().find(|listener| listener.id == id.listener)?;
    let terminator = tls.terminator((id.load_balancer, id.listener), listener);
    let mut pool =
        |group: TargetGroupId| pool(group, balancer, &id.zone, (snapshot, targets), (pools, tls));
    let idle_timeout = match listener.protocol {
        Protocol::Tls => TCP_IDLE_TIMEOUT,
        Protocol::Tcp | Protocol::TcpUdp | Protocol::Udp => listener.idle_timeout,
    };
    Some(Forward {
        idle_timeout,
        tls: terminator,
        proxy_protocol: listener.proxy_protocol_v2,
        weights: listener.forward.clone().into(),
        pools: listener.forward.iter().map(|forward| pool(forward.group)).collect(),
    })
}

fn pool(
    id: TargetGroupId,
    balancer: &LoadBalancer,
    zone: &ZoneId,
    (snapshot, targets): (&Snapshot, &Targets),
    (pools, tls): (&mut Pools, &ListenersTls),
) -> Arc<Pool> {
    let Some(group) = snapshot.target_groups.get(&id) else {
        return Arc::new(Pool::new(Default::default(), Routing::FailOpen, Vec::new()));
    };
    let key = (id, balancer.id, (!group.is_cross_zone(balancer)).then(|| zone.clone()));
    let make = || {
        let is_healthy = |addr| targets.is_healthy(id, addr);
        let (standing, addrs) = candidates(group, balancer, zone, is_healthy);
        let manner = manner(group, standing.routing, &addrs, targets);
        let chosen = addrs.into_iter().filter_map(|addr| targets.get(id, addr)).collect();
        let proxy = (group.proxy_protocol_v2, group.proxy_fields);
        let mut pool = Pool::new(proxy, standing.routing, chosen).choosing(manner);
        pool.tls = tls.originator(group.protocol);
        Arc::new(pool)
    };
    Arc::clone(pools.entry(key).or_insert_with(make))
}

/// How candidates of a group are chosen among.
fn manner(
    group: &TargetGroup,
    routing: Routing,
    candidates: &[TargetAddr],
    targets: &Targets,
) -> Manner {
    let shares: Box<[Share]> = match routing {
        Routing::Healthy if !group.slow_start.is_zero() => {
            candidates.iter().map(|addr| targets.share(group, *addr)).collect()
        }
        Routing::Healthy | Routing::FailOpen => Box::default(),
    };
    let is_starting = shares.iter().any(|share| *share < Share::FULL);
    Manner {
        is_sticky: group.is_sticky,
        is_counting: group.algorithm == Algorithm::LeastConnections && !group.is_sticky,
        shares: is_starting.then_some(shares),
    }
}
