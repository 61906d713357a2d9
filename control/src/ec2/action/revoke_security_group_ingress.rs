//! `RevokeSecurityGroupIngress`: takes ingress rules from a security group.

use control_core::resource::Direction;

use crate::{
    api::Call,
    ec2::rule_change::revoke,
    query::{Fault, Xml},
};

pub(super) async fn run(call: &Call<'_>) -> Result<Xml, Fault> {
    revoke(call, Direction::Ingress).await
}
