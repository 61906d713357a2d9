//! Networks: what belongs to them besides subnets.

use crate::{
    rig::{CONSUMER, EC2, PROVIDER},
    workflow::World,
};

/// An attribute of the consumer's VPC.
async fn attribute(world: &World, name: &str) -> String {
    let form = format!("Action=DescribeVpcAttribute&VpcId={}&Attribute={name}", world.consumer_vpc);
    world.consumer(&form).await.ok().get(name)
}

#[tokio::test]
async fn a_vpcs_attributes_are_switched_one_at_a_time() {
    let world = World::build().await;
    assert_eq!(attribute(&world, "enableDnsSupport").await, "<value>true</value>");
    assert_eq!(attribute(&world, "enableDnsHostnames").await, "<value>false</value>");
    let modify = format!("Action=ModifyVpcAttribute&VpcId={}", world.consumer_vpc);
    let hostnames = format!("{modify}&EnableDnsHostnames.Value=true");
    let dry = world.consumer(&format!("{hostnames}&DryRun=true")).await;
    assert_eq!(dry.refusal(), (412, "DryRunOperation"));
    assert_eq!(attribute(&world, "enableDnsHostnames").await, "<value>false</value>");
    world.consumer(&hostnames).await.ok();
    world.consumer(&format!("{modify}&EnableDnsSupport.Value=false")).await.ok();
    assert_eq!(attribute(&world, "enableDnsSupport").await, "<value>false</value>");
    assert_eq!(attribute(&world, "enableDnsHostnames").await, "<value>true</value>");
    for (signer, form, code) in [
        (CONSUMER, modify.clone(), "MissingParameter"),
        (
            CONSUMER,
            format!("{hostnames}&EnableDnsSupport.Value=true"),
            "InvalidParameterCombination",
        ),
        (PROVIDER, hostnames.clone(), "InvalidVpcID.NotFound"),
        (
            CONSUMER,
            format!("Action=DescribeVpcAttribute&VpcId={}", world.consumer_vpc),
            "MissingParameter",
        ),
    ] {
        assert_eq!(world.rig.call(signer, EC2, &form).await.refusal(), (400, code), "{form}");
    }
}

#[tokio::test]
async fn there_is_one_region() {
    let world = World::build().await;
    let regions = world.consumer("Action=DescribeRegions&AllRegions=true").await.ok();
    assert_eq!(regions.all("regionName"), ["us-east-1"]);
    let other = world.consumer("Action=DescribeRegions&RegionName.1=eu-west-1").await;
    assert_eq!(other.refusal(), (400, "InvalidParameterValue"));
    let none = "Action=DescribeRegions&Filter.1.Name=region-name&Filter.1.Value.1=eu-*";
    assert_eq!(world.consumer(none).await.ok().text("regionName"), None);
}
