//! What each operation is asked with, and what the owner and the other account get.

use super::{Given, network::network};
use crate::{
    rig::{ELB, SHIFT, STS},
    workflow::World,
};

/// A notification that nobody has.
const NO_NOTIFICATION: &str = "vpce-nfn-00000000000000001";

/// Whose account has what is named.
pub(super) enum Owner {
    Provider,
    Consumer,
}

/// What the other account gets.
pub(super) enum Other {
    /// This code, as of something that does not exist.
    Code(&'static str),
    /// A list that does not hold this, as the owner's does.
    Hidden(String),
    /// Success in its own account: nothing of the owner's is named.
    Same,
}

/// What an operation is asked with.
pub(super) struct Form {
    pub(super) owner: Owner,
    /// All members but the action.
    pub(super) text: String,
    /// The code that whoever may ask gets, if it is no success: what is in use stays.
    pub(super) allowed: Option<&'static str>,
    pub(super) other: Other,
}

impl Form {
    pub(super) fn of(owner: Owner, text: String, other: Other) -> Self {
        Self { owner, text, allowed: None, other }
    }

    pub(super) fn getting(self, code: &'static str) -> Self {
        Self { allowed: Some(code), ..self }
    }
}

/// The form of an operation.
pub(super) fn form(world: &World, given: &Given, service: &str, operation: &str) -> Form {
    let form = match service {
        ELB => balancing(world, operation),
        STS => security(operation),
        SHIFT => shifting(world, operation),
        _ => ec2_provider(world, &given.endpoint, operation)
            .or_else(|| ec2_service(world, operation))
            .or_else(|| ec2_consumer(world, &given.endpoint, operation))
            .or_else(|| network(world, given, operation)),
    };
    form.unwrap_or_else(|| panic!("{operation} needs a row here"))
}

fn ec2_provider(world: &World, endpoint: &str, operation: &str) -> Option<Form> {
    let World { provider_vpc: vpc, provider_subnet: subnet, load_balancer, service, .. } = world;
    let of = |text: String, other| Form::of(Owner::Provider, text, other);
    let no_vpc = || Other::Code("InvalidVpcID.NotFound");
    let no_service = || Other::Code("InvalidVpcEndpointServiceId.NotFound");
    let no_notification = || Other::Code("InvalidConnectionNotification");
    let connection = || format!("&ServiceId={service}&VpcEndpointId.1={endpoint}");
    Some(match operation {
        "AcceptVpcEndpointConnections" | "RejectVpcEndpointConnections" => {
            of(connection(), no_service())
        }
        "CreateSubnet" => of(format!("&VpcId={vpc}&CidrBlock=10.0.9.0/24"), no_vpc()),
        "CreateTags" | "DeleteTags" => of(format!("&ResourceId.1={vpc}&Tag.1.Key=a"), no_vpc()),
        "CreateVpc" => of("&CidrBlock=10.0.0.0/16".into(), Other::Same),
        "CreateVpcEndpointConnectionNotification" => of(
            format!(
                "&ServiceId={service}&ConnectionEvents.1=Accept\
                 &ConnectionNotificationArn=arn:aws:sns:us-east-1:111111111111:topic"
            ),
            no_service(),
        ),
        "CreateVpcEndpointServiceConfiguration" => of(
            format!("&NetworkLoadBalancerArn.1={load_balancer}"),
            Other::Code("LoadBalancerNotFound"),
        )
        .getting("InvalidParameter"),
        "DeleteSubnet" => {
            of(format!("&SubnetId={subnet}"), Other::Code("InvalidSubnetID.NotFound"))
                .getting("DependencyViolation")
        }
        "DeleteVpc" => of(format!("&VpcId={vpc}"), no_vpc()).getting("DependencyViolation"),
        "DeleteVpcEndpointConnectionNotifications" => {
            of(format!("&ConnectionNotificationId.1={NO_NOTIFICATION}"), no_notification())
                .getting("InvalidConnectionNotification")
        }
        "DeleteVpcEndpointServiceConfigurations" => {
            of(format!("&ServiceId.1={service}"), Other::Code("InvalidVpcEndpointService.NotFound"))
                .getting("ExistingVpcEndpointConnections")
        }
        "DescribeAvailabilityZones"
        | "DescribeRegions"
        | "DescribeTags"
        | "DescribeVpcEndpointConnectionNotifications"
        | "DescribeVpcEndpointServices" => of(String::new(), Other::Same),
        "DescribeSubnets" => {
            of(format!("&SubnetId.1={subnet}"), Other::Code("InvalidSubnetID.NotFound"))
        }
        "DescribeVpcAttribute" => of(format!("&VpcId={vpc}&Attribute=enableDnsSupport"), no_vpc()),
        "DescribeVpcEndpointConnections" => of(String::new(), Other::Hidden(endpoint.into())),
        "DescribeVpcEndpointServiceConfigurations" => {
            of(format!("&ServiceId.1={service}"), no_service())
        }
        "DescribeVpcEndpointServicePermissions" | "ModifyVpcEndpointServiceConfiguration" => {
            of(format!("&ServiceId={service}"), no_service())
        }
        "DescribeVpcs" => of(format!("&VpcId.1={vpc}"), no_vpc()),
        "ModifyVpcAttribute" => of(format!("&VpcId={vpc}&EnableDnsSupport.Value=true"), no_vpc()),
        "ModifyVpcEndpointConnectionNotification" => {
            let events = "&ConnectionEvents.1=Delete";
            let text = format!("&ConnectionNotificationId={NO_NOTIFICATION}{events}");
            of(text, no_notification()).getting("InvalidConnectionNotification")
        }
        _ => return None,
    })
}

fn ec2_service(world: &World, operation: &str) -> Option<Form> {
    let service = &world.service;
    let of = |text: String, other| Form::of(Owner::Provider, text, other);
    let no_service = || Other::Code("InvalidVpcEndpointServiceId.NotFound");
    Some(match operation {
        "ModifyVpcEndpointServicePayerResponsibility" => {
            of(format!("&ServiceId={service}&PayerResponsibility=ServiceOwner"), no_service())
        }
        "ModifyVpcEndpointServicePermissions" => {
            of(format!("&ServiceId={service}&AddAllowedPrincipals.1=*"), no_service())
        }
        "StartVpcEndpointServicePrivateDnsVerification" => {
            of(format!("&ServiceId={service}"), no_service()).getting("InvalidParameter")
        }
        _ => return None,
    })
}

fn ec2_consumer(world: &World, endpoint: &str, operation: &str) -> Option<Form> {
    let World { consumer_vpc: vpc, consumer_subnets: [subnet, _], service, .. } = world;
    let of = |text: String, other| Form::of(Owner::Consumer, text, other);
    let none = || Other::Code("InvalidVpcEndpointId.NotFound");
    Some(match operation {
        "CreateVpcEndpoint" => of(
            format!(
                "&VpcEndpointType=Interface&VpcId={vpc}&SubnetId.1={subnet}\
                 &ServiceName=com.amazonaws.vpce.us-east-1.{service}"
            ),
            Other::Code("InvalidVpcID.NotFound"),
        ),
        "DeleteVpcEndpoints" => {
            let none = Other::Code("InvalidVpcEndpoint.NotFound");
            of(format!("&VpcEndpointId.1={endpoint}"), none)
        }
        "DescribeNetworkInterfaces" => of(String::new(), Other::Hidden(subnet.clone())),
        "DescribeVpcEndpoints" => of(format!("&VpcEndpointId.1={endpoint}"), none()),
        "ModifyVpcEndpointPayerResponsibility" => {
            let account = "&PayerResponsibility=vpc-endpoint-account&Scope=vpc-endpoint-charges";
            of(format!("&VpcEndpointId={endpoint}{account}"), none())
        }
        "ModifyVpcEndpoint" => {
            of(format!("&VpcEndpointId={endpoint}&RemoveSubnetId.1={subnet}"), none())
        }
        _ => return None,
    })
}

fn security(operation: &str) -> Option<Form> {
    let of = |text: &str, other| Form::of(Owner::Provider, text.to_owned(), other);
    Some(match operation {
        "AssumeRole" => of(
            "&RoleArn=arn:aws:iam::111111111111:role/role&RoleSessionName=session",
            Other::Code("AccessDenied"),
        ),
        "GetCallerIdentity" | "GetSessionToken" => of("", Other::Same),
        _ => return None,
    })
}

fn shifting(world: &World, operation: &str) -> Option<Form> {
    const NOT_FOUND: &str = "ResourceNotFoundException";
    let resource = format!("&resourceIdentifier={}", world.load_balancer);
    // Nothing is managed, and no shift is active.
    let of = |text: &str| {
        Form::of(Owner::Provider, text.to_owned(), Other::Code(NOT_FOUND)).getting(NOT_FOUND)
    };
    let shift = "&zonalShiftId=00000000-0000-0000-0000-000000000000";
    Some(match operation {
        "CancelZonalShift" => of(shift),
        "GetManagedResource" => of(&resource),
        "ListManagedResources" | "ListZonalShifts" => {
            Form::of(Owner::Provider, String::new(), Other::Same)
        }
        "StartZonalShift" => {
            of(&format!("{resource}&awayFrom=use1-az1&expiresIn=1h&comment=drill"))
        }
        "UpdateZonalShift" => of(&format!("{shift}&comment=other")),
        _ => return None,
    })
}

fn attribute(key: &str, value: &str) -> String {
    format!("&Attributes.member.1.Key={key}&Attributes.member.1.Value={value}")
}

fn balancing(world: &World, operation: &str) -> Option<Form> {
    let World { load_balancer, listener, target_group, .. } = world;
    let of = |text: String, code| Form::of(Owner::Provider, text, Other::Code(code));
    let group =
        |more: &str| of(format!("&TargetGroupArn={target_group}{more}"), "TargetGroupNotFound");
    let of_listener = |more: &str| of(format!("&ListenerArn={listener}{more}"), "ListenerNotFound");
    let balancer =
        |more: &str| of(format!("&LoadBalancerArn={load_balancer}{more}"), "LoadBalancerNotFound");
    let resource = |more: &str| {
        of(format!("&ResourceArns.member.1={target_group}{more}"), "TargetGroupNotFound")
    };
    let certificate = "&Certificates.member.1.CertificateArn=arn:aws:acm:r:1:certificate/none";
    Some(match operation {
        "AddListenerCertificates" => of_listener(certificate).getting("CertificateNotFound"),
        "RemoveListenerCertificates" => {
            of_listener(certificate).getting("InvalidConfigurationRequest")
        }
        "AddTags" => resource("&Tags.member.1.Key=a"),
        "CreateListener" => balancer(&format!(
            "&Protocol=TCP&Port=444&DefaultActions.member.1.Type=forward\
             &DefaultActions.member.1.TargetGroupArn={target_group}"
        )),
        "CreateLoadBalancer" => of(
            format!("&Name=two&Type=network&Subnets.member.1={}", world.provider_subnet),
            "SubnetNotFound",
        ),
        "CreateTargetGroup" => of(
            format!("&Name=two&Protocol=TCP&Port=80&TargetType=ip&VpcId={}", world.provider_vpc),
            "ValidationError",
        ),
        "DeleteListener" | "DescribeListenerAttributes" | "DescribeListenerCertificates" => {
            of_listener("")
        }
        "DescribeAccountLimits" | "DescribeSSLPolicies" => {
            Form::of(Owner::Provider, String::new(), Other::Same)
        }
        "DeleteLoadBalancer" => {
            // Deleting one that does not exist succeeds.
            Form { other: Other::Same, ..balancer("").getting("ResourceInUse") }
        }
        "DeleteTargetGroup" => group("").getting("ResourceInUse"),
        "DeregisterTargets" | "RegisterTargets" => group("&Targets.member.1.Id=10.0.1.9"),
        "DescribeCapacityReservation" | "DescribeListeners" | "DescribeLoadBalancerAttributes" => {
            balancer("")
        }
        "ModifyCapacityReservation" => balancer("&ResetCapacityReservation=true"),
        "DescribeLoadBalancers" => {
            of(format!("&LoadBalancerArns.member.1={load_balancer}"), "LoadBalancerNotFound")
        }
        "DescribeTags" => resource(""),
        "DescribeTargetGroupAttributes" | "DescribeTargetHealth" => group(""),
        "DescribeTargetGroups" => {
            of(format!("&TargetGroupArns.member.1={target_group}"), "TargetGroupNotFound")
        }
        "ModifyListener" => of_listener("&Port=445"),
        "ModifyListenerAttributes" => of_listener(&attribute("tcp.idle_timeout.seconds", "400")),
        "ModifyLoadBalancerAttributes" => {
            balancer(&attribute("load_balancing.cross_zone.enabled", "true"))
        }
        "ModifyTargetGroup" => group("&HealthCheckIntervalSeconds=20"),
        "ModifyTargetGroupAttributes" => {
            group(&attribute("deregistration_delay.timeout_seconds", "10"))
        }
        "RemoveTags" => resource("&TagKeys.member.1=a"),
        "SetIpAddressType" => balancer("&IpAddressType=ipv4"),
        "SetSecurityGroups" => balancer("&SecurityGroups.member.1=sg-00000000000000001")
            .getting("InvalidConfigurationRequest"),
        "SetSubnets" => balancer(&format!("&Subnets.member.1={}", world.provider_subnet))
            .getting("ResourceInUse"),
        _ => return None,
    })
}
