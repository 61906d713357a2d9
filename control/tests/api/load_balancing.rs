//! Load balancers, listeners, target groups and targets beyond the plain case: every protocol,
//! every attribute, what is refused and with which code.

use std::{collections::BTreeMap, sync::Arc};

use control_core::{Zone, resource::Instance};

use crate::{
    rig::{Answer, ELB, PROVIDER, Rig},
    workflow::World,
};

const CERTIFICATE: &str = "arn:aws:acm:us-east-1:111111111111:certificate/one";
const SECOND: &str = "arn:aws:acm:us-east-1:111111111111:certificate/two";
const ALB: &str =
    "arn:aws:elasticloadbalancing:us-east-1:111111111111:loadbalancer/app/web/0123456789abcdef";
const FOREIGN: &str = "arn:aws:acm:us-east-1:222222222222:certificate/three";

async fn world() -> World {
    let rig = Rig::start_with(|config| {
        let own = || Some("111111111111".parse().unwrap());
        let foreign = Some("222222222222".parse().unwrap());
        let certificates = [(CERTIFICATE, own()), (SECOND, own()), (FOREIGN, foreign)];
        config.instances = instances();
        // One that the load balancer is not in.
        config
            .zones
            .push(Zone { name: "us-east-1c".parse().unwrap(), id: "use1-az4".parse().unwrap() });
        config.certificates = certificates.map(|(arn, owner)| (arn.into(), owner)).into();
    })
    .await;
    World::build_on(rig).await
}

/// Where the operator says that instances are.
fn instances() -> BTreeMap<Arc<str>, Instance> {
    let instance =
        |address: &str| Instance { address: address.parse().unwrap(), zone: None, account: None };
    [("i-0123456789abcdef0", "10.0.1.77"), (ALB, "10.0.1.78")]
        .map(|(id, address)| (id.into(), instance(address)))
        .into()
}

async fn elb(world: &World, form: &str) -> Answer {
    world.rig.call(PROVIDER, ELB, &format!("Action={form}")).await
}

/// A target group of a protocol; its ARN.
async fn group(world: &World, name: &str, protocol: &str) -> String {
    let vpc = &world.provider_vpc;
    let form = format!(
        "CreateTargetGroup&Name={name}&Protocol={protocol}&Port=53&TargetType=ip&VpcId={vpc}"
    );
    elb(world, &form).await.ok().get("TargetGroupArn")
}

/// The form of a listener.
fn listener(world: &World, port: u16, protocol: &str, group: &str) -> String {
    let balancer = &world.load_balancer;
    format!(
        "CreateListener&LoadBalancerArn={balancer}&Protocol={protocol}&Port={port}\
         &DefaultActions.member.1.Type=forward&DefaultActions.member.1.TargetGroupArn={group}"
    )
}

/// The value of an attribute that an answer lists.
fn attribute<'a>(answer: &'a Answer, key: &str) -> Option<&'a str> {
    let at = answer.all("Key").iter().position(|it| *it == key)?;
    answer.all("Value").get(at).copied()
}

#[tokio::test]
async fn listeners_forward_to_what_they_can_speak_with() {
    let world = world().await;
    let mut groups = Vec::new();
    for protocol in ["TCP", "TLS", "UDP", "TCP_UDP"] {
        let name = protocol.to_lowercase().replace('_', "-");
        groups.push((protocol, group(&world, &name, protocol).await));
    }
    let fits = |listener: &str, group: &str| match listener {
        "TCP" => ["TCP", "TCP_UDP"].contains(&group),
        "TLS" => ["TCP", "TLS"].contains(&group),
        "UDP" => ["UDP", "TCP_UDP"].contains(&group),
        _ => group == "TCP_UDP",
    };
    let mut port = 1000;
    for protocol in ["TCP", "TLS", "UDP", "TCP_UDP"] {
        for (of_group, arn) in &groups {
            port += 1;
            let mut form = listener(&world, port, protocol, arn);
            if protocol == "TLS" {
                form += &format!("&Certificates.member.1.CertificateArn={CERTIFICATE}");
            }
            let answer = elb(&world, &form).await;
            if fits(protocol, of_group) {
                assert_eq!(answer.ok().get("Protocol"), protocol);
            } else {
                let case = format!("{protocol} {of_group}");
                assert_eq!(answer.refusal(), (400, "IncompatibleProtocols"), "{case}");
            }
        }
    }
    for protocol in ["QUIC", "TCP_QUIC", "HTTP", "HTTPS", "GENEVE"] {
        let form = listener(&world, 99, protocol, &world.target_group);
        assert_eq!(elb(&world, &form).await.refusal(), (400, "UnsupportedProtocol"));
    }
}

