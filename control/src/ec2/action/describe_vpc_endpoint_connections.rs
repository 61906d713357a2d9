//! `DescribeVpcEndpointConnections`: lists the connections to the caller's services.

use crate::{
    api::Call,
    ec2::{describe::list, shape::connection::ConnectionView},
    query::{Fault, Xml},
};

pub(super) async fn run(call: &Call<'_>) -> Result<Xml, Fault> {
    list::<ConnectionView>(call)
}
