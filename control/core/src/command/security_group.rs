//! What callers may ask of security groups.

use std::sync::Arc;

use model::{SecurityGroupRuleId, VpcId};
use serde::Serialize;

use crate::{resource::Traffic, tag::Tags};

/// Parameters of [`super::Command::CreateSecurityGroup`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CreateSecurityGroup {
    /// The VPC of the interfaces that will carry it.
    pub vpc: VpcId,
    /// Its name, unique in the VPC.
    pub name: Arc<str>,
    /// What it is for.
    pub description: String,
    /// Its tags.
    pub tags: Tags,
}

/// A rule as a caller wants it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NewRule {
    /// What it allows.
    pub traffic: Traffic,
    /// What it is for.
    pub description: Option<String>,
    /// Its tags.
    pub tags: Tags,
}

/// Which rule of a group a caller means.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum RuleChoice {
    /// The one with this id.
    Id(SecurityGroupRuleId),
    /// The one that allows this.
    Traffic(Traffic),
}