#[tokio::test]
async fn a_tls_listener_has_certificates_and_policies() {
    let world = world().await;
    let form = listener(&world, 8443, "TLS", &world.target_group);
    assert_eq!(elb(&world, &form).await.refusal(), (400, "ValidationError"));
    for (more, code) in [
        (format!("&Certificates.member.1.CertificateArn={FOREIGN}"), "CertificateNotFound"),
        (
            format!(
                "&Certificates.member.1.CertificateArn={CERTIFICATE}\
                 &Certificates.member.2.CertificateArn={SECOND}"
            ),
            "TooManyCertificates",
        ),
    ] {
        assert_eq!(elb(&world, &format!("{form}{more}")).await.refusal(), (400, code), "{more}");
    }
    let form = format!("{form}&Certificates.member.1.CertificateArn={CERTIFICATE}");
    for (more, code) in [
        ("&SslPolicy=ELBSecurityPolicy-2015-05", "SSLPolicyNotFound"),
        ("&AlpnPolicy.member.1=HTTP3", "ALPNPolicyNotFound"),
        ("&MutualAuthentication.Mode=off", "UnsupportedOperation"),
    ] {
        assert_eq!(elb(&world, &format!("{form}{more}")).await.refusal(), (400, code), "{more}");
    }
    let made = elb(&world, &format!("{form}&AlpnPolicy.member.1=HTTP2Preferred")).await.ok();
    assert_eq!(made.get("CertificateArn"), CERTIFICATE);
    assert_eq!(made.get("SslPolicy"), "ELBSecurityPolicy-TLS13-1-2-2021-06");
    assert!(made.body.contains("<AlpnPolicy><member>HTTP2Preferred</member>"), "{}", made.body);
    let arn = made.get("ListenerArn");

    let of = |action: &str, certificate: &str| {
        format!("{action}&ListenerArn={arn}&Certificates.member.1.CertificateArn={certificate}")
    };
    let refused = elb(&world, &of("RemoveListenerCertificates", CERTIFICATE)).await;
    assert_eq!(refused.refusal(), (400, "OperationNotPermitted"));
    let refused = elb(&world, &of("AddListenerCertificates", FOREIGN)).await;
    assert_eq!(refused.refusal(), (400, "CertificateNotFound"));
    let added = elb(&world, &of("AddListenerCertificates", SECOND)).await.ok();
    assert_eq!(added.all("CertificateArn"), [SECOND]);
    let describe = format!("DescribeListenerCertificates&ListenerArn={arn}");
    let both = elb(&world, &describe).await.ok();
    assert_eq!(both.all("CertificateArn"), [CERTIFICATE, SECOND]);
    assert_eq!(both.all("IsDefault"), ["true", "false"]);
    let first = elb(&world, &format!("{describe}&PageSize=1")).await.ok();
    assert_eq!(first.all("CertificateArn"), [CERTIFICATE]);
    let rest = format!("{describe}&PageSize=1&Marker={}", first.get("NextMarker"));
    assert_eq!(elb(&world, &rest).await.ok().all("CertificateArn"), [SECOND]);
    elb(&world, &of("RemoveListenerCertificates", SECOND)).await.ok();
    assert_eq!(elb(&world, &describe).await.ok().all("CertificateArn"), [CERTIFICATE]);

    let modify = format!("ModifyListener&ListenerArn={arn}&Protocol=TCP");
    let plain = elb(&world, &modify).await.ok();
    assert!(!plain.body.contains("SslPolicy"), "{}", plain.body);
    let policy = "&SslPolicy=ELBSecurityPolicy-TLS13-1-3-2021-06";
    let refused = elb(&world, &format!("{modify}{policy}")).await;
    assert_eq!(refused.refusal(), (400, "InvalidConfigurationRequest"));
}

#[tokio::test]
async fn policies_say_what_is_spoken() {
    let world = world().await;
    let all = elb(&world, "DescribeSSLPolicies").await.ok();
    assert!(!all.body.contains("TLSv1.1"));
    let newest = "DescribeSSLPolicies&Names.member.1=ELBSecurityPolicy-TLS13-1-3-2021-06";
    let newest = elb(&world, newest).await.ok();
    assert!(newest.body.contains("<SslProtocols><member>TLSv1.3</member></SslProtocols>"));
    assert_eq!(newest.all("Priority"), ["1", "2", "3"]);
    let none = elb(&world, "DescribeSSLPolicies&Names.member.1=none").await;
    assert_eq!(none.refusal(), (400, "SSLPolicyNotFound"));
    let of_others = elb(&world, "DescribeSSLPolicies&LoadBalancerType=application").await.ok();
    assert!(of_others.all("Priority").is_empty());
}

