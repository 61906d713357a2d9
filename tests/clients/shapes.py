"""Every operation served answers in AWS's shape.

All of them are made to succeed, and every answer is read strictly (gateway.py, strict.py). AWS's own
examples, which come with the AWS CLI, say which members are always there: those that they print
must be in ours, but for MISSING, each with its reason.
"""

import importlib.util
import json
import pathlib
import re

from gateway import *

# What AWS's examples have and ours do not, and why.
OTHER_KINDS = "only resources of kinds that are not served have it"
PUBLIC = "there are no public addresses here"
UNNAMED = "the gateway gives interfaces no names"
EMPTY = "the list is empty here"
# Lists that are always empty here: there is nothing to compare.
EMPTY_LISTS = {"DescribeInternetGateways", "DescribeNetworkAcls", "DescribePrefixLists",
               "DescribeVpcEndpointAssociations"}
# Operations that always refuse: they are there for their answers.
REFUSING = {"DeleteNetworkInterface", "ModifyNetworkInterfaceAttribute"}
MISSING = {
    "AssociateVpcCidrBlock.Ipv6CidrBlockAssociation.NetworkBorderGroup": "a gateway is one group",
    "AuthorizeSecurityGroupIngress.SecurityGroupRules.PrefixListId": OTHER_KINDS,
    "CreateLoadBalancer.LoadBalancers.AvailabilityZones.LoadBalancerAddresses.AllocationId": PUBLIC,
    "CreateLoadBalancer.LoadBalancers.AvailabilityZones.LoadBalancerAddresses.IpAddress": PUBLIC,
    "CreateTargetGroup.TargetGroups.ProtocolVersion": OTHER_KINDS,
    "CreateVpc.Vpc.Ipv6CidrBlockAssociationSet.NetworkBorderGroup": "a gateway is one group",
    "CreateVpcEndpoint.VpcEndpoint.ResourceConfigurationArn": OTHER_KINDS,
    "CreateVpcEndpoint.VpcEndpoint.ServiceNetworkArn": OTHER_KINDS,
    "CreateVpcEndpointServiceConfiguration.ServiceConfiguration.GatewayLoadBalancerArns": OTHER_KINDS,
    "DescribeNetworkInterfaces.NetworkInterfaces.Association": PUBLIC,
    "DescribeNetworkInterfaces.NetworkInterfaces.Attachment.AttachTime": OTHER_KINDS,
    "DescribeNetworkInterfaces.NetworkInterfaces.Attachment.InstanceId": OTHER_KINDS,
    "DescribeNetworkInterfaces.NetworkInterfaces.PrivateDnsName": UNNAMED,
    "DescribeNetworkInterfaces.NetworkInterfaces.PrivateIpAddresses.Association": PUBLIC,
    "DescribeNetworkInterfaces.NetworkInterfaces.PrivateIpAddresses.PrivateDnsName": UNNAMED,
    "DescribeNetworkInterfaces.NetworkInterfaces.TagSet.Key": EMPTY,
    "DescribeNetworkInterfaces.NetworkInterfaces.TagSet.Value": EMPTY,
    "DescribeRouteTables.RouteTables.Routes.NatGatewayId": "no such route was made",
    "DescribeTargetGroups.TargetGroups.HealthCheckPath": OTHER_KINDS,
    "DescribeTargetGroups.TargetGroups.Matcher": OTHER_KINDS,
    "DescribeTargetGroups.TargetGroups.ProtocolVersion": OTHER_KINDS,
    "DescribeVpcEndpointConnectionNotifications.ConnectionNotificationSet.VpcEndpointId":
        "this notification is a service's",
    "DescribeVpcEndpointServiceConfigurations.ServiceConfigurations.GatewayLoadBalancerArns": OTHER_KINDS,
    "ModifyTargetGroup.TargetGroups.Matcher": OTHER_KINDS,
    "ModifyTargetGroup.TargetGroups.ProtocolVersion": OTHER_KINDS,
    "ModifyVpcEndpointServiceConfiguration.ReturnValue": "the model of today says Return",
}


def shift(w):
    """Every operation of zonal shift succeeds, in AWS's shape."""
    shifts = client(PROVIDER, "arc-zonal-shift")
    w.elb.modify_load_balancer_attributes(
        LoadBalancerArn=w.load_balancer,
        Attributes=[{"Key": "zonal_shift.config.enabled", "Value": "true"}])
    started = shifts.start_zonal_shift(
        resourceIdentifier=w.load_balancer, awayFrom="use1-az1", expiresIn="1h", comment="c")
    shifts.get_managed_resource(resourceIdentifier=w.load_balancer)
    assert list(shifts.get_paginator("list_managed_resources").paginate().search("items[].arn")) == [
        w.load_balancer]
    assert len(list(shifts.get_paginator("list_zonal_shifts").paginate().search("items"))) == 1
    shifts.update_zonal_shift(zonalShiftId=started["zonalShiftId"], expiresIn="2h")
    shifts.cancel_zonal_shift(zonalShiftId=started["zonalShiftId"])
    lacking = {"CancelZonalShift", "GetManagedResource", "ListManagedResources", "ListZonalShifts",
               "StartZonalShift", "UpdateZonalShift"} - {
        name for service, name in SUCCEEDED if service == "arc-zonal-shift"}
    assert not lacking, f"{lacking} never succeeded"


