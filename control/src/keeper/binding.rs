//! Which endpoints wait for the data plane, and what its health says about them.
//!
//! Health is about a generation. An endpoint waits for the generation that was published when it
//! came to wait: older news is about what it was before.

use std::collections::{BTreeMap, BTreeSet};

use control_core::{Chore, Registry};
use model::{Binding, EndpointState, Generation, Health, VpcEndpointId};

/// The endpoints that wait for a report of the data plane.
#[derive(Debug, Default)]
pub(super) struct Awaiting {
    since: BTreeMap<VpcEndpointId, Generation>,
    by_generation: BTreeSet<(Generation, VpcEndpointId)>,
}

impl Awaiting {
    /// All that wait in a registry, from a generation on.
    pub(super) fn of(registry: &Registry, published: Generation) -> Self {
        let mut awaiting = Self::default();
        for endpoint in registry.awaiting() {
            awaiting.insert(endpoint, published);
        }
        awaiting
    }

    /// Takes note of an endpoint that may have changed.
    pub(super) fn note(
        &mut self,
        registry: &Registry,
        endpoint: VpcEndpointId,
        published: Generation,
    ) {
        self.remove(endpoint);
        if registry.endpoint(endpoint).is_some_and(|it| it.awaits_data_plane()) {
            self.insert(endpoint, published);
        }
    }

    /// What health has to say about them, at most so much at once.
    pub(super) fn reports(&self, registry: &Registry, health: &Health, max: usize) -> Vec<Chore> {
        self.by_generation
            .iter()
            .take_while(|(since, _)| *since <= health.generation)
            .filter_map(|(_, endpoint)| report(registry, health, *endpoint))
            .take(max)
            .collect()
    }

    fn insert(&mut self, endpoint: VpcEndpointId, since: Generation) {
        self.since.insert(endpoint, since);
        self.by_generation.insert((since, endpoint));
    }

    fn remove(&mut self, endpoint: VpcEndpointId) {
        if let Some(since) = self.since.remove(&endpoint) {
            self.by_generation.remove(&(since, endpoint));
        }
    }
}

fn report(registry: &Registry, health: &Health, endpoint: VpcEndpointId) -> Option<Chore> {
    match registry.endpoint(endpoint)?.state {
        EndpointState::Pending => match health.bindings.get(&endpoint)? {
            Binding::Bound => Some(Chore::ReportBound(endpoint)),
            Binding::Failed(failure) => Some(Chore::ReportBindFailed(endpoint, *failure)),
        },
        EndpointState::Deleting => Some(Chore::ReportReleased(endpoint)),
        EndpointState::Available => (health.bindings.get(&endpoint)? == &Binding::Bound)
            .then_some(Chore::ReportBound(endpoint)),
        EndpointState::PendingAcceptance
        | EndpointState::Rejected
        | EndpointState::Expired
        | EndpointState::Failed
        | EndpointState::Deleted => None,
    }
}
