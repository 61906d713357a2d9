//! `AuthorizeSecurityGroupEgress`: adds egress rules to a security group.

use control_core::resource::Direction;

use crate::{
    api::Call,
    ec2::rule_change::authorize,
    query::{Fault, Xml},
};

pub(super) async fn run(call: &Call<'_>) -> Result<Xml, Fault> {
    authorize(call, Direction::Egress).await
}
