//! A provider offers a service, a consumer connects to it, and both see what happens.

use crate::rig::{Answer, CONSUMER, EC2, ELB, PROVIDER, Rig, Signer};

/// What a provider and a consumer have before they meet.
pub(crate) struct World {
    pub(crate) rig: Rig,
    pub(crate) provider_vpc: String,
    pub(crate) provider_subnet: String,
    pub(crate) load_balancer: String,
    pub(crate) target_group: String,
    pub(crate) listener: String,
    pub(crate) service: String,
    pub(crate) consumer_vpc: String,
    pub(crate) consumer_subnets: [String; 2],
}

impl World {
    pub(crate) async fn build() -> Self {
        Self::build_on(Rig::start().await).await
    }

    pub(crate) async fn build_on(rig: Rig) -> Self {
        let provider_vpc = vpc(&rig, PROVIDER).await;
        let first = subnet(&rig, PROVIDER, &provider_vpc, 'a').await;
        let second = subnet(&rig, PROVIDER, &provider_vpc, 'b').await;
        let elb = async |form: String| rig.call(PROVIDER, ELB, &form).await.ok();
        let load_balancer = elb(format!(
            "Action=CreateLoadBalancer&Name=lb&Type=network&Scheme=internal\
             &Subnets.member.1={first}&Subnets.member.2={second}"
        ))
        .await
        .get("LoadBalancerArn");
        let target_group = elb(format!(
            "Action=CreateTargetGroup&Name=tg&Protocol=TCP&Port=80&TargetType=ip\
             &VpcId={provider_vpc}"
        ))
        .await
        .get("TargetGroupArn");
        elb(format!(
            "Action=RegisterTargets&TargetGroupArn={target_group}\
             &Targets.member.1.Id=10.0.1.9&Targets.member.2.Id=10.0.2.9&Targets.member.2.Port=81"
        ))
        .await;
        let listener = elb(format!(
            "Action=CreateListener&LoadBalancerArn={load_balancer}&Protocol=TCP&Port=443\
             &DefaultActions.member.1.Type=forward\
             &DefaultActions.member.1.TargetGroupArn={target_group}"
        ))
        .await
        .get("ListenerArn");
        let service = format!(
            "Action=CreateVpcEndpointServiceConfiguration\
             &NetworkLoadBalancerArn.1={load_balancer}"
        );
        let service = rig.call(PROVIDER, EC2, &service).await.ok().get("serviceId");
        let consumer_vpc = vpc(&rig, CONSUMER).await;
        let consumer_subnets = [
            subnet(&rig, CONSUMER, &consumer_vpc, 'a').await,
            subnet(&rig, CONSUMER, &consumer_vpc, 'b').await,
        ];
        Self {
            provider_vpc,
            provider_subnet: first,
            load_balancer,
            target_group,
            listener,
            service,
            consumer_vpc,
            consumer_subnets,
            rig,
        }
    }

    pub(crate) async fn provider(&self, form: &str) -> Answer {
        self.rig.call(PROVIDER, EC2, form).await
    }

    pub(crate) async fn consumer(&self, form: &str) -> Answer {
        self.rig.call(CONSUMER, EC2, form).await
    }

    pub(crate) async fn permit(&self) {
        let service = &self.service;
        let form = format!(
            "Action=ModifyVpcEndpointServicePermissions&ServiceId={service}\
             &AddAllowedPrincipals.1=arn:aws:iam::222222222222:root"
        );
        let added = self.provider(&form).await.ok();
        assert_eq!(added.get("principalType"), "Account");
    }

    /// A permitted endpoint that waits to be accepted.
    pub(crate) async fn connected(&self) -> String {
        self.permit().await;
        self.connect("").await.ok().get("vpcEndpointId")
    }

