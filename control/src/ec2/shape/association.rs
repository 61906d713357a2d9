//! Associations of endpoints with resources of other accounts as EC2 shows them: only resource and
//! service network endpoints have any, so here is none.

use control_core::describe::View;

use super::super::describe::Listed;
use crate::query::{Subject, Xml};

/// An association; there is none.
pub(in crate::ec2) enum AssociationView {}

impl Subject for AssociationView {
    fn values(&self, _: &str) -> Vec<String> {
        match *self {}
    }

    fn tags(&self) -> Vec<(&str, &str)> {
        match *self {}
    }
}

impl Listed for AssociationView {
    const FILTERS: &[&str] = &[
        "associated-resource-accessibility",
        "associated-resource-id",
        "association-id",
        "resource-configuration-group-arn",
        "service-network-arn",
        "vpc-endpoint-id",
    ];
    const SET: &str = "vpcEndpointAssociationSet";

    fn key(&self) -> String {
        match *self {}
    }

    fn all(_: View<'_>) -> Vec<Self> {
        Vec::new()
    }

    fn write(&self, _: &mut Xml) {
        match *self {}
    }
}
