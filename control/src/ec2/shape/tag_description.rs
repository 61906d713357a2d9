//! One tag of one resource as `DescribeTags` shows it.

use control_core::describe::View;

use super::super::{describe::Listed, tag};
use crate::query::{Subject, Xml};

/// A tag of one of the caller's resources.
pub(in crate::ec2) struct TagView {
    resource: String,
    kind: &'static str,
    key: String,
    value: String,
}

impl Subject for TagView {
    fn values(&self, filter: &str) -> Vec<String> {
        vec![match filter {
            "key" => self.key.clone(),
            "resource-id" => self.resource.clone(),
            "resource-type" => self.kind.into(),
            "value" => self.value.clone(),
            _ => return Vec::new(),
        }]
    }

    fn tags(&self) -> Vec<(&str, &str)> {
        vec![(&self.key, &self.value)]
    }
}

impl Listed for TagView {
    const FILTERS: &[&str] = &["key", "resource-id", "resource-type", "tag-key", "value"];
    const SET: &str = "tagSet";

    fn key(&self) -> String {
        // A tab sorts before everything that an id or a readable key has in it.
        format!("{}\t{}", self.resource, self.key)
    }

    fn all(view: View<'_>) -> Vec<Self> {
        let mut all = Vec::new();
        for (id, tags) in view.tags() {
            // Load balancing lists its own.
            let Some(kind) = tag::type_name(id.kind()) else { continue };
            all.extend(tags.iter().map(|(key, value)| Self {
                resource: id.to_string(),
                kind,
                key: key.to_owned(),
                value: value.to_owned(),
            }));
        }
        all.sort_by_key(Self::key);
        all
    }

    fn write(&self, xml: &mut Xml) {
        xml.text("resourceId", &self.resource);
        xml.text("resourceType", self.kind);
        xml.text("key", &self.key);
        xml.text("value", &self.value);
    }
}
