//! What callers may ask of route tables.

use std::sync::Arc;

use model::VpcId;
use serde::Serialize;

use crate::tag::Tags;

/// Parameters of [`super::Command::CreateRouteTable`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CreateRouteTable {
    /// Its VPC.
    pub vpc: VpcId,
    /// Its tags.
    pub tags: Tags,
    /// Makes a repetition harmless.
    #[serde(skip)]
    pub client_token: Option<Arc<str>>,
}
