//! A permission of an endpoint service as EC2 shows it to the provider.

use std::sync::Arc;

use control_core::{Principal, describe::View, resource::Permission};

use super::super::{describe::Listed, tag};
use crate::query::{Subject, Xml};

/// What kind of connection the permission is for; the only one there is.
const PERMISSION_TYPE: &str = "vpc-endpoint";

/// A permission of one of the caller's services.
pub(in crate::ec2) struct PermissionView(pub(in crate::ec2) Arc<Permission>);

impl PermissionView {
    /// Its members, without tags: as `addedPrincipalSet` has them.
    pub(in crate::ec2) fn write_added(&self, xml: &mut Xml) {
        xml.text("principalType", principal_type(&self.0.principal));
        xml.value("principal", &self.0.principal);
        xml.value("servicePermissionId", self.0.id);
        xml.value("serviceId", self.0.service);
        xml.text("permissionType", PERMISSION_TYPE);
    }
}

fn principal_type(principal: &Principal) -> &'static str {
    match principal {
        Principal::All => "All",
        Principal::Account(_) => "Account",
        Principal::User(..) => "User",
        Principal::Role(..) => "Role",
    }
}

impl Subject for PermissionView {
    fn values(&self, filter: &str) -> Vec<String> {
        vec![match filter {
            "permission-type" => PERMISSION_TYPE.into(),
            "principal" => self.0.principal.to_string(),
            "principal-type" => principal_type(&self.0.principal).into(),
            _ => return Vec::new(),
        }]
    }

    fn tags(&self) -> Vec<(&str, &str)> {
        tag::pairs(&self.0.tags)
    }
}

impl Listed for PermissionView {
    const FILTERS: &[&str] = &["permission-type", "principal", "principal-type"];
    const SET: &str = "allowedPrincipals";

    fn key(&self) -> String {
        self.0.id.to_string()
    }

    /// Those of all the caller's services; the operation lists one service's.
    fn all(view: View<'_>) -> Vec<Self> {
        let of = |service| view.permissions(service).into_iter().flatten();
        let all = view.services().flat_map(|service| of(service.id));
        all.map(|permission| Self(Arc::clone(permission))).collect()
    }

    fn write(&self, xml: &mut Xml) {
        self.write_added(xml);
        tag::write(xml, &self.0.tags);
    }
}
