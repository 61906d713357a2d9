//! One permission of an endpoint service.

use model::{PermissionId, ServiceId, Timestamp};
use serde::{Deserialize, Serialize};

use crate::{principal::Principal, tag::Tags};

/// A permission: whom a service admits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Permission {
    /// Its id.
    pub id: PermissionId,
    /// The service.
    pub service: ServiceId,
    /// Who is admitted.
    pub principal: Principal,
    /// When it was given.
    pub created: Timestamp,
    /// Its tags.
    pub tags: Tags,
}
