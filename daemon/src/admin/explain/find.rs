//! The endpoint that a text means: an id, one of its DNS names, or one of its addresses.

use std::{net::IpAddr, sync::Arc};

use control_core::{Registry, resource::VpcEndpoint};
use dataplane_core::explain::Place;
use model::{EndpointState, VpcEndpointId};

/// Endpoints named when a text means several.
const NAMED_MAX: usize = 10;

/// The endpoint, and where at it. One that is served counts before others with the same name or
/// address; several are a mistake to tell.
pub(super) fn endpoint<'r>(
    registry: &'r Registry,
    text: &str,
) -> Result<Option<(&'r Arc<VpcEndpoint>, Place)>, String> {
    if let Ok(id) = text.parse::<VpcEndpointId>() {
        return Ok(registry.endpoint(id).map(|endpoint| (endpoint, Place::Anywhere)));
    }
    let address = text.parse().ok();
    let name = text.trim_end_matches('.').to_ascii_lowercase();
    let meant = registry
        .endpoints()
        .filter_map(|endpoint| place(endpoint, address, &name).map(|place| (endpoint, place)));
    let (served, others): (Vec<_>, Vec<_>) = meant.partition(|(endpoint, _)| {
        matches!(endpoint.state, EndpointState::Pending | EndpointState::Available)
    });
    let mut meant = if served.is_empty() { others } else { served };
    if meant.len() > 1 {
        let ids: Vec<_> =
            meant.iter().take(NAMED_MAX).map(|(endpoint, _)| endpoint.id.to_string()).collect();
        let (count, ids) = (meant.len(), ids.join(", "));
        return Err(format!("{text} is of {count} endpoints; name one by its id: {ids}"));
    }
    Ok(meant.pop())
}

/// Where at an endpoint a name or address is, if it is its own.
fn place(endpoint: &VpcEndpoint, address: Option<IpAddr>, name: &str) -> Option<Place> {
    if let Some(address) = address {
        let address = address.to_canonical();
        let mut own = endpoint.interfaces.iter().flat_map(|interface| interface.addresses());
        return own.any(|it| it == address).then_some(Place::Address(address));
    }
    let is_regional = endpoint.regional_name.as_str() == name;
    let is_private = || endpoint.private_dns_names.iter().any(|own| covers(own.as_str(), name));
    if is_regional || is_private() {
        return Some(Place::Anywhere);
    }
    let mut interfaces = endpoint.interfaces.iter();
    let interface = interfaces.find(|interface| interface.zonal_name.as_str() == name)?;
    Some(Place::Zone(interface.zone.clone()))
}

/// Whether a name is a private DNS name, or one that its wildcard stands for.
fn covers(own: &str, name: &str) -> bool {
    match own.strip_prefix('*') {
        Some(rest) => name.len() > rest.len() && name.ends_with(rest),
        None => own == name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wildcard_stands_for_names_below_it_alone() {
        for (own, name, expected) in [
            ("api.test", "api.test", true),
            ("api.test", "x.api.test", false),
            ("*.api.test", "x.api.test", true),
            ("*.api.test", "x.y.api.test", true),
            ("*.api.test", "api.test", false),
            ("*.api.test", ".api.test", false),
        ] {
            assert_eq!(covers(own, name), expected, "{own} {name}");
        }
    }
}
