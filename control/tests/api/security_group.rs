//! Security groups: made, filled, carried by endpoints, and kept while they are in use.

use crate::{
    rig::{Answer, PROVIDER},
    workflow::World,
};

async fn group(world: &World, name: &str) -> String {
    let form = format!(
        "Action=CreateSecurityGroup&GroupName={name}&GroupDescription=for+tests&VpcId={}\
         &TagSpecification.1.ResourceType=security-group&TagSpecification.1.Tag.1.Key=Name\
         &TagSpecification.1.Tag.1.Value={name}",
        world.consumer_vpc
    );
    let made = world.consumer(&form).await.ok();
    let id = made.get("groupId");
    assert!(made.get("securityGroupArn").ends_with(&format!(":security-group/{id}")));
    id
}

async fn show(world: &World, id: &str) -> Answer {
    world.consumer(&format!("Action=DescribeSecurityGroups&GroupId.1={id}")).await.ok()
}

#[tokio::test]
async fn rules_come_and_go() {
    let world = World::build().await;
    let id = group(&world, "web").await;
    let add = format!("Action=AuthorizeSecurityGroupIngress&GroupId={id}");
    let rules = format!(
        "{add}&IpPermissions.1.IpProtocol=tcp&IpPermissions.1.FromPort=80\
         &IpPermissions.1.ToPort=80&IpPermissions.1.IpRanges.1.CidrIp=10.0.0.0/8\
         &IpPermissions.1.IpRanges.1.Description=inside&IpPermissions.1.Groups.1.GroupName=default\
         &IpPermissions.1.Ipv6Ranges.1.CidrIpv6=::/0"
    );
    let dry = world.consumer(&format!("{rules}&DryRun=true")).await;
    assert_eq!(dry.refusal(), (412, "DryRunOperation"));
    let added = world.consumer(&rules).await.ok();
    assert_eq!(added.all("securityGroupRuleId").len(), 3);
    assert_eq!(added.all("isEgress"), ["false"; 3]);
    let shown = show(&world, &id).await;
    assert_eq!(shown.all("ipProtocol"), ["tcp", "-1"]);
    assert_eq!(shown.all("cidrIp"), ["10.0.0.0/8", "0.0.0.0/0"]);
    assert_eq!(shown.get("description"), "inside");

    let one = format!("{add}&IpProtocol=tcp&FromPort=80&ToPort=80&CidrIp=10.0.0.0/8");
    assert_eq!(world.consumer(&one).await.refusal(), (400, "InvalidPermission.Duplicate"));
    let form =
        format!("Action=DescribeSecurityGroupRules&Filter.1.Name=group-id&Filter.1.Value.1={id}");
    assert_eq!(world.consumer(&form).await.ok().all("securityGroupRuleId").len(), 4);
    let revoke = one.replace("Authorize", "Revoke");
    let revoked = world.consumer(&revoke).await.ok();
    assert_eq!(revoked.all("cidrIpv4"), ["10.0.0.0/8"]);
    assert_eq!(world.consumer(&revoke).await.refusal(), (400, "InvalidPermission.NotFound"));
    let gone = revoked.get("securityGroupRuleId");
    let ids = added.all("securityGroupRuleId");
    let rule = ids.into_iter().find(|id| *id != gone).unwrap();
    let by_id = format!("Action=RevokeSecurityGroupIngress&GroupId={id}");
    world.consumer(&format!("{by_id}&SecurityGroupRuleId.1={rule}")).await.ok();
    let everything = format!(
        "Action=RevokeSecurityGroupEgress&GroupId={id}&IpPermissions.1.IpProtocol=-1\
         &IpPermissions.1.IpRanges.1.CidrIp=0.0.0.0/0"
    );
    world.consumer(&everything).await.ok();
    assert_eq!(show(&world, &id).await.all("ipProtocol"), ["tcp"]);
}

