//! `DescribeTags`: lists the tags of the caller's resources, one by one.

use crate::{
    api::Call,
    ec2::{describe::list, shape::tag_description::TagView},
    query::{Fault, Xml},
};

pub(super) async fn run(call: &Call<'_>) -> Result<Xml, Fault> {
    list::<TagView>(call)
}
