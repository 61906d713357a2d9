//! What an endpoint service has besides load balancers and permissions: a place in the platform's
//! catalogue, Regions, a payer, and an operator who sets limits.

use control_core::{
    Caller, Command, Tags,
    command::CreateService,
    quota::Quota,
    resource::{CatalogEntry, ServiceName, ServiceType},
};

use crate::{
    rig::{Answer, CONSUMER, EC2, ELB, PROVIDER, Rig, add_user, user},
    workflow::World,
};

const XRAY: &str = "com.amazonaws.us-east-1.xray";
const S3: &str = "com.amazonaws.us-east-1.s3";

/// Has the provider serve a name of the catalogue, as the operator's configuration would.
async fn catalogue(world: &World, name: &str, service_type: ServiceType) {
    let caller = Caller::root("111111111111".parse().unwrap());
    let balancer = format!(
        "Action=CreateLoadBalancer&Name=amazon&Type=network&Scheme=internal\
         &Subnets.member.1={}",
        world.provider_subnet
    );
    world.rig.call(PROVIDER, ELB, &balancer).await.ok();
    let registry = world.rig.keeper.registry();
    let own = registry.load_balancers().find(|it| &*it.name == "amazon").map(|it| it.id);
    let serves = service_type == ServiceType::Interface;
    let name = ServiceName(name.into());
    let short = name.0.rsplit('.').next().unwrap();
    let create = CreateService {
        load_balancers: own.into_iter().filter(|_| serves).collect(),
        acceptance_required: false,
        ip_address_types: [].into(),
        private_dns_name: None,
        supported_regions: [].into(),
        catalog: Some(CatalogEntry {
            base_name: CatalogEntry::usual_base_name(&name, &"us-east-1".parse().unwrap()).unwrap(),
            private_dns_names: ["amazonaws.com", "api.aws"]
                .map(|domain| format!("{short}.us-east-1.{domain}").parse().unwrap())
                .into(),
            policy_supported: true,
            service_type,
            name,
        }),
        tags: [("secret", "of the provider")].into_iter().collect::<Tags>(),
        client_token: None,
    };
    world.rig.keeper.submit(caller, Command::CreateService(create)).await.unwrap();
}

fn filter(n: u8, name: &str, value: &str) -> String {
    format!("&Filter.{n}.Name={name}&Filter.{n}.Value.1={value}")
}

async fn names(world: &World, more: &str) -> Vec<String> {
    let form = format!("Action=DescribeVpcEndpointServices{more}");
    let answer = world.consumer(&form).await.ok();
    answer.all("serviceName").into_iter().map(str::to_owned).collect()
}

#[tokio::test]
async fn the_catalogue_is_amazons_for_everybody() {
    let world = World::build().await;
    catalogue(&world, XRAY, ServiceType::Interface).await;
    catalogue(&world, S3, ServiceType::Gateway).await;
    let amazons = filter(1, "owner", "amazon");
    assert_eq!(names(&world, &amazons).await.len(), 2);
    for (name, value, expected) in [
        ("service-name", "*.xray", vec![XRAY]),
        ("service-type", "Interface", vec![XRAY]),
        ("service-type", "Gateway", vec![S3]),
        ("service-type", "GatewayLoadBalancer", vec![]),
        ("service-region", "us-west-2", vec![]),
        ("supported-ip-address-types", "ipv6", vec![]),
        ("tag:secret", "*", vec![]),
        ("tag-key", "secret", vec![]),
    ] {
        let found = names(&world, &(amazons.clone() + &filter(2, name, value))).await;
        assert_eq!(found, expected, "{name} {value}");
    }
    let unknown = "Action=DescribeVpcEndpointServices&ServiceName.1=com.amazonaws.us-east-1.sqs";
    let refused = world.consumer(unknown).await;
    assert_eq!(refused.refusal(), (400, "InvalidServiceName"));
    let owners = names(&world, &filter(1, "owner", "111111111111")).await;
    assert_eq!(owners, [""; 0], "the provider does not admit the consumer");

    let form = format!("Action=DescribeVpcEndpointServices&ServiceName.1={XRAY}");
    let shown = world.consumer(&form).await.ok();
    for (element, expected) in [
        ("serviceType><item><serviceType", "Interface"),
        ("serviceRegion", "us-east-1"),
        ("owner", "amazon"),
        ("baseEndpointDnsNameSet><item", "xray.us-east-1.vpce.amazonaws.com"),
        ("privateDnsName", "xray.us-east-1.amazonaws.com"),
        ("privateDnsNameVerificationState", "verified"),
        ("vpcEndpointPolicySupported", "true"),
        ("acceptanceRequired", "false"),
        ("managesVpcEndpoints", "false"),
        ("supportedIpAddressTypeSet><item", "ipv4"),
        ("availabilityZoneSet><item", "us-east-1a"),
    ] {
        let at = shown.body.split_once(&format!("<{element}>")).map(|(_, rest)| rest);
        let value = at.and_then(|rest| rest.split('<').next());
        assert_eq!(value, Some(expected), "{element} {}", shown.body);
    }
    assert!(!shown.body.contains("of the provider"), "{}", shown.body);
    let private = ["xray.us-east-1.amazonaws.com", "xray.us-east-1.api.aws"];
    assert_eq!(shown.all("privateDnsName")[1..], private);
}