def run_all(w):
    """Makes every operation succeed once at least."""
    ec2, elb, consumer = w.provider, w.elb, w.consumer
    topic = f"arn:aws:sns:{REGION}:{PROVIDER}:t"
    tags = [{"Key": "k", "Value": "v"}]

    def tagged(kind):
        return {"TagSpecifications": [{"ResourceType": kind, "Tags": tags}]}

    def create_endpoint():
        return w.request(SecurityGroupIds=[of_endpoint], ClientToken="t", **tagged("vpc-endpoint"))

    of_endpoint = consumer.create_security_group(
        GroupName="e", Description="d", VpcId=w.vpc, **tagged("security-group"))["GroupId"]
    ec2.create_tags(Resources=[w.provider_vpc, w.service, *w.provider_subnets], Tags=tags)
    ec2.modify_vpc_attribute(VpcId=w.provider_vpc, EnableDnsHostnames={"Value": True})
    ec2.modify_vpc_endpoint_service_configuration(ServiceId=w.service, PrivateDnsName="x.example.com")
    ec2.start_vpc_endpoint_service_private_dns_verification(ServiceId=w.service)
    notification = ec2.create_vpc_endpoint_connection_notification(
        ServiceId=w.service, ConnectionNotificationArn=topic, ConnectionEvents=["Accept"], ClientToken="n",
    )["ConnectionNotification"]["ConnectionNotificationId"]
    ec2.modify_vpc_endpoint_connection_notification(
        ConnectionNotificationId=notification, ConnectionEvents=["Reject"])
    of_spare = ec2.create_security_group(
        GroupName="s", Description="d", VpcId=w.provider_vpc)["GroupId"]
    spare = elb.create_load_balancer(
        Name="spare", Type="network", Subnets=w.provider_subnets, SecurityGroups=[of_spare])
    spare = spare["LoadBalancers"][0]["LoadBalancerArn"]
    elb.set_security_groups(LoadBalancerArn=spare, SecurityGroups=[of_spare])
    other = ec2.create_vpc_endpoint_service_configuration(
        AcceptanceRequired=True, ClientToken="s", NetworkLoadBalancerArns=[spare],
        **tagged("vpc-endpoint-service"))["ServiceConfiguration"]["ServiceId"]

    endpoint = create_endpoint()
    waiting = w.request()
    w.accept(endpoint)
    ec2.reject_vpc_endpoint_connections(ServiceId=w.service, VpcEndpointIds=[waiting])
    wait("the answer to a connection", lambda: w.state(waiting) == "rejected")
    consumer.modify_vpc_endpoint(VpcEndpointId=endpoint, AddSecurityGroupIds=[
        consumer.create_security_group(GroupName="f", Description="d", VpcId=w.vpc)["GroupId"]])
    if "ModifyVpcEndpointServicePayerResponsibility" in SERVED["ec2"]:
        ec2.modify_vpc_endpoint_service_payer_responsibility(
            ServiceId=w.service, PayerResponsibility="ServiceOwner")
    if "ModifyVpcEndpointPayerResponsibility" in SERVED["ec2"]:
        consumer.modify_vpc_endpoint_payer_responsibility(
            VpcEndpointId=endpoint, PayerResponsibility="vpc-endpoint-account", Scope="vpc-endpoint-charges")
    failed = consumer.delete_vpc_endpoints(VpcEndpointIds=[waiting, "vpce-00000000000000000"])
    assert len(failed["Unsuccessful"]) == 1, failed

    group = ec2.create_security_group(
        GroupName="g", Description="d", VpcId=w.provider_vpc, **tagged("security-group"))["GroupId"]
    permission = [{"IpProtocol": "tcp", "FromPort": 7, "ToPort": 7,
                   "IpRanges": [{"CidrIp": "10.0.0.0/8", "Description": "d"}],
                   "Ipv6Ranges": [{"CidrIpv6": "::/0"}],
                   "UserIdGroupPairs": [{"GroupId": group}]}]
    ec2.authorize_security_group_ingress(
        GroupId=group, IpPermissions=permission, **tagged("security-group-rule"))
    ec2.authorize_security_group_egress(GroupId=group, IpPermissions=permission)
    table = ec2.create_route_table(VpcId=w.provider_vpc, **tagged("route-table"))["RouteTable"]["RouteTableId"]
    association = ec2.associate_route_table(RouteTableId=table, SubnetId=w.provider_subnets[0])["AssociationId"]
    ec2.create_route(RouteTableId=table, DestinationCidrBlock="10.9.0.0/16", GatewayId="igw-0123456789abcdef0")

    network = ec2.create_vpc(CidrBlock="10.3.0.0/16", Ipv6CidrBlock="2001:db8:3::/56", **tagged("vpc"))["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=network, CidrBlock="10.3.1.0/24", **tagged("subnet"))["Subnet"]["SubnetId"]
    for member, cidr in (("CidrBlock", "10.4.0.0/16"), ("Ipv6CidrBlock", "2001:db8:4::/56")):
        block = ec2.associate_vpc_cidr_block(VpcId=network, **{member: cidr})[f"{member}Association"]
        ec2.disassociate_vpc_cidr_block(AssociationId=block["AssociationId"])
    ec2.create_subnet(VpcId=network, CidrBlock="10.3.2.0/24", Ipv6CidrBlock="2001:db8:3:2::/64")
    block = ec2.associate_subnet_cidr_block(SubnetId=subnet, Ipv6CidrBlock="2001:db8:3:1::/64")
    ec2.disassociate_subnet_cidr_block(AssociationId=block["Ipv6CidrBlockAssociation"]["AssociationId"])

    elb.add_tags(ResourceArns=[w.load_balancer], Tags=tags)
    elb.register_targets(TargetGroupArn=w.target_group, Targets=[{"Id": "10.1.1.9", "Port": 80}])
    elb.modify_target_group(TargetGroupArn=w.target_group, HealthCheckIntervalSeconds=6)
    elb.modify_target_group_attributes(
        TargetGroupArn=w.target_group, Attributes=[{"Key": "proxy_protocol_v2.enabled", "Value": "true"}])
    elb.modify_load_balancer_attributes(
        LoadBalancerArn=w.load_balancer,
        Attributes=[{"Key": "load_balancing.cross_zone.enabled", "Value": "true"}])
    elb.modify_listener(ListenerArn=w.listener, Port=8081)
    elb.set_ip_address_type(LoadBalancerArn=w.load_balancer, IpAddressType="ipv4")
    certificate, another = (os.environ[f"POSTERN_CERTIFICATE_{n}"] for n in (1, 2))
    over_tls = elb.create_listener(
        LoadBalancerArn=w.load_balancer, Protocol="TLS", Port=8443,
        Certificates=[{"CertificateArn": certificate}],
        SslPolicy=elb.describe_ssl_policies()["SslPolicies"][0]["Name"],
        DefaultActions=[{"Type": "forward", "TargetGroupArn": w.target_group}],
    )["Listeners"][0]["ListenerArn"]
    named = {"ListenerArn": over_tls, "Certificates": [{"CertificateArn": another}]}
    elb.add_listener_certificates(**named)
    elb.describe_listener_certificates(ListenerArn=over_tls)
    elb.modify_listener_attributes(
        ListenerArn=w.listener, Attributes=[{"Key": "tcp.idle_timeout.seconds", "Value": "400"}])
    elb.set_subnets(LoadBalancerArn=w.load_balancer, Subnets=w.provider_subnets)
    elb.describe_account_limits()
    elb.describe_capacity_reservation(LoadBalancerArn=w.load_balancer)
    elb.modify_capacity_reservation(LoadBalancerArn=w.load_balancer, ResetCapacityReservation=True)
    checked = elb.create_target_group(
        Name="checked", Protocol="TCP", Port=80, TargetType="ip", VpcId=w.provider_vpc,
        HealthCheckProtocol="HTTP", HealthCheckPath="/up", Matcher={"HttpCode": "200"})
    elb.delete_target_group(TargetGroupArn=checked["TargetGroups"][0]["TargetGroupArn"])
    shift(w)

    for of in (ec2, consumer):
        for name in of.meta.service_model.operation_names:
            if name.startswith("Describe") and name in SERVED["ec2"] and name not in NEEDING:
                getattr(of, botocore.xform_name(name))()
    for name in ("enableDnsSupport", "enableDnsHostnames", "enableNetworkAddressUsageMetrics"):
        if code_of(ec2.describe_vpc_attribute, VpcId=w.provider_vpc, Attribute=name) != "OK":
            print(f"DescribeVpcAttribute does not know {name}")
    ec2.describe_vpc_endpoint_service_permissions(ServiceId=w.service)
    elb.describe_load_balancers()
    elb.describe_target_groups()
    elb.describe_listeners(LoadBalancerArn=w.load_balancer)
    elb.describe_tags(ResourceArns=[w.load_balancer])
    elb.describe_load_balancer_attributes(LoadBalancerArn=w.load_balancer)
    elb.describe_target_group_attributes(TargetGroupArn=w.target_group)
    elb.describe_listener_attributes(ListenerArn=w.listener)
    elb.describe_target_health(TargetGroupArn=w.target_group)

    elb.remove_listener_certificates(**named)
    elb.delete_listener(ListenerArn=over_tls)
    ec2.delete_route(RouteTableId=table, DestinationCidrBlock="10.9.0.0/16")
    ec2.disassociate_route_table(AssociationId=association)
    ec2.delete_route_table(RouteTableId=table)
    ec2.revoke_security_group_ingress(GroupId=group, IpPermissions=permission)
    ec2.revoke_security_group_egress(GroupId=group, IpPermissions=permission)
    ec2.delete_security_group(GroupId=group)
    refused = ec2.delete_vpc_endpoint_service_configurations(ServiceIds=[other, w.service])
    assert [item["ResourceId"] for item in refused["Unsuccessful"]] == [w.service], refused
    ec2.delete_vpc_endpoint_connection_notifications(ConnectionNotificationIds=[notification])
    consumer.delete_vpc_endpoints(VpcEndpointIds=[endpoint])
    ec2.delete_vpc_endpoint_service_configurations(ServiceIds=[w.service])
    ec2.delete_tags(Resources=[w.provider_vpc], Tags=tags)
    elb.remove_tags(ResourceArns=[w.load_balancer], TagKeys=["k"])
    elb.deregister_targets(TargetGroupArn=w.target_group, Targets=[{"Id": "10.1.1.9", "Port": 80}])
    elb.delete_listener(ListenerArn=w.listener)
    for load_balancer in (w.load_balancer, spare):
        elb.delete_load_balancer(LoadBalancerArn=load_balancer)
    elb.delete_target_group(TargetGroupArn=w.target_group)
    ec2.delete_security_group(GroupId=of_spare)
    for subnet in w.provider_subnets:
        ec2.delete_subnet(SubnetId=subnet)
    ec2.delete_vpc(VpcId=w.provider_vpc)


# Describe operations that want to be told of what.
NEEDING = {"DescribeVpcAttribute", "DescribeVpcEndpointServicePermissions"}
SERVED = {service: set(served(service)) for service in ("ec2", "elbv2")}
SEEN = {}


def keys(value, path=""):
    """The paths of all members in a value; lists are taken together."""
    if isinstance(value, dict):
        found = set()
        for key, inner in value.items():
            found |= {f"{path}.{key}"} | keys(inner, f"{path}.{key}")
        return found
    if isinstance(value, list):
        return set().union(*(keys(inner, path) for inner in value)) if value else set()
    return set()


def remember(model, parsed, http_response, **_):
    """Collects the members that our answers have."""
    if http_response.status_code == 200:
        SEEN.setdefault((model.service_model.service_name, model.name), set()).update(keys(parsed))


def examples(service, operation):
    """The answers that AWS prints for an operation."""
    folder = pathlib.Path(importlib.util.find_spec("awscli").origin).parent / "examples" / service
    file = folder / f"{botocore.xform_name(operation, '-')}.rst"
    if not file.exists():
        return
    text = file.read_text()
    for part in re.split(r"Output\s*::?\s*\n", text)[1:]:
        start = part.find("{")
        if start < 0 or part[:start].strip():
            continue
        try:
            yield json.JSONDecoder(strict=False).raw_decode(part[start:])[0]
        except ValueError:
            continue


def main():
    w = World()
    for of, service in ((w.provider, "ec2"), (w.consumer, "ec2"), (w.elb, "elbv2")):
        of.meta.events.register(f"after-call.{service}", remember)
    run_all(w)
    lacking = [f"{service}: {name} never succeeded: add it to run_all()"
               for service, names in SERVED.items() for name in sorted(names - REFUSING)
               if (service, name) not in SUCCEEDED]
    for (service, operation), seen in sorted(SEEN.items()):
        model = (w.elb if service == "elbv2" else w.provider).meta.service_model.operation_model(operation)
        for example in examples(service, operation) if operation not in EMPTY_LISTS else ():
            absent = keys(example) - seen
            for path in sorted(absent):
                if any(f"{path}.".startswith(f"{other}.") for other in absent if other != path):
                    continue
                if f"{operation}{path}" not in MISSING:
                    lacking.append(f"{operation}{path} is in AWS's example")
    lacking += sorted(COMPLAINTS)
    assert not lacking, "\n" + "\n".join(sorted(set(lacking)))


main()
