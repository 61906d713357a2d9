//! A service with an endpoint in two zones, built through the API by signed calls.

use std::{net::IpAddr, time::Duration};

use crate::{
    Api, LoopbackNet, Postern,
    api::Answer,
    postern::{CONSUMER, PROVIDER},
    tool, wait_for, wait_until,
};

/// The port that clients dial.
pub const PORT: u16 = 8080;
/// The zones of every topology.
pub const ZONES: [&str; 2] = ["us-east-1a", "us-east-1b"];
/// Where clients on this machine come from. None of it is in a consumer's VPC; the default security
/// group admits it all the same.
const LOOPBACK: &str = "127.0.0.0/8";
const PATIENCE: Duration = Duration::from_secs(10);

/// What was built, by id.
#[derive(Debug)]
pub struct Topology {
    /// The consumer's network.
    pub net: LoopbackNet,
    /// Target group of the one listener.
    pub target_group: String,
    /// The load balancer's ARN.
    pub load_balancer: String,
    /// The endpoint service's id.
    pub service: String,
    /// The endpoint's id.
    pub endpoint: String,
    /// The security group that the endpoint carries at first: its VPC's default one.
    pub security_group: String,
    /// The consumer's VPC.
    pub vpc: String,
    /// The endpoint's Regional name.
    pub regional_name: String,
    provider: Api,
    consumer: Api,
}

/// How a topology differs from the usual one.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Whether targets get a PROXY protocol header.
    pub proxy_protocol: bool,
    /// Seconds from one probe to the next, 5 to 300.
    pub probe_interval: u16,
}

impl Default for Options {
    fn default() -> Self {
        Self { proxy_protocol: true, probe_interval: 5 }
    }
}

impl Topology {
    /// Builds it with these targets (address, port, zone) and waits until it is available.
    pub fn build(postern: &Postern, targets: &[(String, &str)], options: Options) -> Self {
        let (provider, consumer) = (postern.api(PROVIDER), postern.api(CONSUMER));
        let net = LoopbackNet::claim();
        let (provider_vpc, provider_subnets) =
            network(&provider, "10.1.0.0/16", |n| format!("10.1.{n}.0/24"));
        let load_balancer = load_balancer(&provider, &provider_subnets);
        let target_group = target_group(&provider, &provider_vpc, options);
        register(&provider, &target_group, targets);
        listener(&provider, &load_balancer, &target_group);
        let service = service(&provider, &load_balancer);
        let (vpc, subnets) = network(&consumer, &net.cidr(), |n| net.subnet(n));
        let security_group = default_group(&consumer, &vpc);
        let name = format!("com.amazonaws.vpce.us-east-1.{service}");
        let created = ok(consumer.ec2(
            "CreateVpcEndpoint",
            &[
                ("VpcEndpointType", "Interface"),
                ("VpcId", &vpc),
                ("ServiceName", &name),
                ("SubnetId.1", &subnets[0]),
                ("SubnetId.2", &subnets[1]),
            ],
        ));
        let endpoint = created.text("vpcEndpointId").unwrap();
        let regional_name = created.text("dnsName").unwrap();
        let built = Self {
            net,
            target_group,
            load_balancer,
            service,
            endpoint,
            security_group,
            vpc,
            regional_name,
            provider,
            consumer,
        };
        built.accept();
        built.wait_state("available");
        built
    }

    /// The consumer lets in its own network alone, by a group in place of the default one. Gives
    /// the new group.
    pub fn bar_strangers(&self) -> String {
        let create = [
            ("VpcId", self.vpc.as_str()),
            ("GroupName", "own network"),
            ("GroupDescription", "clients"),
        ];
        let group = ok(self.consumer.ec2("CreateSecurityGroup", &create)).text("groupId").unwrap();
        admit(&self.consumer, &group, &self.net.cidr());
        let swap = [
            ("VpcEndpointId", self.endpoint.as_str()),
            ("AddSecurityGroupId.1", &group),
            ("RemoveSecurityGroupId.1", &self.security_group),
        ];
        ok(self.consumer.ec2("ModifyVpcEndpoint", &swap));
        group
    }

