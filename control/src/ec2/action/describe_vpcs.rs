//! `DescribeVpcs`: lists the caller's VPCs.

use crate::{
    api::Call,
    ec2::{describe::describe, shape::vpc::VpcView},
    query::{Fault, Xml},
};

pub(super) async fn run(call: &Call<'_>) -> Result<Xml, Fault> {
    describe::<VpcView>(call)
}