#[tokio::test]
async fn an_endpoint_to_the_catalogue_has_its_public_names() {
    let world = World::build().await;
    catalogue(&world, XRAY, ServiceType::Interface).await;
    catalogue(&world, S3, ServiceType::Gateway).await;
    let modify = format!("Action=ModifyVpcAttribute&VpcId={}", world.consumer_vpc);
    world.consumer(&format!("{modify}&EnableDnsHostnames.Value=true")).await.ok();
    let create = async |name: &str| {
        world
            .consumer(&format!(
                "Action=CreateVpcEndpoint&VpcEndpointType=Interface&VpcId={}&ServiceName={name}\
                 &SubnetId.1={}&PrivateDnsEnabled=true",
                world.consumer_vpc, world.consumer_subnets[0]
            ))
            .await
    };
    let made = create(XRAY).await.ok();
    assert_eq!(made.get("serviceName"), XRAY);
    let names = made.all("dnsName");
    assert!(names[0].ends_with(".xray.us-east-1.vpce.amazonaws.com"), "{names:?}");
    assert!(names[1].contains("-us-east-1a.xray."), "{names:?}");
    assert_eq!(names[2..], ["xray.us-east-1.amazonaws.com", "xray.us-east-1.api.aws"]);
    assert_eq!(made.get("privateDnsEnabled"), "true");
    let again = create(XRAY).await;
    assert!(again.get("Message").contains("conflicting DNS domain for xray.us-east-1"));
    let gateway = create(S3).await;
    assert_eq!(gateway.refusal(), (400, "InvalidParameter"));
    assert_eq!(
        gateway.get("Message"),
        "Endpoint type (Interface) does not match available service types ([Gateway])."
    );
    // Whoever serves it sees the connection, and cannot change what the operator configured.
    let connections = world.provider("Action=DescribeVpcEndpointConnections").await.ok();
    assert_eq!(connections.get("vpcEndpointId"), made.get("vpcEndpointId"));
    let service = connections.get("serviceId");
    let modify = "Action=ModifyVpcEndpointServiceConfiguration&AcceptanceRequired=true";
    let refused = world.provider(&format!("{modify}&ServiceId={service}")).await;
    assert_eq!(refused.refusal(), (400, "OperationNotPermitted"));
    let delete = format!("Action=DeleteVpcEndpointServiceConfigurations&ServiceId.1={service}");
    assert_eq!(world.provider(&delete).await.ok().get("code"), "OperationNotPermitted");
}

#[tokio::test]
async fn policies_tell_the_catalogue_by_its_owner() {
    let allow = r#"{"Effect":"Allow","Action":"ec2:*","Resource":"*"},{"Effect":"Deny",
        "Action":"ec2:CreateVpcEndpoint","Resource":"arn:aws:ec2:*:*:vpc-endpoint/*",
        "Condition":{"StringNotEquals":{"ec2:VpceServiceOwner":"amazon"}}}"#;
    let rig = Rig::start_with(|config| add_user(config, "222222222222", "u", Some(allow))).await;
    let world = World::build_on(rig).await;
    world.permit().await;
    catalogue(&world, XRAY, ServiceType::Interface).await;
    let own = format!("com.amazonaws.vpce.us-east-1.{}", world.service);
    for (name, expected) in [(XRAY, 200), (own.as_str(), 403)] {
        let form = format!(
            "Action=CreateVpcEndpoint&VpcEndpointType=Interface&VpcId={}&ServiceName={name}\
             &SubnetId.1={}",
            world.consumer_vpc, world.consumer_subnets[0]
        );
        let answer = world.rig.call(user("u"), EC2, &form).await;
        assert_eq!(answer.status, expected, "{name} {}", answer.body);
    }
}