    /// The consumer lets clients of this machine in by a group.
    pub fn admit(&self, group: &str) {
        admit(&self.consumer, group, LOOPBACK);
    }

    /// The provider accepts the endpoint.
    pub fn accept(&self) {
        self.decide("AcceptVpcEndpointConnections");
    }

    /// The provider rejects the endpoint.
    pub fn reject(&self) {
        self.decide("RejectVpcEndpointConnections");
    }

    /// The consumer deletes the endpoint.
    pub fn delete_endpoint(&self) {
        ok(self.consumer.ec2("DeleteVpcEndpoints", &[("VpcEndpointId.1", &self.endpoint)]));
    }

    /// The endpoint's state as its owner sees it.
    pub fn state(&self) -> String {
        let answer =
            self.consumer.ec2("DescribeVpcEndpoints", &[("VpcEndpointId.1", &self.endpoint)]);
        answer.map_or_else(|error| error.code, |answer| answer.text("state").unwrap_or_default())
    }

    /// Waits until the endpoint is in a state.
    pub fn wait_state(&self, state: &str) {
        wait_until(PATIENCE, &format!("the endpoint to be {state}"), || self.state() == state);
    }

    /// Waits until this many targets are healthy.
    pub fn wait_healthy(&self, count: usize, within: Duration) -> Duration {
        wait_until(within, &format!("{count} healthy targets"), || {
            let members = [("TargetGroupArn", self.target_group.as_str())];
            let answer = ok(self.provider.elb("DescribeTargetHealth", &members));
            answer.texts("State").iter().filter(|state| *state == "healthy").count() == count
        })
    }

    /// Waits until a deregistered target has drained.
    pub fn wait_gone(&self, target: std::net::SocketAddr, within: Duration) {
        wait_until(within, &format!("{target} to be gone"), || {
            let members = [("TargetGroupArn", self.target_group.as_str())];
            let answer = ok(self.provider.elb("DescribeTargetHealth", &members));
            !answer.body.contains(&format!("<Id>{}</Id>", target.ip()))
        });
    }

    /// Takes a target out of the group.
    pub fn deregister(&self, target: std::net::SocketAddr) {
        let (ip, port) = (target.ip().to_string(), target.port().to_string());
        let members = [
            ("TargetGroupArn", self.target_group.as_str()),
            ("Targets.member.1.Id", &ip),
            ("Targets.member.1.Port", &port),
        ];
        ok(self.provider.elb("DeregisterTargets", &members));
    }

    /// The endpoint's addresses, zone a first, by its zonal names.
    pub fn addresses(&self, postern: &Postern) -> [IpAddr; 2] {
        ZONES.map(|zone| {
            let name = self.zonal_name(zone);
            let dns = postern.listening().dns;
            wait_for(PATIENCE, "the zonal name", || tool::resolve(dns, &name).first().copied()).0
        })
    }

    /// A zonal name.
    pub fn zonal_name(&self, zone: &str) -> String {
        let (first, rest) = self.regional_name.split_once('.').unwrap();
        format!("{first}-{zone}.{rest}")
    }

    fn decide(&self, action: &str) {
        let members =
            [("ServiceId", self.service.as_str()), ("VpcEndpointId.1", self.endpoint.as_str())];
        let answer = ok(self.provider.ec2(action, &members));
        assert_eq!(answer.text("code"), None, "{action}: {}", answer.body);
    }
}

fn ok(result: Result<Answer, crate::ApiError>) -> Answer {
    result.unwrap_or_else(|error| panic!("the API refused: {error}"))
}

fn network(api: &Api, cidr: &str, subnet: impl Fn(u8) -> String) -> (String, [String; 2]) {
    let vpc = ok(api.ec2("CreateVpc", &[("CidrBlock", cidr)])).text("vpcId").unwrap();
    let subnets = [(1, ZONES[0]), (2, ZONES[1])].map(|(n, zone)| {
        let cidr = subnet(n);
        let members = [("VpcId", vpc.as_str()), ("CidrBlock", &cidr), ("AvailabilityZone", zone)];
        ok(api.ec2("CreateSubnet", &members)).text("subnetId").unwrap()
    });
    (vpc, subnets)
}

