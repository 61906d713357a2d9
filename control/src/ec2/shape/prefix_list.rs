//! Prefix lists as EC2 shows them: AWS has one for each service with gateway endpoints, so here is
//! none, and clients that ask get the shape of an empty list.

use control_core::describe::View;

use super::super::describe::Listed;
use crate::query::{Subject, Xml};

/// A prefix list; there is none.
pub(in crate::ec2) enum PrefixListView {}

impl Subject for PrefixListView {
    fn values(&self, _: &str) -> Vec<String> {
        match *self {}
    }

    fn tags(&self) -> Vec<(&str, &str)> {
        match *self {}
    }
}

impl Listed for PrefixListView {
    const FILTERS: &[&str] = &["prefix-list-id", "prefix-list-name"];
    const SET: &str = "prefixListSet";

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