#[tokio::test]
async fn a_tcp_and_a_udp_listener_share_a_port() {
    let world = world().await;
    let udp = group(&world, "udp", "UDP").await;
    let both = group(&world, "both", "TCP_UDP").await;
    elb(&world, &listener(&world, 53, "TCP", &world.target_group)).await.ok();
    let refused = elb(&world, &listener(&world, 53, "TCP_UDP", &both)).await;
    assert_eq!(refused.refusal(), (400, "DuplicateListener"));
    elb(&world, &listener(&world, 53, "UDP", &udp)).await.ok();
    elb(&world, &listener(&world, 54, "TCP_UDP", &both)).await.ok();
    let refused = elb(&world, &listener(&world, 54, "UDP", &udp)).await;
    assert_eq!(refused.refusal(), (400, "DuplicateListener"));
}

#[tokio::test]
async fn health_checks_speak_http() {
    let world = world().await;
    let vpc = &world.provider_vpc;
    let form = |name: &str, more: &str| {
        format!(
            "CreateTargetGroup&Name={name}&Protocol=UDP&Port=53&TargetType=ip&VpcId={vpc}\
             &HealthCheckProtocol={more}"
        )
    };
    let plain = elb(&world, &form("plain", "HTTP")).await.ok();
    assert_eq!(plain.get("HealthCheckPath"), "/");
    assert_eq!(plain.get("HttpCode"), "200-399");
    assert_eq!(plain.get("HealthCheckTimeoutSeconds"), "6");
    let more = "HTTPS&HealthCheckPath=/up%3Ffull=1&Matcher.HttpCode=200%2C500-599";
    let own = elb(&world, &form("own", more)).await.ok();
    assert_eq!(own.get("HealthCheckPath"), "/up?full=1");
    assert_eq!(own.get("HttpCode"), "200,500-599");
    assert_eq!(own.get("HealthCheckTimeoutSeconds"), "10");
    for (more, code) in [
        ("UDP", "InvalidConfigurationRequest"),
        ("GOPHER", "InvalidParameterValue"),
        ("HTTP&HealthCheckPath=up", "ValidationError"),
        ("HTTP&HealthCheckPath=/a%0d%0aX:b", "ValidationError"),
        ("HTTP&Matcher.HttpCode=199", "ValidationError"),
        ("HTTP&Matcher.HttpCode=600", "ValidationError"),
        ("HTTP&Matcher.GrpcCode=0", "UnsupportedOperation"),
        ("TCP&HealthCheckPath=/", "InvalidConfigurationRequest"),
        ("TCP&HealthCheckEnabled=false", "InvalidConfigurationRequest"),
        ("TCP&HealthCheckTimeoutSeconds=121", "InvalidConfigurationRequest"),
    ] {
        assert_eq!(elb(&world, &form("bad", more)).await.refusal(), (400, code), "{more}");
    }
    let arn = own.get("TargetGroupArn");
    let modify = format!("ModifyTargetGroup&TargetGroupArn={arn}&HealthCheckProtocol=TCP");
    let tcp = elb(&world, &modify).await.ok();
    assert!(!tcp.body.contains("Matcher"), "{}", tcp.body);
}

