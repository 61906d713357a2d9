//! `DescribeVpcEndpoints`: lists the caller's endpoints.

use crate::{
    api::Call,
    ec2::{describe::describe, shape::endpoint::EndpointView},
    query::{Fault, Xml},
};

pub(super) async fn run(call: &Call<'_>) -> Result<Xml, Fault> {
    describe::<EndpointView>(call)
}
