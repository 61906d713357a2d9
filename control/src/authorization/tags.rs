//! Tags as condition keys: those that a request brings, and those that resources have.

use std::collections::{BTreeMap, HashMap};

use control_core::describe::View;

use crate::{
    api::Service,
    query::{Fault, Input},
};

/// A condition key with its values.
pub(super) type ConditionKey = (String, Vec<String>);

/// The tags of a request; a value is missing where only keys are named.
pub(super) struct RequestTags<'a>(BTreeMap<&'a str, Option<&'a str>>);

impl<'a> RequestTags<'a> {
    /// Reads them, wherever the operation has them.
    pub(super) fn read(input: &Input<'a>, service: Service) -> Result<Self, Fault> {
        let mut tags = BTreeMap::new();
        let lists = match service {
            Service::Ec2 => {
                let mut lists = vec![input.structures("Tag")];
                let specifications = input.structures("TagSpecification");
                lists.extend(specifications.iter().map(|one| one.structures("Tag")));
                lists
            }
            Service::Elb | Service::Sts | Service::ZonalShift => vec![input.structures("Tags")],
        };
        for tag in lists.into_iter().flatten() {
            if let Some(key) = tag.text("Key")? {
                tags.insert(key, tag.text("Value")?);
            }
        }
        if service == Service::Elb {
            tags.extend(input.texts("TagKeys")?.into_iter().map(|key| (key, None)));
        }
        Ok(Self(tags))
    }

    /// Whether there are none.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// `aws:TagKeys` and `aws:RequestTag/..`.
    pub(super) fn keys(&self) -> Vec<ConditionKey> {
        if self.is_empty() {
            return Vec::new();
        }
        let valued = self.0.iter().filter_map(|(key, value)| Some((*key, (*value)?)));
        let mut keys = by_key("aws:RequestTag/", valued);
        keys.push(("aws:TagKeys".into(), self.0.keys().map(|key| (*key).to_owned()).collect()));
        keys
    }
}

/// Tags as condition keys. Condition keys know no case and tags do, so tags that differ by case
/// alone make one key with several values.
fn by_key<'t>(prefix: &str, tags: impl Iterator<Item = (&'t str, &'t str)>) -> Vec<ConditionKey> {
    let mut keys: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (key, value) in tags {
        let key = format!("{prefix}{}", key.to_ascii_lowercase());
        keys.entry(key).or_default().push(value.to_owned());
    }
    keys.into_iter().collect()
}

/// The tags that the named resources have, by the end of their ARNs; in one pass over the caller's
/// own, however many are named. Others' tags are not the caller's to decide by.
pub(super) fn of_resources(view: View<'_>, arns: &[&str]) -> HashMap<String, Vec<ConditionKey>> {
    let mut found: HashMap<String, Vec<ConditionKey>> =
        arns.iter().map(|arn| (id(arn).to_owned(), Vec::new())).collect();
    for (resource, tags) in view.tags() {
        if let Some(keys) = found.get_mut(&resource.to_string()) {
            keys.extend(by_key("aws:ResourceTag/", tags.iter()));
            keys.extend(by_key("ec2:ResourceTag/", tags.iter()));
        }
    }
    found
}

/// The id at the end of an ARN.
pub(super) fn id(arn: &str) -> &str {
    arn.rsplit('/').next().unwrap_or_default()
}