    pub(crate) async fn connect(&self, more: &str) -> Answer {
        let [first, second] = &self.consumer_subnets;
        self.consumer(&format!(
            "Action=CreateVpcEndpoint&VpcEndpointType=Interface&VpcId={}\
             &ServiceName=com.amazonaws.vpce.us-east-1.{}&SubnetId.1={first}\
             &SubnetId.2={second}{more}",
            self.consumer_vpc, self.service
        ))
        .await
    }
}

async fn vpc(rig: &Rig, signer: Signer) -> String {
    rig.call(signer, EC2, "Action=CreateVpc&CidrBlock=10.0.0.0/16").await.ok().get("vpcId")
}

async fn subnet(rig: &Rig, signer: Signer, vpc: &str, zone: char) -> String {
    let net = if zone == 'a' { 1 } else { 2 };
    let form = format!(
        "Action=CreateSubnet&VpcId={vpc}&CidrBlock=10.0.{net}.0/24\
         &AvailabilityZone=us-east-1{zone}"
    );
    rig.call(signer, EC2, &form).await.ok().get("subnetId")
}

#[tokio::test]
async fn an_endpoint_is_accepted_rejected_and_deleted() {
    let world = World::build().await;
    world.permit().await;
    let made = world.connect("").await.ok();
    assert_eq!(made.get("state"), "pendingAcceptance");
    let endpoint = made.get("vpcEndpointId");
    let names = made.all("dnsName");
    assert_eq!(names.len(), 3, "{names:?}");
    assert!(names[0].starts_with(&endpoint) && !names[0].contains("us-east-1a"));
    assert!(names[1].contains("-us-east-1a.") && names[2].contains("-us-east-1b."));
    assert_eq!(made.get("hostedZoneId"), "Z7HUB22UULQXV");

    let connections = "Action=DescribeVpcEndpointConnections&Filter.1.Name=vpc-endpoint-state\
                       &Filter.1.Value.1=pendingAcceptance";
    assert_eq!(world.provider(connections).await.ok().get("vpcEndpointOwner"), "222222222222");
    let service = &world.service;
    let ids = format!("ServiceId={service}&VpcEndpointId.1={endpoint}");
    let absent = "VpcEndpointId.2=vpce-00000000000000000";
    let accepted =
        world.provider(&format!("Action=AcceptVpcEndpointConnections&{ids}&{absent}")).await.ok();
    assert_eq!(accepted.all("resourceId"), ["vpce-00000000000000000"]);
    assert_eq!(accepted.get("code"), "InvalidVpcEndpointId.NotFound");
    let describe = format!("Action=DescribeVpcEndpoints&VpcEndpointId.1={endpoint}");
    let is = |state: &'static str| move |answer: &Answer| answer.get("state") == state;
    world.rig.until(CONSUMER, &describe, is("available")).await;

    let delete = format!("Action=DeleteVpcEndpointServiceConfigurations&ServiceId.1={service}");
    let held = world.provider(&delete).await.ok();
    assert_eq!(held.get("code"), "ExistingVpcEndpointConnections");
    assert_eq!(held.get("message"), "Service has existing active VPC Endpoint connections!");

    world.provider(&format!("Action=RejectVpcEndpointConnections&{ids}")).await.ok();
    assert_eq!(world.consumer(&describe).await.ok().get("state"), "rejected");
    let delete_endpoint = format!("Action=DeleteVpcEndpoints&VpcEndpointId.1={endpoint}&{absent}");
    let deleted = world.consumer(&delete_endpoint).await.ok();
    assert_eq!(deleted.get("code"), "InvalidVpcEndpoint.NotFound");
    let gone = world.rig.until(CONSUMER, &describe, is("deleted")).await;
    assert_eq!(gone.text("dnsName"), None);
    assert_eq!(world.provider(&delete).await.ok().text("code"), None);
}

