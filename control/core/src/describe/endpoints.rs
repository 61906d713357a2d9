//! Endpoints in the order of their ids, from any one on: what a page of a listing is cut from, at
//! the cost of the page and not of all that there is.

use std::{cmp::Reverse, collections::BinaryHeap, ops::Bound, sync::Arc};

use model::{ServiceId, VpcEndpointId};

use super::{Connection, View};
use crate::{
    index::Entry,
    registry::Registry,
    resource::{ResourceId, ResourceKind, VpcEndpoint},
};

impl<'a> View<'a> {
    /// The caller's endpoints that follow one, or all, in the order of their ids.
    pub fn endpoints_after(
        self,
        after: Option<VpcEndpointId>,
    ) -> impl Iterator<Item = &'a Arc<VpcEndpoint>> {
        let (first, last) = Entry::owned(&self.caller.account, ResourceKind::Endpoint);
        let owned = |id: VpcEndpointId| Entry::Owned(self.caller.account.clone(), id.into());
        self.found(after.map_or(Bound::Included(first), |id| Bound::Excluded(owned(id))), last)
    }

    /// Those of them that are in one of these VPCs, or of one of these services.
    pub fn endpoints_among(
        self,
        of: impl IntoIterator<Item = ResourceId>,
        after: Option<VpcEndpointId>,
    ) -> impl Iterator<Item = &'a Arc<VpcEndpoint>> {
        let entry = move |of, id| Entry::Endpoint(self.caller.account.clone(), of, id);
        let (lowest, highest) = (VpcEndpointId::from_bits(0), VpcEndpointId::from_bits(u128::MAX));
        merged(of.into_iter().map(move |of| {
            let first = Bound::Included(entry(of, lowest));
            let first = after.map_or(first, |id| Bound::Excluded(entry(of, id)));
            self.found(first, entry(of, highest))
        }))
    }

    /// The connections to these services of the caller that follow one, or all, in the order of
    /// their endpoints. Others' services have none.
    pub fn connections_after(
        self,
        services: impl IntoIterator<Item = ServiceId>,
        after: Option<VpcEndpointId>,
    ) -> impl Iterator<Item = Connection<'a>> {
        let own = services.into_iter().filter_map(move |id| self.service(id).ok());
        let endpoints = merged(own.map(move |service| {
            let of = ResourceId::from(service.id);
            let (first, last) = Entry::referrers(of, ResourceKind::Endpoint);
            let first = after.map_or(Bound::Included(first), |id| {
                Bound::Excluded(Entry::Referrer(of, id.into()))
            });
            self.found(first, last)
        }));
        endpoints.filter_map(move |endpoint| {
            let service = self.service(endpoint.service).ok()?;
            Some(Connection { service, endpoint })
        })
    }

    fn found(self, first: Bound<Entry>, last: Entry) -> impl Iterator<Item = &'a Arc<VpcEndpoint>> {
        let registry: &Registry = self.registry;
        registry.entries((first, Bound::Included(last))).filter_map(|entry| match entry {
            Entry::Owned(_, ResourceId::Endpoint(id))
            | Entry::Referrer(_, ResourceId::Endpoint(id))
            | Entry::Endpoint(_, _, id) => registry.endpoint(*id),
            _ => None,
        })
    }
}

/// One sequence in the order of ids, of several that are so and have nothing in common.
fn merged<'a, I>(sequences: impl Iterator<Item = I>) -> impl Iterator<Item = &'a Arc<VpcEndpoint>>
where
    I: Iterator<Item = &'a Arc<VpcEndpoint>>,
{
    let mut sequences: Vec<_> = sequences.map(Iterator::peekable).collect();
    let ends = sequences.iter_mut().enumerate();
    let mut next: BinaryHeap<_> =
        ends.filter_map(|(at, it)| it.peek().map(|first| Reverse((first.id, at)))).collect();
    std::iter::from_fn(move || {
        let Reverse((_, at)) = next.pop()?;
        let sequence = sequences.get_mut(at)?;
        let endpoint = sequence.next();
        next.extend(sequence.peek().map(|first| Reverse((first.id, at))));
        endpoint
    })
}
