//! `DescribeSecurityGroupRules`: lists the rules of the caller's security groups.

use crate::{
    api::Call,
    ec2::{describe::describe, shape::security_group_rule::SecurityGroupRuleView},
    query::{Fault, Xml},
};

pub(super) async fn run(call: &Call<'_>) -> Result<Xml, Fault> {
    describe::<SecurityGroupRuleView>(call)
}
