//! `DescribeSubnets`: lists the caller's subnets.

use crate::{
    api::Call,
    ec2::{describe::describe, shape::subnet::SubnetView},
    query::{Fault, Xml},
};

pub(super) async fn run(call: &Call<'_>) -> Result<Xml, Fault> {
    describe::<SubnetView>(call)
}