#[tokio::test]
async fn services_are_offered_in_the_regions_that_the_operator_knows() {
    let allow = r#"{"Effect":"Allow","Action":"ec2:*","Resource":"*"}"#;
    let rig = Rig::start_with(|config| {
        config.other_regions.insert("us-west-2".parse().unwrap());
        add_user(config, "111111111111", "u", Some(allow));
    });
    let world = World::build_on(rig.await).await;
    let service = &world.service;
    let modify = format!("Action=ModifyVpcEndpointServiceConfiguration&ServiceId={service}");
    let add = format!("{modify}&AddSupportedRegion.1=us-west-2&AddSupportedRegion.2=us-east-1");
    let denied = world.rig.call(user("u"), EC2, &add).await;
    assert_eq!(
        denied.refusal(),
        (403, "UnauthorizedOperation"),
        "vpce:AllowMultiRegion is missing"
    );
    world.provider(&add).await.ok();
    let describe = format!("Action=DescribeVpcEndpointServiceConfigurations&ServiceId.1={service}");
    let shown = world.provider(&describe).await.ok();
    assert_eq!(shown.all("region"), ["us-east-1", "us-west-2"]);
    assert_eq!(shown.get("remoteAccessEnabled"), "true");
    for (change, code) in [
        ("AddSupportedRegion.1=eu-west-1", "InvalidParameterValue"),
        ("AddSupportedRegion.1=Nowhere", "InvalidParameterValue"),
        ("RemoveSupportedRegion.1=us-east-1", "InvalidParameter"),
        ("RemoveSupportedRegion.1=eu-west-1", "InvalidParameter"),
    ] {
        let refused = world.provider(&format!("{modify}&{change}")).await;
        assert_eq!(refused.refusal(), (400, code), "{change}");
    }
    world.provider(&format!("{modify}&RemoveSupportedRegion.1=us-west-2")).await.ok();
    let shown = world.provider(&describe).await.ok();
    assert_eq!(shown.all("region"), ["us-east-1"]);
    assert_eq!(shown.get("remoteAccessEnabled"), "false");
}

#[tokio::test]
async fn each_account_takes_charges_upon_itself() {
    let world = World::build().await;
    let endpoint = world.connected().await;
    let service = &world.service;
    let take = format!("Action=ModifyVpcEndpointServicePayerResponsibility&ServiceId={service}");
    for (payer, refusal) in [
        ("&PayerResponsibility=ServiceOwner", None),
        ("&PayerResponsibility=EndpointOwner", Some("InvalidParameterValue")),
        ("", Some("MissingParameter")),
    ] {
        let answer = world.provider(&format!("{take}{payer}")).await;
        assert_eq!(answer.text("Code"), refusal, "{payer}");
    }
    let describe = "Action=DescribeVpcEndpointServiceConfigurations";
    let shown = world.provider(describe).await.ok();
    assert_eq!(shown.get("payerResponsibility"), "ServiceOwner");
    let shown = world.consumer("Action=DescribeVpcEndpointServices").await.ok();
    assert_eq!(shown.get("payerResponsibility"), "ServiceOwner");

    let pay = format!("Action=ModifyVpcEndpointPayerResponsibility&VpcEndpointId={endpoint}");
    let of_provider = format!("&ServiceId={service}");
    let charges = "&Scope=vpc-endpoint-charges&PayerResponsibility";
    for (signer, more, expected) in [
        (CONSUMER, format!("{charges}=vpc-endpoint-service-account"), "OperationNotPermitted"),
        (CONSUMER, format!("{charges}=resource-gateway-account"), "UnsupportedOperation"),
        (PROVIDER, format!("{charges}=vpc-endpoint-account"), "InvalidVpcEndpointId.NotFound"),
        (CONSUMER, format!("{charges}=vpc-endpoint-account"), ""),
        (PROVIDER, format!("{charges}=vpc-endpoint-service-account{of_provider}"), ""),
    ] {
        let answer = world.rig.call(signer, EC2, &format!("{pay}{more}")).await;
        assert_eq!(answer.text("Code").unwrap_or_default(), expected, "{more}");
    }
    for answer in [
        world.consumer("Action=DescribeVpcEndpoints").await,
        world.provider("Action=DescribeVpcEndpointConnections").await,
    ] {
        assert_eq!(answer.get("payerResponsibilityType"), "vpc-endpoint-service-account");
        assert_eq!(answer.get("scope"), "vpc-endpoint-charges");
    }
}