#[tokio::test]
async fn attributes_are_those_of_the_protocol() {
    let world = world().await;
    let udp = group(&world, "udp", "UDP").await;
    let all = |arn: &str| format!("DescribeTargetGroupAttributes&TargetGroupArn={arn}");
    let of_udp = elb(&world, &all(&udp)).await.ok();
    let of_tcp = elb(&world, &all(&world.target_group)).await.ok();
    for (key, tcp, udp) in [
        ("deregistration_delay.timeout_seconds", "300", "300"),
        ("deregistration_delay.connection_termination.enabled", "false", "true"),
        ("preserve_client_ip.enabled", "false", "true"),
        ("target_health_state.unhealthy.connection_termination.enabled", "true", "false"),
        ("target_health_state.unhealthy.draining_interval_seconds", "0", "0"),
        ("proxy_protocol_v2.enabled", "false", "false"),
        ("stickiness.enabled", "false", "false"),
        ("stickiness.type", "source_ip", "source_ip"),
        ("load_balancing.algorithm.type", "flow_hash", "flow_hash"),
        ("slow_start.duration_seconds", "0", "0"),
        ("postern.outlier_detection.enabled", "false", "false"),
        ("postern.proxy_protocol_v2.endpoint_field", "aws", "aws"),
        ("postern.proxy_protocol_v2.unique_id.enabled", "false", "false"),
        ("postern.proxy_protocol_v2.authority.enabled", "false", "false"),
    ] {
        assert_eq!((attribute(&of_tcp, key), attribute(&of_udp, key)), (Some(tcp), Some(udp)));
    }
    let refused = [
        (&udp, "preserve_client_ip.enabled", "false"),
        (&udp, "target_health_state.unhealthy.connection_termination.enabled", "true"),
        (&udp, "postern.outlier_detection.enabled", "true"),
        (&world.target_group, "target_health_state.unhealthy.draining_interval_seconds", "5"),
        (&world.target_group, "slow_start.duration_seconds", "29"),
        (&world.target_group, "load_balancing.algorithm.type", "round_robin"),
        (&world.target_group, "postern.proxy_protocol_v2.endpoint_field", "oci"),
    ];
    for (arn, key, value) in refused {
        let form = format!(
            "ModifyTargetGroupAttributes&TargetGroupArn={arn}\
             &Attributes.member.1.Key={key}&Attributes.member.1.Value={value}"
        );
        let refusal = elb(&world, &form).await;
        assert_eq!(refusal.refusal(), (400, "InvalidConfigurationRequest"), "{key}={value}");
    }
    let set = |n: usize, key: &str, value: &str| {
        format!("&Attributes.member.{n}.Key={key}&Attributes.member.{n}.Value={value}")
    };
    let form = format!("ModifyListenerAttributes&ListenerArn={}", world.listener)
        + &set(1, "postern.proxy_protocol_v2.enabled", "true")
        + &set(2, "tcp.idle_timeout.seconds", "60");
    let listed = elb(&world, &form).await.ok();
    assert_eq!(attribute(&listed, "postern.proxy_protocol_v2.enabled"), Some("true"));
    let made = elb(&world, &listener(&world, 53, "UDP", &udp)).await.ok().get("ListenerArn");
    let form = format!("ModifyListenerAttributes&ListenerArn={made}");
    let refused = elb(&world, &(form + &set(1, "tcp.idle_timeout.seconds", "60"))).await;
    assert_eq!(refused.refusal(), (400, "InvalidConfigurationRequest"));
}

#[tokio::test]
async fn targets_are_named_as_their_groups_type_says() {
    let world = world().await;
    let vpc = &world.provider_vpc;
    let create = |name: &str, more: &str| {
        format!("CreateTargetGroup&Name={name}&Protocol=TCP&Port=80&VpcId={vpc}{more}")
    };
    let hosts = elb(&world, &create("hosts", "")).await.ok();
    assert_eq!(hosts.get("TargetType"), "instance");
    let alb = elb(&world, &create("alb", "&TargetType=alb")).await.ok();
    assert_eq!((&*alb.get("TargetType"), &*alb.get("HealthCheckProtocol")), ("alb", "HTTP"));
    let refused = elb(&world, &create("fn", "&TargetType=lambda")).await;
    assert_eq!(refused.refusal(), (400, "InvalidConfigurationRequest"));
    let (hosts, alb) = (hosts.get("TargetGroupArn"), alb.get("TargetGroupArn"));
    let targets = |action: &str, group: &str, id: &str| {
        format!("{action}&TargetGroupArn={group}&Targets.member.1.Id={id}")
    };
    for (group, id, code) in [
        (&world.target_group, "i-0123456789abcdef0", "ValidationError"),
        (&hosts, "10.0.1.77", "ValidationError"),
        (&hosts, "i-0", "InvalidTarget"),
        (&alb, "i-0", "InvalidTarget"),
        (&alb, &format!("{ALB}&Targets.member.1.Port=81"), "InvalidTarget"),
        (&hosts, "i-0&Targets.member.1.AvailabilityZone=us-east-1a", "ValidationError"),
        (&world.target_group, "10.0.1.5&Targets.member.1.QuicServerId=0x0", "UnsupportedOperation"),
    ] {
        let refused = elb(&world, &targets("RegisterTargets", group, id)).await;
        assert_eq!(refused.refusal(), (400, code), "{id}");
    }
    for (group, id) in [(&hosts, "i-0123456789abcdef0"), (&alb, ALB)] {
        elb(&world, &targets("RegisterTargets", group, id)).await.ok();
        let described = elb(&world, &targets("DescribeTargetHealth", group, id)).await.ok();
        assert_eq!(described.get("Id"), id);
        assert_eq!(described.get("Reason"), "Target.NotInUse");
    }
    let other = elb(&world, &targets("RegisterTargets", &alb, "10.0.1.79")).await;
    assert_eq!(other.refusal(), (400, "TooManyTargets"));
    let fixed = "&Attributes.member.1.Key=proxy_protocol_v2.enabled&Attributes.member.1.Value=true";
    let form = format!("ModifyTargetGroupAttributes&TargetGroupArn={alb}{fixed}");
    let refused = elb(&world, &form).await;
    assert_eq!(refused.refusal(), (400, "InvalidConfigurationRequest"));
    elb(&world, &targets("DeregisterTargets", &hosts, "i-0123456789abcdef0")).await.ok();
    let listed = elb(&world, &format!("DescribeTargetHealth&TargetGroupArn={hosts}")).await.ok();
    assert_eq!(listed.get("Reason"), "Target.DeregistrationInProgress");
    let none = targets("DescribeTargetHealth", &hosts, "i-9&Include.member.1=All");
    assert_eq!(elb(&world, &none).await.ok().get("Reason"), "Target.NotRegistered");
    let wrong = targets("DescribeTargetHealth", &hosts, "i-9&Include.member.1=Nothing");
    assert_eq!(elb(&world, &wrong).await.refusal(), (400, "InvalidParameterValue"));
}

