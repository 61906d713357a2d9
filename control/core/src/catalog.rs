//! The platform's catalogue: services that everybody sees under a public name. They are services of
//! some account like any other, with an entry that makes them the catalogue's. Does not know who
//! wrote the catalogue; no caller of the API can.

use std::sync::Arc;

use crate::{
    describe::View,
    refusal::Refusal,
    registry::Registry,
    resource::{CatalogEntry, EndpointService, ServiceName, ServiceType},
};

impl Registry {
    /// The services of the catalogue with a name, in the order of their ids: at most one per
    /// [`ServiceType`].
    pub fn catalogued(&self, name: &ServiceName) -> impl Iterator<Item = &Arc<EndpointService>> {
        self.catalogued_ids(name).filter_map(|id| self.service(id))
    }

    /// The whole catalogue.
    pub fn catalog(&self) -> impl Iterator<Item = (&Arc<EndpointService>, &CatalogEntry)> {
        self.services().filter_map(|service| Some((service, service.catalog.as_ref()?)))
    }
}

impl<'a> View<'a> {
    /// The services with a name that the caller may connect to: none, one, or of the catalogue one
    /// per type.
    pub fn services_named(
        self,
        name: &ServiceName,
    ) -> Result<Vec<&'a Arc<EndpointService>>, Refusal> {
        let registry = self.registry();
        let mut found: Vec<_> = registry.catalogued(name).collect();
        if found.is_empty() {
            let id = name.service(&registry.settings().region);
            let own = id.and_then(|id| registry.service(id));
            found.extend(own.filter(|it| it.catalog.is_none() && self.may_use(it)));
        }
        let none = found.is_empty();
        if none { Err(Refusal::ServiceNameNotFound(name.clone())) } else { Ok(found) }
    }

    /// The service that an interface endpoint can be asked for by a name; if there is none,
    /// whatever else has the name.
    pub fn service_named(self, name: &ServiceName) -> Result<&'a Arc<EndpointService>, Refusal> {
        let found = self.services_named(name)?;
        let mut interface = found.iter().filter(|it| it.service_type() == ServiceType::Interface);
        let first = interface.next().or_else(|| found.first());
        first.copied().ok_or_else(|| Refusal::ServiceNameNotFound(name.clone()))
    }
}