#[tokio::test]
async fn the_operators_limits_are_told_in_ec2s_codes() {
    let rig = Rig::start_with(|config| {
        let consumer = "222222222222".parse().unwrap();
        let own = config.quotas.accounts.entry(consumer).or_default();
        own.insert(Quota::EndpointsPerVpc, 1);
        for (quota, limit) in [
            (Quota::VpcsPerAccount, 1),
            (Quota::SubnetsPerVpc, 2),
            (Quota::SecurityGroupsPerVpc, 1),
            (Quota::RouteTablesPerVpc, 1),
            (Quota::ServicesPerAccount, 1),
            (Quota::PermissionsPerService, 1),
            (Quota::EndpointsPerVpc, 0),
        ] {
            config.quotas.common.insert(quota, limit);
        }
    });
    let world = World::build_on(rig.await).await;
    world.permit().await;
    world.connect("").await.ok();
    let vpc = &world.consumer_vpc;
    let group = format!("CreateSecurityGroup&GroupName=g&GroupDescription=d&VpcId={vpc}");
    let check = |answer: Answer, code: &str| assert_eq!(answer.refusal(), (400, code));
    check(world.connect("").await, "VpcEndpointLimitExceeded");
    for (form, code) in [
        ("CreateVpc&CidrBlock=10.0.0.0/16".to_owned(), "VpcLimitExceeded"),
        (format!("CreateSubnet&VpcId={vpc}&CidrBlock=10.0.9.0/24"), "SubnetLimitExceeded"),
        (group, "SecurityGroupLimitExceeded"),
        (format!("CreateRouteTable&VpcId={vpc}"), "RouteTableLimitExceeded"),
    ] {
        check(world.consumer(&format!("Action={form}")).await, code);
    }
    let permit = "Action=ModifyVpcEndpointServicePermissions&AddAllowedPrincipals.1=*";
    let permit = format!("{permit}&ServiceId={}", world.service);
    check(world.provider(&permit).await, "ResourceLimitExceeded");
}

#[tokio::test]
async fn endpoints_have_policies_where_the_service_heeds_them() {
    let world = World::build().await;
    world.permit().await;
    catalogue(&world, XRAY, ServiceType::Interface).await;
    let own = "%7B%22Statement%22%3A%5B%7B%22Effect%22%3A%22Allow%22%2C%22Principal%22%3A%22%2A%22\
               %2C%22Action%22%3A%22xray%3AGet%2A%22%2C%22Resource%22%3A%22%2A%22%7D%5D%7D";
    let refused = world.connect(&format!("&PolicyDocument={own}")).await;
    assert_eq!(refused.refusal(), (400, "InvalidParameter"), "the provider's own heeds none");
    let create = format!(
        "Action=CreateVpcEndpoint&VpcEndpointType=Interface&VpcId={}&ServiceName={XRAY}\
         &SubnetId.1={}",
        world.consumer_vpc, world.consumer_subnets[0]
    );
    for bad in ["x", "%7B%7D", &format!("{own}{}", "+".repeat(20_480))] {
        let refused = world.consumer(&format!("{create}&PolicyDocument={bad}")).await;
        assert_eq!(refused.refusal(), (400, "InvalidPolicyDocument"), "{bad:.20}");
    }
    let made = world.consumer(&format!("{create}&PolicyDocument={own}")).await.ok();
    assert!(made.get("policyDocument").contains("xray:Get*"), "{}", made.body);
    let modify = format!("Action=ModifyVpcEndpoint&VpcEndpointId={}", made.get("vpcEndpointId"));
    let both = world.consumer(&format!("{modify}&PolicyDocument={own}&ResetPolicy=true")).await;
    assert_eq!(both.refusal(), (400, "InvalidParameterCombination"));
    world.consumer(&format!("{modify}&ResetPolicy=true")).await.ok();
    let shown = world.consumer("Action=DescribeVpcEndpoints").await.ok();
    assert!(!shown.body.contains("xray:Get"), "{}", shown.body);
    world.consumer(&format!("{modify}&PolicyDocument={own}")).await.ok();
    let shown = world.consumer("Action=DescribeVpcEndpoints").await.ok();
    assert!(shown.get("policyDocument").contains("xray:Get*"), "{}", shown.body);
}
