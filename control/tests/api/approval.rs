//! Beyond AWS: permissions whose requests are accepted at once, and services whose endpoints go
//! with their permission.

use control_core::resource::PermissionRemoval;

use crate::{
    rig::{CONSUMER, EC2, Rig},
    workflow::World,
};

impl World {
    async fn tag(&self, resource: &str, key: &str, value: &str) -> (u16, String) {
        let form = format!(
            "Action=CreateTags&ResourceId.1={resource}&Tag.1.Key={key}&Tag.1.Value={value}"
        );
        let answer = self.provider(&form).await;
        (answer.status, answer.text("Code").unwrap_or_default().to_owned())
    }

    async fn forbid(&self) {
        let form = format!(
            "Action=ModifyVpcEndpointServicePermissions&ServiceId={}\
             &RemoveAllowedPrincipals.1=arn:aws:iam::222222222222:root",
            self.service
        );
        self.provider(&form).await.ok();
    }

    async fn state(&self, endpoint: &str) -> String {
        let form = format!("Action=DescribeVpcEndpoints&VpcEndpointId.1={endpoint}");
        self.consumer(&form).await.ok().get("state")
    }
}

#[tokio::test]
async fn a_marked_permission_has_requests_accepted_at_once() {
    let world = World::build().await;
    world.permit().await;
    let list = format!("Action=DescribeVpcEndpointServicePermissions&ServiceId={}", world.service);
    let permission = world.provider(&list).await.ok().get("servicePermissionId");
    let key = "postern:acceptance";
    let refused = world.tag(&permission, key, "sometimes").await;
    assert_eq!(refused, (400, "InvalidParameterValue".into()));
    assert_eq!(world.tag(&permission, key, "automatic").await.0, 200);
    assert_eq!(world.provider(&list).await.ok().get("value"), "automatic");
    let made = world.connect("").await.ok();
    assert_eq!(made.get("state"), "pending");
    let describe =
        format!("Action=DescribeVpcEndpoints&VpcEndpointId.1={}", made.get("vpcEndpointId"));
    world.rig.until(CONSUMER, &describe, |answer| answer.get("state") == "available").await;
    assert_eq!(world.tag(&permission, key, "manual").await.0, 200);
    assert_eq!(world.connect("").await.ok().get("state"), "pendingAcceptance");
}

#[tokio::test]
async fn a_marked_service_rejects_whom_it_no_longer_permits() {
    let world = World::build().await;
    let endpoint = world.connected().await;
    world.forbid().await;
    assert_eq!(world.state(&endpoint).await, "pendingAcceptance", "as with AWS");
    let key = "postern:permission-removal";
    assert_eq!(world.tag(&world.service, key, "reject").await.0, 200);
    world.permit().await;
    world.forbid().await;
    assert_eq!(world.state(&endpoint).await, "rejected");
    let create = format!(
        "Action=CreateVpcEndpointServiceConfiguration&NetworkLoadBalancerArn.1={}\
         &TagSpecification.1.ResourceType=vpc-endpoint-service&TagSpecification.1.Tag.1.Key={key}\
         &TagSpecification.1.Tag.1.Value=never",
        world.load_balancer
    );
    let refused = world.provider(&create).await;
    assert_eq!(refused.refusal(), (400, "InvalidParameterValue"));
}

#[tokio::test]
async fn the_operator_may_have_all_services_do_so() {
    let strict = Rig::start_with(|config| config.permission_removal = PermissionRemoval::Reject);
    let world = World::build_on(strict.await).await;
    let endpoint = world.connected().await;
    let kept = world.tag(&world.service, "postern:permission-removal", "keep").await;
    assert_eq!(kept.0, 200);
    world.forbid().await;
    assert_eq!(world.state(&endpoint).await, "pendingAcceptance");
    let untag = format!(
        "Action=DeleteTags&ResourceId.1={}&Tag.1.Key=postern:permission-removal",
        world.service
    );
    world.provider(&untag).await.ok();
    world.permit().await;
    world.forbid().await;
    assert_eq!(world.state(&endpoint).await, "rejected");
    let connections = "Action=DescribeVpcEndpointConnections";
    let seen = world.rig.call(crate::rig::PROVIDER, EC2, connections).await.ok();
    assert_eq!(seen.get("vpcEndpointState"), "rejected");
}