#[tokio::test]
async fn a_target_in_a_zone_that_is_not_enabled_is_unused() {
    let world = world().await;
    let vpc = &world.provider_vpc;
    let form = format!(
        "Action=CreateSubnet&VpcId={vpc}&CidrBlock=10.0.3.0/24&AvailabilityZone=us-east-1c"
    );
    world.provider(&form).await.ok();
    let group = &world.target_group;
    elb(&world, &format!("RegisterTargets&TargetGroupArn={group}&Targets.member.1.Id=10.0.3.9"))
        .await
        .ok();
    let form = format!("DescribeTargetHealth&TargetGroupArn={group}&Targets.member.1.Id=10.0.3.9");
    assert_eq!(elb(&world, &form).await.ok().get("Reason"), "Target.NotInUse");
}

#[tokio::test]
async fn subnets_and_limits_of_a_load_balancer() {
    let world = world().await;
    let limits = elb(&world, "DescribeAccountLimits").await.ok();
    let at = limits.all("Name").iter().position(|it| *it == "listeners-per-network-load-balancer");
    assert_eq!(limits.all("Max")[at.unwrap()], "50");
    let first = elb(&world, "DescribeAccountLimits&PageSize=2").await.ok();
    assert_eq!(first.all("Name").len(), 2);
    let balancer = &world.load_balancer;
    let form = format!("SetSubnets&LoadBalancerArn={balancer}&Subnets.member.1=");
    let refused = elb(&world, &format!("{form}{}", world.provider_subnet)).await;
    assert_eq!(refused.refusal(), (400, "ResourceInUse"));
    let refused = elb(&world, &format!("{form}subnet-00000000000000001")).await;
    assert_eq!(refused.refusal(), (400, "SubnetNotFound"));
    let made = elb(
        &world,
        &format!(
            "CreateLoadBalancer&Name=two&Type=network&Subnets.member.1={}",
            world.provider_subnet
        ),
    )
    .await
    .ok()
    .get("LoadBalancerArn");
    let form =
        format!("SetSubnets&LoadBalancerArn={made}&Subnets.member.1={}", world.provider_subnet);
    let set = elb(&world, &format!("{form}&IpAddressType=ipv4")).await.ok();
    assert_eq!(set.all("SubnetId"), [&*world.provider_subnet]);
    assert_eq!(set.get("IpAddressType"), "ipv4");
    let secondary = |count: u8| {
        format!(
            "ModifyLoadBalancerAttributes&LoadBalancerArn={made}\
             &Attributes.member.1.Key=secondary_ips.auto_assigned.per_subnet\
             &Attributes.member.1.Value={count}"
        )
    };
    elb(&world, &secondary(3)).await.ok();
    let refused = elb(&world, &secondary(2)).await;
    assert_eq!(refused.refusal(), (400, "InvalidConfigurationRequest"));
}

#[tokio::test]
async fn limits_of_endpoints_are_tags_of_their_service() {
    let world = world().await;
    let tag = |key: &str, value: &str| {
        format!(
            "Action=CreateTags&ResourceId.1={}&Tag.1.Key={key}&Tag.1.Value={value}",
            world.service
        )
    };
    let refused = world.provider(&tag("postern:endpoint-connections", "many")).await;
    assert_eq!(refused.refusal().0, 400);
    world.provider(&tag("postern:endpoint-connections", "100")).await.ok();
}
