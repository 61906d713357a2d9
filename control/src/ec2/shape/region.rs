//! The Region as EC2 shows it.

use control_core::describe::View;
use model::RegionName;

use super::super::describe::Listed;
use crate::query::{Subject, Xml};

/// The Region that this control plane is.
pub(in crate::ec2) struct RegionView(RegionName);

/// No account has to ask for it.
const OPT_IN_STATUS: &str = "opt-in-not-required";

impl RegionView {
    /// Where AWS would have its API; clients that are given an endpoint do not look at it.
    fn endpoint(&self) -> String {
        format!("ec2.{}.amazonaws.com", self.0)
    }
}

impl Subject for RegionView {
    fn values(&self, filter: &str) -> Vec<String> {
        vec![match filter {
            "endpoint" => self.endpoint(),
            "opt-in-status" => OPT_IN_STATUS.into(),
            "region-name" => self.0.to_string(),
            _ => return Vec::new(),
        }]
    }

    fn tags(&self) -> Vec<(&str, &str)> {
        Vec::new()
    }
}

impl Listed for RegionView {
    const FILTERS: &[&str] = &["endpoint", "opt-in-status", "region-name"];
    const SET: &str = "regionInfo";

    fn key(&self) -> String {
        self.0.to_string()
    }

    fn all(view: View<'_>) -> Vec<Self> {
        vec![Self(view.settings().region.clone())]
    }

    fn write(&self, xml: &mut Xml) {
        xml.text("optInStatus", OPT_IN_STATUS);
        xml.value("regionName", &self.0);
        xml.text("regionEndpoint", self.endpoint());
    }
}