#[tokio::test]
async fn a_service_that_does_not_admit_the_caller_does_not_exist() {
    let world = World::build().await;
    let name = format!("com.amazonaws.vpce.us-east-1.{}", world.service);
    let describe = format!("Action=DescribeVpcEndpointServices&ServiceName.1={name}");
    let expected = format!("The Vpc Endpoint Service '{name}' does not exist");
    for answer in [world.consumer(&describe).await, world.connect("").await] {
        assert_eq!(answer.refusal(), (400, "InvalidServiceName"));
        assert_eq!(quick_xml::escape::unescape(&answer.get("Message")).unwrap(), expected);
    }
    let all = "Action=DescribeVpcEndpointServices";
    assert_eq!(world.consumer(all).await.ok().text("serviceName"), None);
    assert_eq!(world.provider(&describe).await.ok().get("serviceName"), name);
    world.permit().await;
    assert_eq!(world.consumer(&describe).await.ok().get("serviceName"), name);
}

#[tokio::test]
async fn client_tokens_and_dry_runs_make_nothing_twice() {
    let world = World::build().await;
    world.permit().await;
    assert_eq!(world.connect("&DryRun=true").await.refusal(), (412, "DryRunOperation"));
    let describe = "Action=DescribeVpcEndpoints";
    assert_eq!(world.consumer(describe).await.ok().text("vpcEndpointId"), None);
    let token = "&ClientToken=t1";
    let first = world.connect(token).await.ok();
    let again = world.connect(token).await.ok();
    assert_eq!(first.get("vpcEndpointId"), again.get("vpcEndpointId"));
    assert_eq!(again.get("clientToken"), "t1");
    let other = world.connect(&format!("{token}&PrivateDnsEnabled=true")).await;
    assert_eq!(other.refusal(), (400, "IdempotentParameterMismatch"));
    assert_eq!(world.consumer(describe).await.ok().all("vpcEndpointId").len(), 1);
}

#[tokio::test]
async fn two_subnets_of_one_zone_are_refused() {
    let world = World::build().await;
    world.permit().await;
    let form = format!(
        "Action=CreateSubnet&VpcId={}&CidrBlock=10.0.3.0/24&AvailabilityZone=us-east-1a",
        world.consumer_vpc
    );
    let third = world.consumer(&form).await.ok().get("subnetId");
    let answer = world.connect(&format!("&SubnetId.3={third}")).await;
    assert_eq!(answer.refusal(), (400, "DuplicateSubnetsInSameZone"));
}

#[tokio::test]
async fn targets_are_reported_with_their_state() {
    let world = World::build().await;
    let describe = format!("Action=DescribeTargetHealth&TargetGroupArn={}", world.target_group);
    let asked = format!(
        "{describe}&Targets.member.1.Id=10.0.1.9&Targets.member.2.Id=10.0.1.9\
         &Targets.member.2.Port=99"
    );
    let all = crate::rig::within(async {
        loop {
            let answer = world.rig.call(PROVIDER, ELB, &describe).await.ok();
            if answer.all("State") == ["healthy", "healthy"] {
                return answer;
            }
            tokio::task::yield_now().await;
        }
    })
    .await;
    assert_eq!(all.all("Port"), ["80", "81"]);
    let some = world.rig.call(PROVIDER, ELB, &asked).await.ok();
    assert_eq!(some.all("State"), ["healthy", "unused"]);
    assert_eq!(some.get("Reason"), "Target.NotRegistered");
    let delete = format!("Action=DeleteListener&ListenerArn={}", world.listener);
    world.rig.call(PROVIDER, ELB, &delete).await.ok();
    let unused = world.rig.call(PROVIDER, ELB, &describe).await.ok();
    assert_eq!(unused.all("Reason"), ["Target.NotInUse", "Target.NotInUse"]);
}

