//! Who pays for an endpoint, or for all endpoints of a service, in EC2's words.

use control_core::resource::Payer;

use crate::query::Xml;

/// The one charge that interface endpoints have.
pub(in crate::ec2) const SCOPE: &str = "vpc-endpoint-charges";
/// The consumer.
pub(in crate::ec2) const ENDPOINT_OWNER: &str = "vpc-endpoint-account";
/// The provider.
pub(in crate::ec2) const SERVICE_OWNER: &str = "vpc-endpoint-service-account";
/// The provider, in the words of services.
pub(in crate::ec2) const OF_SERVICE: &str = "ServiceOwner";

/// Writes `payerResponsibilitySet` of an endpoint, if somebody chose.
pub(in crate::ec2) fn write(xml: &mut Xml, payer: Option<Payer>) {
    let Some(payer) = payer else { return };
    xml.list("payerResponsibilitySet", "item", [payer], |xml, payer| {
        xml.text("scope", SCOPE);
        let account = match payer {
            Payer::EndpointOwner => ENDPOINT_OWNER,
            Payer::ServiceOwner => SERVICE_OWNER,
        };
        xml.text("payerResponsibilityType", account);
    });
}

/// Writes `payerResponsibility` of a service, if it is not what it is without a choice.
pub(in crate::ec2) fn write_of_service(xml: &mut Xml, payer: Payer) {
    if payer == Payer::ServiceOwner {
        xml.text("payerResponsibility", OF_SERVICE);
    }
}
