//! The ends of every range that load balancers, listeners and target groups have, and the pages and
//! errors of what describes them.

use crate::{
    rig::{Answer, ELB, PROVIDER},
    workflow::World,
};

async fn elb(world: &World, form: &str) -> Answer {
    world.rig.call(PROVIDER, ELB, &format!("Action={form}")).await
}

#[tokio::test]
async fn values_within_are_taken_and_those_beside_are_not() {
    const DNS: &str = "target_group_health.dns_failover.minimum_healthy_targets";
    const ROUTING: &str = "target_group_health.unhealthy_state_routing.minimum_healthy_targets";
    let world = World::build().await;
    let of_group = format!("ModifyTargetGroupAttributes&TargetGroupArn={}", world.target_group);
    let of_listener = format!("ModifyListenerAttributes&ListenerArn={}", world.listener);
    let of_balancer =
        format!("ModifyLoadBalancerAttributes&LoadBalancerArn={}", world.load_balancer);
    let boolean: [&str; 3] = ["true", "false", "yes"];
    for (form, key, [low, high, beside]) in [
        (&of_group, "deregistration_delay.timeout_seconds", ["0", "3600", "3601"]),
        (&of_group, "deregistration_delay.connection_termination.enabled", boolean),
        (&of_group, "preserve_client_ip.enabled", boolean),
        (&of_group, "proxy_protocol_v2.enabled", boolean),
        (&of_group, "stickiness.type", ["source_ip", "source_ip", "lb_cookie"]),
        (&of_group, "stickiness.enabled", boolean),
        (
            &of_group,
            "load_balancing.cross_zone.enabled",
            ["true", "use_load_balancer_configuration", "off"],
        ),
        (&of_group, &format!("{DNS}.count"), ["1000", "off", "0"]),
        (&of_group, &format!("{DNS}.percentage"), ["100", "off", "101"]),
        (&of_group, &format!("{ROUTING}.count"), ["1000", "1", "off"]),
        (&of_group, &format!("{ROUTING}.percentage"), ["100", "off", "0"]),
        (
            &of_group,
            "target_health_state.unhealthy.connection_termination.enabled",
            ["true", "false", "1"],
        ),
        (
            &of_group,
            "target_health_state.unhealthy.draining_interval_seconds",
            ["0", "360000", "360001"],
        ),
        (&of_group, "slow_start.duration_seconds", ["30", "900", "901"]),
        (&of_listener, "tcp.idle_timeout.seconds", ["60", "6000", "59"]),
        (&of_balancer, "secondary_ips.auto_assigned.per_subnet", ["0", "7", "8"]),
        (&of_balancer, "load_balancing.cross_zone.enabled", boolean),
        (&of_balancer, "zonal_shift.config.enabled", boolean),
        (&of_balancer, "deletion_protection.enabled", boolean),
        (&of_balancer, "ipv6.deny_all_igw_traffic", boolean),
        (
            &of_balancer,
            "dns_record.client_routing_policy",
            ["partial_availability_zone_affinity", "availability_zone_affinity", "nearest"],
        ),
    ] {
        let set = async |value: &str| {
            let attribute =
                format!("Attributes.member.1.Key={key}&Attributes.member.1.Value={value}");
            elb(&world, &format!("{form}&{attribute}")).await
        };
        for value in [low, high] {
            assert_eq!(set(value).await.status, 200, "{key}={value}");
        }
        let refused = set(beside).await;
        assert_eq!(refused.refusal(), (400, "InvalidConfigurationRequest"), "{key}={beside}");
    }
}

#[tokio::test]
async fn settings_of_health_checks_have_ranges() {
    let world = World::build().await;
    let of_check = format!("ModifyTargetGroup&TargetGroupArn={}", world.target_group);
    for (member, [low, high, below, above]) in [
        ("HealthCheckTimeoutSeconds", ["2", "5", "1", "121"]),
        ("HealthCheckIntervalSeconds", ["5", "300", "4", "301"]),
        ("HealthyThresholdCount", ["2", "10", "1", "11"]),
        ("UnhealthyThresholdCount", ["2", "10", "1", "11"]),
        ("HealthCheckPort", ["1", "traffic-port", "0", "65536"]),
    ] {
        for value in [low, high] {
            let answer = elb(&world, &format!("{of_check}&{member}={value}")).await;
            assert_eq!(answer.status, 200, "{member}={value}: {}", answer.body);
        }
        for value in [below, above] {
            let answer = elb(&world, &format!("{of_check}&{member}={value}")).await;
            assert_eq!(answer.status, 400, "{member}={value}");
        }
    }
}

#[tokio::test]
async fn descriptions_have_names_pages_and_errors() {
    let world = World::build().await;
    for name in ["a", "b"] {
        let of = format!("TargetType=ip&Protocol=TCP&Port=80&VpcId={}", world.provider_vpc);
        elb(&world, &format!("CreateTargetGroup&Name={name}&{of}")).await.ok();
    }
    let named = elb(&world, "DescribeTargetGroups&Names.member.1=b&Names.member.2=a").await.ok();
    assert_eq!(named.all("TargetGroupName").len(), 2);
    let used = format!("DescribeTargetGroups&LoadBalancerArn={}", world.load_balancer);
    assert_eq!(elb(&world, &used).await.ok().all("TargetGroupArn"), [&world.target_group]);
    let (mut seen, mut marker) = (Vec::new(), String::new());
    for page in 1..=3 {
        let form = format!("DescribeTargetGroups&PageSize=1{marker}");
        let answer = elb(&world, &form).await.ok();
        seen.push(answer.get("TargetGroupArn"));
        match answer.text("NextMarker") {
            Some(next) => marker = format!("&Marker={next}"),
            None => assert_eq!(page, 3),
        }
    }
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), 3);

    let gone = |kind: &str| {
        format!("arn:aws:elasticloadbalancing:us-east-1:111111111111:{kind}/0123456789abcdef")
    };
    let (balancer, group) = (gone("loadbalancer/net/x"), gone("targetgroup/x"));
    let listener = gone("listener/net/x/0123456789abcdef");
    for (form, code) in [
        ("DescribeLoadBalancers&Names.member.1=x".to_owned(), "LoadBalancerNotFound"),
        (
            format!("DescribeLoadBalancers&LoadBalancerArns.member.1={balancer}"),
            "LoadBalancerNotFound",
        ),
        (format!("DescribeListeners&LoadBalancerArn={balancer}"), "LoadBalancerNotFound"),
        (format!("DescribeListeners&ListenerArns.member.1={listener}"), "ListenerNotFound"),
        (format!("DescribeListenerAttributes&ListenerArn={listener}"), "ListenerNotFound"),
        ("DescribeTargetGroups&Names.member.1=x".to_owned(), "TargetGroupNotFound"),
        (format!("DescribeTargetGroups&TargetGroupArns.member.1={group}"), "TargetGroupNotFound"),
        (format!("DescribeTargetHealth&TargetGroupArn={group}"), "TargetGroupNotFound"),
        (format!("DescribeTags&ResourceArns.member.1={group}"), "TargetGroupNotFound"),
    ] {
        assert_eq!(elb(&world, &form).await.refusal(), (400, code), "{form}");
    }
}