#[tokio::test]
async fn pages_lead_through_everything_once() {
    let rig = Rig::start().await;
    let mut made = Vec::new();
    for _ in 0..12 {
        made.push(vpc(&rig, PROVIDER).await);
    }
    made.sort();
    let mut seen: Vec<String> = Vec::new();
    let mut token = String::new();
    loop {
        let form = format!("Action=DescribeVpcs&MaxResults=5{token}");
        let page = rig.call(PROVIDER, EC2, &form).await.ok();
        seen.extend(page.all("vpcId").into_iter().map(str::to_owned));
        match page.text("nextToken") {
            Some(next) => token = format!("&NextToken={next}"),
            None => break,
        }
    }
    assert_eq!(seen, made);
    let stolen = rig.call(CONSUMER, EC2, &format!("Action=DescribeVpcs{token}")).await;
    assert_eq!(stolen.refusal(), (400, "InvalidNextToken"));
}

/// The filters of each operation that has some, with who has something to find.
const FILTERS: [(Signer, &str, &str); 12] = [
    (
        CONSUMER,
        "DescribeRouteTables",
        "association.main association.route-table-association-id association.route-table-id \
          owner-id route-table-id route.destination-cidr-block route.gateway-id route.origin \
          route.state vpc-id",
    ),
    (
        CONSUMER,
        "DescribeSecurityGroups",
        "description egress.ip-permission.cidr egress.ip-permission.protocol group-id \
          group-name ip-permission.group-id owner-id vpc-id",
    ),
    (CONSUMER, "DescribeSecurityGroupRules", "group-id security-group-rule-id"),
    (
        PROVIDER,
        "DescribeVpcs",
        "cidr is-default owner-id state vpc-id dhcp-options-id \
          cidr-block-association.cidr-block cidr-block-association.state",
    ),
    (
        PROVIDER,
        "DescribeSubnets",
        "availability-zone availability-zone-id cidr-block \
          available-ip-address-count default-for-az owner-id state subnet-arn subnet-id vpc-id",
    ),
    (
        PROVIDER,
        "DescribeAvailabilityZones",
        "group-name opt-in-status region-name state \
          zone-id zone-name zone-type",
    ),
    (
        CONSUMER,
        "DescribeNetworkInterfaces",
        "addresses.private-ip-address group-id group-name availability-zone \
          availability-zone-id description interface-type network-interface-id owner-id \
          private-ip-address requester-id requester-managed status subnet-id vpc-id",
    ),
    (
        CONSUMER,
        "DescribeVpcEndpoints",
        "ip-address-type service-name service-region vpc-id \
          vpc-endpoint-id vpc-endpoint-state vpc-endpoint-type",
    ),
    (
        CONSUMER,
        "DescribeVpcEndpointServices",
        "owner service-name service-region \
          service-type supported-ip-address-types",
    ),
    (
        PROVIDER,
        "DescribeVpcEndpointConnections",
        "ip-address-type service-id \
          vpc-endpoint-id vpc-endpoint-owner vpc-endpoint-region vpc-endpoint-state",
    ),
    (
        PROVIDER,
        "DescribeVpcEndpointServiceConfigurations",
        "service-id service-name \
          service-state supported-ip-address-types",
    ),
    (
        PROVIDER,
        "DescribeVpcEndpointServicePermissions",
        "permission-type principal \
          principal-type",
    ),
];

/// Every filter's name is one that resources have a value for: `*` finds something.
#[tokio::test]
async fn filters_find_what_they_name() {
    let world = World::build().await;
    world.permit().await;
    world.connect("").await.ok();
    for (signer, action, filters) in FILTERS {
        for filter in filters.split_whitespace() {
            for (value, finds) in [("*", true), ("no such value", false)] {
                let service = match action {
                    "DescribeVpcEndpointServicePermissions" => {
                        format!("&ServiceId={}", world.service)
                    }
                    _ => String::new(),
                };
                let form = format!(
                    "Action={action}{service}&Filter.1.Name={filter}&Filter.1.Value.1={value}"
                );
                let answer = world.rig.call(signer, EC2, &form).await.ok();
                assert_eq!(answer.body.contains("<item>"), finds, "{form} {}", answer.body);
            }
        }
    }
}