fn default_group(api: &Api, vpc: &str) -> String {
    let members = [("Filter.1.Name", "vpc-id"), ("Filter.1.Value.1", vpc)];
    ok(api.ec2("DescribeSecurityGroups", &members)).text("groupId").unwrap()
}

/// Lets all addresses of a network in, on all ports.
fn admit(api: &Api, group: &str, network: &str) {
    ok(api.ec2("AuthorizeSecurityGroupIngress", &rule(group, network)));
}

fn rule<'a>(group: &'a str, network: &'a str) -> [(&'a str, &'a str); 3] {
    [
        ("GroupId", group),
        ("IpPermissions.1.IpProtocol", "-1"),
        ("IpPermissions.1.IpRanges.1.CidrIp", network),
    ]
}

fn load_balancer(api: &Api, subnets: &[String; 2]) -> String {
    let members = [
        ("Name", "front"),
        ("Type", "network"),
        ("Scheme", "internal"),
        ("Subnets.member.1", subnets[0].as_str()),
        ("Subnets.member.2", subnets[1].as_str()),
    ];
    ok(api.elb("CreateLoadBalancer", &members)).text("LoadBalancerArn").unwrap()
}

fn target_group(api: &Api, vpc: &str, options: Options) -> String {
    let interval = options.probe_interval.to_string();
    let members = [
        ("Name", "group"),
        ("Protocol", "TCP"),
        ("Port", "80"),
        ("TargetType", "ip"),
        ("VpcId", vpc),
        ("HealthCheckIntervalSeconds", &interval),
        ("HealthCheckTimeoutSeconds", "2"),
        ("HealthyThresholdCount", "2"),
        ("UnhealthyThresholdCount", "2"),
    ];
    let arn = ok(api.elb("CreateTargetGroup", &members)).text("TargetGroupArn").unwrap();
    let members = [
        ("TargetGroupArn", arn.as_str()),
        ("Attributes.member.1.Key", "proxy_protocol_v2.enabled"),
        ("Attributes.member.1.Value", if options.proxy_protocol { "true" } else { "false" }),
    ];
    ok(api.elb("ModifyTargetGroupAttributes", &members));
    arn
}

fn register(api: &Api, group: &str, targets: &[(String, &str)]) {
    let mut members = vec![("TargetGroupArn".to_owned(), group.to_owned())];
    for (index, (addr, zone)) in targets.iter().enumerate() {
        let (ip, port) = addr.rsplit_once(':').unwrap();
        let prefix = format!("Targets.member.{}", index + 1);
        members.push((format!("{prefix}.Id"), ip.to_owned()));
        members.push((format!("{prefix}.Port"), port.to_owned()));
        members.push((format!("{prefix}.AvailabilityZone"), (*zone).to_owned()));
    }
    let members: Vec<_> = members.iter().map(|(name, value)| (&**name, &**value)).collect();
    ok(api.elb("RegisterTargets", &members));
}

fn listener(api: &Api, load_balancer: &str, group: &str) {
    let port = PORT.to_string();
    let members = [
        ("LoadBalancerArn", load_balancer),
        ("Protocol", "TCP"),
        ("Port", &port),
        ("DefaultActions.member.1.Type", "forward"),
        ("DefaultActions.member.1.TargetGroupArn", group),
    ];
    ok(api.elb("CreateListener", &members));
}

fn service(api: &Api, load_balancer: &str) -> String {
    let members = [("NetworkLoadBalancerArn.1", load_balancer), ("AcceptanceRequired", "true")];
    let answer = ok(api.ec2("CreateVpcEndpointServiceConfiguration", &members));
    let service = answer.text("serviceId").unwrap();
    let principal = format!("arn:aws:iam::{}:root", CONSUMER.account);
    let members = [("ServiceId", service.as_str()), ("AddAllowedPrincipals.1", &principal)];
    ok(api.ec2("ModifyVpcEndpointServicePermissions", &members));
    service
}
