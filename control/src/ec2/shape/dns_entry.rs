//! The names of an endpoint as EC2 lists them: the Regional one, then one for each zone in the
//! order of the zones, then the service's private ones (user guide, "DNS names"; semantics 3.1).

use control_core::resource::VpcEndpoint;
use model::RegionName;

use super::super::hosted_zone;
use crate::query::Xml;

/// Writes `dnsEntrySet`. An endpoint that is gone has no names.
pub(in crate::ec2) fn write(xml: &mut Xml, endpoint: &VpcEndpoint, region: &RegionName) {
    let mut names = Vec::new();
    if endpoint.has_interfaces() {
        let mut zonal: Vec<_> =
            endpoint.interfaces.iter().map(|interface| &interface.zonal_name).collect();
        zonal.sort();
        names.push(&endpoint.regional_name);
        names.append(&mut zonal);
    }
    let hosted_zone = hosted_zone::id(region);
    let mut entries: Vec<_> = names.into_iter().map(|name| (name, hosted_zone.clone())).collect();
    if endpoint.has_interfaces() {
        let private = hosted_zone::private_id(endpoint.id);
        entries.extend(endpoint.private_dns_names.iter().map(|name| (name, private.clone())));
    }
    xml.list("dnsEntrySet", "item", entries, |xml, (name, hosted_zone)| {
        xml.value("dnsName", name);
        xml.text("hostedZoneId", hosted_zone);
    });
}
