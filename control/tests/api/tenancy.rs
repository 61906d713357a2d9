//! What belongs to another account cannot be told from what does not exist.

use crate::{
    rig::{CONSUMER, EC2, ELB},
    workflow::World,
};

type Row = (&'static str, String, &'static str);

/// Calls of EC2 with the provider's ids, and the codes that the consumer gets.
fn ec2_rows(world: &World) -> Vec<Row> {
    let World { provider_vpc, provider_subnet, load_balancer, service, .. } = world;
    let absent = "vpce-00000000000000000";
    vec![
        (EC2, format!("DescribeVpcs&VpcId.1={provider_vpc}"), "InvalidVpcID.NotFound"),
        (EC2, format!("DeleteVpc&VpcId={provider_vpc}"), "InvalidVpcID.NotFound"),
        (
            EC2,
            format!("CreateSubnet&VpcId={provider_vpc}&CidrBlock=10.0.9.0/24"),
            "InvalidVpcID.NotFound",
        ),
        (EC2, format!("DescribeSubnets&SubnetId.1={provider_subnet}"), "InvalidSubnetID.NotFound"),
        (EC2, format!("DeleteSubnet&SubnetId={provider_subnet}"), "InvalidSubnetID.NotFound"),
        (
            EC2,
            format!("CreateTags&ResourceId.1={provider_vpc}&Tag.1.Key=a"),
            "InvalidVpcID.NotFound",
        ),
        (
            EC2,
            format!("DescribeVpcEndpointServiceConfigurations&ServiceId.1={service}"),
            "InvalidVpcEndpointServiceId.NotFound",
        ),
        (
            EC2,
            format!("DescribeVpcEndpointServicePermissions&ServiceId={service}"),
            "InvalidVpcEndpointServiceId.NotFound",
        ),
        (
            EC2,
            format!("ModifyVpcEndpointServiceConfiguration&ServiceId={service}"),
            "InvalidVpcEndpointServiceId.NotFound",
        ),
        (
            EC2,
            format!(
                "ModifyVpcEndpointServicePermissions&ServiceId={service}\
                 &AddAllowedPrincipals.1=*"
            ),
            "InvalidVpcEndpointServiceId.NotFound",
        ),
        (
            EC2,
            format!("AcceptVpcEndpointConnections&ServiceId={service}&VpcEndpointId.1={absent}"),
            "InvalidVpcEndpointServiceId.NotFound",
        ),
        (
            EC2,
            format!(
                "CreateVpcEndpointServiceConfiguration&NetworkLoadBalancerArn.1={load_balancer}"
            ),
            "LoadBalancerNotFound",
        ),
    ]
}

/// Calls of ELBv2 with the provider's ARNs, and the codes that the consumer gets.
fn elb_rows(world: &World) -> Vec<Row> {
    let World { load_balancer, target_group, listener, .. } = world;
    vec![
        (
            ELB,
            format!("DescribeLoadBalancers&LoadBalancerArns.member.1={load_balancer}"),
            "LoadBalancerNotFound",
        ),
        (ELB, "DescribeLoadBalancers&Names.member.1=lb".into(), "LoadBalancerNotFound"),
        (ELB, format!("DescribeListeners&LoadBalancerArn={load_balancer}"), "LoadBalancerNotFound"),
        (ELB, format!("DeleteListener&ListenerArn={listener}"), "ListenerNotFound"),
        (ELB, format!("DeleteTargetGroup&TargetGroupArn={target_group}"), "TargetGroupNotFound"),
        (ELB, format!("DescribeTargetHealth&TargetGroupArn={target_group}"), "TargetGroupNotFound"),
        (
            ELB,
            format!("DeregisterTargets&TargetGroupArn={target_group}&Targets.member.1.Id=10.0.1.9"),
            "TargetGroupNotFound",
        ),
        (
            ELB,
            format!("DescribeTags&ResourceArns.member.1={load_balancer}"),
            "LoadBalancerNotFound",
        ),
        (
            ELB,
            format!("AddTags&ResourceArns.member.1={target_group}&Tags.member.1.Key=a"),
            "TargetGroupNotFound",
        ),
    ]
}

#[tokio::test]
async fn another_accounts_ids_do_not_exist() {
    let world = World::build().await;
    let World { load_balancer, service, .. } = &world;
    for (kind, form, code) in ec2_rows(&world).into_iter().chain(elb_rows(&world)) {
        let answer = world.rig.call(CONSUMER, kind, &format!("Action={form}")).await;
        assert_eq!(answer.refusal(), (400, code), "{form} {}", answer.body);
    }
    // Deleting a load balancer that does not exist succeeds; so must this, and do nothing.
    let delete = format!("Action=DeleteLoadBalancer&LoadBalancerArn={load_balancer}");
    world.rig.call(CONSUMER, ELB, &delete).await.ok();
    let delete = format!("Action=DeleteVpcEndpointServiceConfigurations&ServiceId.1={service}");
    let refused = world.consumer(&delete).await.ok();
    assert_eq!(refused.get("code"), "InvalidVpcEndpointService.NotFound");
    let own = "Action=DescribeVpcEndpointServiceConfigurations";
    assert_eq!(world.provider(own).await.ok().get("networkLoadBalancerArnSet").len(), {
        format!("<item>{load_balancer}</item>").len()
    });
}

#[tokio::test]
async fn lists_hold_the_callers_own_only() {
    let world = World::build().await;
    world.permit().await;
    world.connect("").await.ok();
    for (action, element) in [("DescribeVpcs", "vpcId"), ("DescribeSubnets", "subnetId")] {
        let form = format!("Action={action}");
        let consumers = world.consumer(&form).await.ok();
        let providers = world.provider(&form).await.ok();
        for id in consumers.all(element) {
            assert!(!providers.all(element).contains(&id), "{action} {id}");
        }
    }
    for action in ["DescribeVpcEndpoints", "DescribeNetworkInterfaces"] {
        let providers = world.provider(&format!("Action={action}")).await.ok();
        assert_eq!(providers.text("vpcId"), None, "{action}");
    }
    for action in ["DescribeVpcEndpointConnections", "DescribeVpcEndpointServiceConfigurations"] {
        let consumers = world.consumer(&format!("Action={action}")).await.ok();
        assert_eq!(consumers.text("serviceId"), None, "{action}");
    }
}