#[tokio::test]
async fn what_is_wrong_with_a_group_or_a_rule_is_told() {
    let world = World::build().await;
    let id = group(&world, "web").await;
    let vpc = &world.consumer_vpc;
    let create = "Action=CreateSecurityGroup&GroupDescription=x&GroupName";
    let add = format!("Action=AuthorizeSecurityGroupEgress&GroupId={id}&IpProtocol");
    let revoke = format!("Action=RevokeSecurityGroupIngress&GroupId={id}");
    let absent = "sg-00000000000000000";
    for (form, code) in [
        (format!("{create}=web"), "VPCIdNotSpecified"),
        (format!("{create}=web&VpcId={vpc}"), "InvalidGroup.Duplicate"),
        (format!("{create}=default&VpcId={vpc}"), "InvalidGroup.Reserved"),
        (format!("{create}=a%7Cb&VpcId={vpc}"), "InvalidParameterValue"),
        (format!("{add}=tcp&CidrIp=10.0.0.0/8"), "MissingParameter"),
        (format!("{add}=tcp&FromPort=9&ToPort=8&CidrIp=10.0.0.0/8"), "InvalidParameterValue"),
        (format!("{add}=tcp&FromPort=8&ToPort=9&CidrIp=10.0.0.0"), "InvalidParameterValue"),
        (format!("{add}=300&CidrIp=10.0.0.0/8"), "InvalidParameterValue"),
        (format!("Action=DescribeSecurityGroups&GroupId.1={absent}"), "InvalidGroup.NotFound"),
        ("Action=DescribeSecurityGroups&GroupId.1=web".into(), "InvalidGroupId.Malformed"),
        ("Action=DescribeSecurityGroups&GroupName.1=none".into(), "InvalidGroup.NotFound"),
        (
            format!("{revoke}&SecurityGroupRuleId.1=sgr-00000000000000000"),
            "InvalidSecurityGroupRuleId.NotFound",
        ),
        (format!("Action=DeleteSecurityGroup&GroupId={absent}"), "InvalidGroup.NotFound"),
    ] {
        let answer = world.consumer(&form).await;
        assert_eq!(answer.refusal(), (400, code), "{form} {}", answer.body);
    }
    let others = format!("Action=DeleteSecurityGroup&GroupId={id}");
    assert_eq!(world.provider(&others).await.refusal(), (400, "InvalidGroup.NotFound"));
}

#[tokio::test]
async fn endpoints_carry_groups_and_keep_them() {
    let world = World::build().await;
    world.permit().await;
    let id = group(&world, "web").await;
    let made = world.connect("").await.ok();
    assert_eq!(made.get("groupName"), "default");
    let default = made.get("groupId");
    let endpoint = made.get("vpcEndpointId");
    let modify = format!("Action=ModifyVpcEndpoint&VpcEndpointId={endpoint}");
    let swap = format!("{modify}&AddSecurityGroupId.1={id}&RemoveSecurityGroupId.1={default}");
    world.consumer(&swap).await.ok();
    let describe = format!("Action=DescribeVpcEndpoints&VpcEndpointId.1={endpoint}");
    assert_eq!(world.consumer(&describe).await.ok().all("groupName"), ["web"]);
    let carried =
        format!("Action=DescribeNetworkInterfaces&Filter.1.Name=group-id&Filter.1.Value.1={id}");
    assert_eq!(world.consumer(&carried).await.ok().all("networkInterfaceId").len(), 2);
    let last = world.consumer(&format!("{modify}&RemoveSecurityGroupId.1={id}")).await;
    assert_eq!(last.refusal(), (400, "InvalidParameter"));

    let delete = format!("Action=DeleteSecurityGroup&GroupId={id}");
    assert_eq!(world.consumer(&delete).await.refusal(), (400, "DependencyViolation"));
    let delete_default = format!("Action=DeleteSecurityGroup&GroupId={default}");
    assert_eq!(world.consumer(&delete_default).await.refusal(), (400, "CannotDelete"));
    world.consumer(&format!("Action=DeleteVpcEndpoints&VpcEndpointId.1={endpoint}")).await.ok();
    world.rig.until(crate::rig::CONSUMER, &describe, |it| it.get("state") == "deleted").await;
    assert_eq!(world.consumer(&delete).await.ok().get("groupId"), id);
    let own = "Action=DescribeSecurityGroups&Filter.1.Name=group-name&Filter.1.Value.1=default";
    let providers = world.rig.call(PROVIDER, crate::rig::EC2, own).await.ok();
    assert_eq!(providers.all("groupName"), ["default"]);
    assert!(!providers.all("groupId").contains(&&*default));
}
