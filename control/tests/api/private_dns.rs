//! Private DNS names: the provider proves the domain, the consumer's clients use the name.

use control_core::{Chore, resource::DomainOutcome};

use crate::{
    rig::{CONSUMER, PROVIDER},
    workflow::World,
};

const NAME: &str = "shop.example";

/// Reports what a look-up of the service's record came to.
async fn looked_up(world: &World, outcome: DomainOutcome) {
    let service = world.service.parse().unwrap();
    let registry = world.rig.keeper.registry();
    let token = registry.service(service).unwrap().private_dns.as_ref().unwrap().token.clone();
    let report = Chore::ReportDomainVerification { service, token, outcome };
    world.rig.keeper.report(report).await.unwrap();
}

/// Gives the service the name, proven, and the consumer's VPC what the name needs.
async fn prove(world: &World) {
    let form = format!(
        "Action=ModifyVpcEndpointServiceConfiguration&ServiceId={}&PrivateDnsName={NAME}",
        world.service
    );
    world.provider(&form).await.ok();
    looked_up(world, DomainOutcome::Found).await;
    let describe = "Action=DescribeVpcEndpointServiceConfigurations";
    world.rig.until(PROVIDER, describe, |answer| answer.text("state") == Some("verified")).await;
    let modify = format!("Action=ModifyVpcAttribute&VpcId={}", world.consumer_vpc);
    world.consumer(&format!("{modify}&EnableDnsHostnames.Value=true")).await.ok();
}

#[tokio::test]
async fn a_domain_is_proven_by_its_record() {
    let world = World::build().await;
    let service = &world.service;
    let start = format!("Action=StartVpcEndpointServicePrivateDnsVerification&ServiceId={service}");
    assert_eq!(world.provider(&start).await.refusal(), (400, "InvalidParameter"));
    let modify = format!("Action=ModifyVpcEndpointServiceConfiguration&ServiceId={service}");
    for bad in ["Upper.example", "label", "*.label", "a..example", ""] {
        let answer = world.provider(&format!("{modify}&PrivateDnsName={bad}")).await;
        assert_eq!(answer.refusal(), (400, "InvalidParameterValue"), "{bad}");
    }
    let both = format!("{modify}&PrivateDnsName={NAME}&RemovePrivateDnsName=true");
    assert_eq!(world.provider(&both).await.refusal(), (400, "InvalidParameterCombination"));
    world.provider(&format!("{modify}&PrivateDnsName={NAME}")).await.ok();

    let describe = "Action=DescribeVpcEndpointServiceConfigurations";
    let shown = world.provider(describe).await.ok();
    assert_eq!(shown.get("privateDnsName"), NAME);
    assert_eq!(
        (shown.get("state"), shown.get("type")),
        ("pendingVerification".into(), "TXT".into())
    );
    let token = shown.get("value").strip_prefix("vpce:").unwrap().to_owned();
    assert_eq!(shown.get("name"), format!("_{token}"));

    let dry = world.provider(&format!("{start}&DryRun=true")).await;
    assert_eq!(dry.refusal(), (412, "DryRunOperation"));
    assert_eq!(world.provider(&start).await.ok().get("return"), "true");
    assert_eq!(world.rig.keeper.registry().unverified_services().count(), 1);
    assert_eq!(world.provider(describe).await.ok().get("state"), "pendingVerification");
    for (outcome, state) in [
        (DomainOutcome::NoResolver, "pendingVerification"),
        (DomainOutcome::Missing, "failed"),
        (DomainOutcome::Found, "verified"),
    ] {
        looked_up(&world, outcome).await;
        world.rig.until(PROVIDER, describe, |answer| answer.get("state") == state).await;
    }
    world.permit().await;
    let details = world.consumer("Action=DescribeVpcEndpointServices").await.ok();
    assert_eq!(details.get("privateDnsNameVerificationState"), "verified");
    world.provider(&format!("{modify}&RemovePrivateDnsName=true")).await.ok();
    assert_eq!(world.provider(describe).await.ok().text("privateDnsName"), None);
}

#[tokio::test]
async fn one_endpoint_of_a_vpc_has_the_private_name() {
    let world = World::build().await;
    world.permit().await;
    let enabled = "&PrivateDnsEnabled=true";
    let without = world.connect(enabled).await;
    assert!(without.get("Message").contains("does not provide a private DNS name"));
    prove(&world).await;
    let made = world.connect(enabled).await.ok();
    assert_eq!(made.get("privateDnsEnabled"), "true");
    assert_eq!(made.all("dnsName").last(), Some(&NAME));
    let zones = made.all("hostedZoneId");
    assert_eq!(zones.len(), 4);
    assert_ne!(zones[3], zones[0]);

    let refused = world.connect(enabled).await;
    assert_eq!(refused.refusal(), (400, "InvalidParameter"));
    assert_eq!(
        refused.get("Message"),
        format!(
            "private-dns-enabled cannot be set because there is already a conflicting DNS domain \
             for {NAME} in the VPC {}",
            world.consumer_vpc
        )
    );
    let modify = format!("Action=ModifyVpcEndpoint&VpcEndpointId={}", made.get("vpcEndpointId"));
    world.consumer(&format!("{modify}&PrivateDnsEnabled=false")).await.ok();
    let second = world.connect(enabled).await.ok().get("vpcEndpointId");
    let again = world.consumer(&format!("{modify}&PrivateDnsEnabled=true")).await;
    assert_eq!(again.refusal(), (400, "InvalidParameter"));
    let records = format!("{modify}&DnsOptions.DnsRecordIpType");
    world.consumer(&format!("{records}=ipv4")).await.ok();
    assert_eq!(world.consumer(&format!("{records}=ipv6")).await.refusal().1, "InvalidParameter");
    let describe = format!("Action=DescribeVpcEndpoints&VpcEndpointId.1={second}");
    let shown = world.rig.call(CONSUMER, crate::rig::EC2, &describe).await.ok();
    assert_eq!(shown.get("privateDnsEnabled"), "true");
}
