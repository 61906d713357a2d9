//! `DescribeRouteTables`: lists the caller's route tables.

use crate::{
    api::Call,
    ec2::{describe::describe, shape::route_table::RouteTableView},
    query::{Fault, Xml},
};

pub(super) async fn run(call: &Call<'_>) -> Result<Xml, Fault> {
    describe::<RouteTableView>(call)
}
