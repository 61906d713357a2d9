"""Every member of every operation served is supported or refused by name, as docs/api.md says.

AWS's members and filters come from botocore's models. Each operation is asked for with a request
that is complete but for one member that nobody has, SENTINEL: the gateway refuses it by name, so
nothing ever happens. Then it is asked for again with one of AWS's members added. If that one is
named instead, the gateway has never heard of it, and this fails; if it is named as unsupported, it
is refused on purpose; otherwise it is read. What comes out is compared with docs/api.md. With
UPDATE=1 in the environment the document is rewritten, but for its last column.
"""

import html
import os
import pathlib
import re

from gateway import *

DOCUMENT = pathlib.Path(__file__).resolve().parents[2] / "docs/api.md"
SENTINEL = "zzzzzz"
HEADS = {"ec2": "## Amazon EC2", "elbv2": "## Elastic Load Balancing"}
HEADER = "| operation | members | refused members | differences |"
FILTERS = "| operation | filters | filters not served |"
# What an answer has to do with a member that it does not name: the code says it.
TELLING = re.compile(
    "Malformed|InvalidParameterCombination|UnsupportedOperation|InvalidVpcEndpointType"
    "|InvalidPolicyDocument"
    "|InvalidConfigurationRequest|InvalidLoadBalancerAction|InvalidGroup.NotFound")
MISSING = re.compile("The request must contain the parameter (.*)")
# What the request needs beside a member that makes no sense alone, by the last part of its name.
BESIDE = {"CidrIpv6": "::/0", "GroupId": "sg-0123456789abcdef0", "Id": "10.1.1.9", "Key": "k",
          "SubnetId": "subnet-0123456789abcdef0"}
TAGGED = {
    "AuthorizeSecurityGroupEgress": "security-group-rule",
    "AuthorizeSecurityGroupIngress": "security-group-rule",
    "CreateRouteTable": "route-table",
    "CreateSecurityGroup": "security-group",
    "CreateSubnet": "subnet",
    "CreateVpc": "vpc",
    "CreateVpcEndpoint": "vpc-endpoint",
    "CreateVpcEndpointServiceConfiguration": "vpc-endpoint-service",
}


def requests(w):
    """The members that each operation cannot do without, as they go over the wire."""
    vpc, subnet, group, table = (f"{kind}-0123456789abcdef0" for kind in ("vpc", "subnet", "sg", "rtb"))
    service = {"ServiceId": "vpce-svc-0123456789abcdef0"}
    endpoint, endpoints = ({name: "vpce-0123456789abcdef0"} for name in ("VpcEndpointId", "VpcEndpointId.1"))
    interface = {"NetworkInterfaceId": "eni-0123456789abcdef0"}
    cidr = {"DestinationCidrBlock": "10.9.0.0/16"}
    route = {"RouteTableId": table, **cidr, "GatewayId": "igw-0123456789abcdef0"}
    notification = "vpce-nfn-0123456789abcdef0"
    permission = {"GroupId": group, "IpPermissions.1.IpProtocol": "tcp", "IpPermissions.1.FromPort": "7",
                  "IpPermissions.1.ToPort": "7", "IpPermissions.1.IpRanges.1.CidrIp": "10.0.0.0/8"}
    topic = {"ConnectionNotificationArn": f"arn:aws:sns:{REGION}:{PROVIDER}:t"}
    lb, listener = {"LoadBalancerArn": w.load_balancer}, {"ListenerArn": w.listener}
    target_group = {"TargetGroupArn": w.target_group}
    targets = {**target_group, "Targets.member.1.Id": "10.1.1.9"}
    certificate = {"Certificates.member.1.CertificateArn": "arn:aws:acm:none"}
    resources = {"ResourceArns.member.1": w.load_balancer}

    group_of_lb = w.provider.create_security_group(
        GroupName="m", Description="d", VpcId=w.provider_vpc)["GroupId"]

    def attribute(key, value):
        return {"Attributes.member.1.Key": key, "Attributes.member.1.Value": value}

    return {
        "AcceptVpcEndpointConnections": {**service, **endpoints},
        "AssociateSubnetCidrBlock": {"SubnetId": subnet, "Ipv6CidrBlock": "2001:db8::/64"},
        "AssociateVpcCidrBlock": {"VpcId": vpc, "CidrBlock": "10.4.0.0/16"},
        "AssociateRouteTable": {"RouteTableId": table, "SubnetId": subnet},
        "AuthorizeSecurityGroupEgress": permission,
        "AuthorizeSecurityGroupIngress": permission,
        "CreateRoute": route,
        "CreateRouteTable": {"VpcId": vpc},
        "CreateSecurityGroup": {"GroupName": "h", "GroupDescription": "d", "VpcId": vpc},
        "CreateSubnet": {"VpcId": vpc, "CidrBlock": "10.1.77.0/24"},
        "CreateTags": {"ResourceId.1": vpc, "Tag.1.Key": "k", "Tag.1.Value": "v"},
        "CreateVpc": {"CidrBlock": "10.3.0.0/16"},
        "CreateVpcEndpoint": {
            "VpcEndpointType": "Interface", "VpcId": vpc, "ServiceName": w.service_name, "SubnetId.1": subnet},
        "CreateVpcEndpointConnectionNotification": {**service, **topic, "ConnectionEvents.1": "Reject"},
        "CreateVpcEndpointServiceConfiguration": {"NetworkLoadBalancerArn.1": w.load_balancer},
        "DeleteNetworkInterface": interface,
        "DeleteRoute": {"RouteTableId": table, **cidr},
        "DeleteRouteTable": {"RouteTableId": table},
        "DeleteSecurityGroup": {"GroupId": group},
        "DeleteSubnet": {"SubnetId": subnet},
        "DeleteTags": {"ResourceId.1": vpc},
        "DeleteVpc": {"VpcId": vpc},
        "DeleteVpcEndpointConnectionNotifications": {"ConnectionNotificationId.1": notification},
        "DeleteVpcEndpointServiceConfigurations": {"ServiceId.1": service["ServiceId"]},
        "DeleteVpcEndpoints": endpoints,
        "DescribeVpcAttribute": {"VpcId": vpc, "Attribute": "enableDnsSupport"},
        "DescribeVpcEndpointServicePermissions": service,
        "DisassociateSubnetCidrBlock": {"AssociationId": "subnet-cidr-assoc-0123456789abcdef0"},
        "DisassociateVpcCidrBlock": {"AssociationId": "vpc-cidr-assoc-0123456789abcdef0"},
        "DisassociateRouteTable": {"AssociationId": "rtbassoc-0123456789abcdef0"},
        "ModifyNetworkInterfaceAttribute": {**interface, "Description.Value": "d"},
        "ModifySubnetAttribute": {"SubnetId": subnet, "MapPublicIpOnLaunch.Value": "false"},
        "ModifyVpcAttribute": {"VpcId": vpc, "EnableDnsSupport.Value": "true"},
        "ModifyVpcEndpoint": {**endpoint, "RemoveSubnetId.1": subnet},
        "ModifyVpcEndpointConnectionNotification": {
            "ConnectionNotificationId": notification, "ConnectionEvents.1": "Reject"},
        "ModifyVpcEndpointPayerResponsibility": {
            **endpoint, "PayerResponsibility": "vpc-endpoint-account", "Scope": "vpc-endpoint-charges"},
        "ModifyVpcEndpointServiceConfiguration": {**service, "AcceptanceRequired": "true"},
        "ModifyVpcEndpointServicePayerResponsibility": {**service, "PayerResponsibility": "ServiceOwner"},
        "ModifyVpcEndpointServicePermissions": {**service, "AddAllowedPrincipals.1": "*"},
        "RejectVpcEndpointConnections": {**service, **endpoints},
        "RevokeSecurityGroupEgress": permission,
        "RevokeSecurityGroupIngress": permission,
        "StartVpcEndpointServicePrivateDnsVerification": service,
        "AddTags": {**resources, "Tags.member.1.Key": "k"},
        "CreateListener": {
            **lb, "Protocol": "TCP", "Port": "81", "DefaultActions.member.1.Type": "forward",
            "DefaultActions.member.1.TargetGroupArn": w.target_group},
        "CreateLoadBalancer": {
            "Name": "other", "Type": "network", "Subnets.member.1": w.provider_subnets[0]},
        "CreateTargetGroup": {
            "Name": "other", "Protocol": "TCP", "Port": "80", "TargetType": "ip", "VpcId": w.provider_vpc},
        "DeleteListener": listener,
        "DeleteLoadBalancer": lb,
        "DeleteTargetGroup": target_group,
        "DeregisterTargets": targets,
        "DescribeCapacityReservation": lb,
        "DescribeListenerAttributes": listener,
        "DescribeListenerCertificates": listener,
        "DescribeListeners": lb,
        "DescribeLoadBalancerAttributes": lb,
        "DescribeTags": {
            "ec2": {}, "elbv2": resources},
        "DescribeTargetGroupAttributes": target_group,
        "DescribeTargetHealth": target_group,
        "ModifyCapacityReservation": {**lb, "ResetCapacityReservation": "true"},
        "ModifyListener": {
            **listener, "DefaultActions.member.1.Type": "forward",
            "DefaultActions.member.1.TargetGroupArn": w.target_group},
        "ModifyListenerAttributes": {**listener, **attribute("tcp.idle_timeout.seconds", "350")},
        "ModifyLoadBalancerAttributes": {**lb, **attribute("deletion_protection.enabled", "false")},
        "ModifyTargetGroup": target_group,
        "ModifyTargetGroupAttributes": {**target_group, **attribute("proxy_protocol_v2.enabled", "false")},
        "AddListenerCertificates": {**listener, **certificate},
        "RegisterTargets": targets,
        "SetSubnets": {**lb, "Subnets.member.1": w.provider_subnets[0]},
        "SetIpAddressType": {**lb, "IpAddressType": "ipv4"},
        "SetSecurityGroups": {**lb, "SecurityGroups.member.1": group_of_lb},
        "RemoveListenerCertificates": {**listener, **certificate},
        "RemoveTags": {**resources, "TagKeys.member.1": "k"},
    }


def wire_name(protocol, name, shape):
    """What a member is called in a request."""
    if protocol != "ec2":
        return shape.serialization.get("name", name)
    given = shape.serialization.get("queryName")
    if given:
        return given
    given = shape.serialization.get("name", name)
    return given[0].upper() + given[1:]


def leaves(protocol, shape, wire="", depth=0):
    """The members that hold values: what they are called for people, and a request's members."""
    for name, member in shape.members.items():
        at = wire + wire_name(protocol, name, member)
        item = member
        if member.type_name == "list":
            at += ".1" if protocol == "ec2" else ".member.1"
            item = member.member
        if item.type_name == "structure" and depth < 4:
            yield from leaves(protocol, item, at + ".", depth + 1)
        else:
            sample = {"boolean": "true", "integer": "7", "long": "7"}.get(item.type_name, "x")
            yield at, sample


def shown(wire):
    """A wire name as the document has it: without indexes."""
    return re.sub(r"\.member\.1|\.1", "", wire)


def verdict(w, model, operation, base, wire, sample):
    """How the gateway takes one member: "served", "refused" or "unknown"."""
    request = {**base, wire: sample, SENTINEL: "1"}
    beside = {**BESIDE, "ResourceType": TAGGED.get(operation), "TargetGroupArn": w.target_group}
    for _ in range(3):
        code, message = ask(model, operation, request)
        missing = MISSING.fullmatch(message)
        if not missing or missing[1].split(".")[-1] not in beside:
            break
        request[missing[1]] = beside[missing[1].split(".")[-1]]
    parts = wire.split(".")
    named = any(f" {'.'.join(parts[:n])} " in message for n in range(1, len(parts) + 1))
    if code == "UnknownParameter" and named:
        return "unknown"
    if code == "UnsupportedOperation" and named:
        return "refused"
    quoted = f"({sample})" in message or f"'{sample}'" in message
    reached = SENTINEL in message or named or parts[-1] in message or quoted
    if not reached and not TELLING.search(code):
        FAILURES.append(f"{operation}: {wire}: what does {code} mean: {message}")
    return "served"


def collapsed(kinds):
    """Names of members by verdict; a structure of one verdict goes by its own name."""
    cells = {}
    for wire, kind in kinds.items():
        parts = wire.split(".")
        for n in range(1, len(parts) + 1):
            first = ".".join(parts[:n])
            within = {other for name, other in kinds.items() if f"{name}.".startswith(f"{first}.")}
            if within == {kind}:
                cells.setdefault(kind, set()).add(first)
                break
    return cells


def listing(names):
    """Names as a cell of the document."""
    return ", ".join(f"`{name}`" for name in sorted(names))


def members(w, model, operation, base):
    """The members of an operation, by verdict."""
    code, message = ask(model, operation, {**base, SENTINEL: "1"})
    assert code == "UnknownParameter" and SENTINEL in message, f"{operation}: {code}: {message}"
    protocol = model.metadata["protocol"]
    shape = model.operation_model(operation).input_shape
    found = {shown(wire): verdict(w, model, operation, base, wire, sample)
             for wire, sample in (leaves(protocol, shape) if shape else [])}
    for name in sorted(name for name, kind in found.items() if kind == "unknown"):
        FAILURES.append(f"{operation}: {name} is neither served nor refused by name")
    if protocol == "ec2" and found.pop("DryRun", "served") != "served":
        FAILURES.append(f"{operation}: there is no dry run")
    return collapsed(found)


def filters(model, operation, base):
    """AWS's filters of an operation: those served, and those not."""
    shape = model.operation_model(operation).input_shape
    if not shape or "Filters" not in shape.members:
        return [], []
    text = html.unescape(shape.members["Filters"].documentation)
    names = set(re.findall(r"<li> <p> <code>([^<]+?)</code> ?(?:-|:|–|\()", text))
    names = {"tag:KEY" if name.startswith("tag:") or name == "tag" else name for name in names}
    found = [], []
    for name in sorted(names):
        sent = {"Filter.1.Name": name, "Filter.1.Value.1": "x", SENTINEL: "1"}
        code, message = ask(model, operation, {**base, **sent})
        found[code != "UnknownParameter"].append(name.replace("|", "/"))
    return found


FAILURES = []


def tables(w, service, base, notes):
    """The lines of a service's two tables."""
    model = client(PROVIDER, service).meta.service_model
    lines, filter_lines = [HEADER, "|---|---|---|---|"], [FILTERS, "|---|---|---|"]
    for operation in sorted(served(service)):
        if operation.startswith("Describe"):
            request = base.get(operation, {})
        else:
            assert operation in base, f"{operation}: say in requests() what it cannot do without"
            request = base[operation]
        request = request.get(service, request)
        cells = members(w, model, operation, request)
        refused = cells.get("refused", set()) | cells.get("unknown", set())
        row = [operation, listing(cells.get("served", ())), listing(refused), notes.get(operation, "")]
        lines.append(f"| {' | '.join(row)} |")
        has, lacks = filters(model, operation, request)
        if has or lacks:
            filter_lines.append(f"| {operation} | {listing(has)} | {listing(lacks)} |")
    lines += ["", *filter_lines] if len(filter_lines) > 2 else []
    return [re.sub(" +", " ", line) for line in lines]


def main():
    text = DOCUMENT.read_text()
    notes = {}
    for service, head in HEADS.items():
        section = text.split(head + "\n")[1].split("\n## ")[0]
        for line in section.splitlines():
            cells = [cell.strip() for cell in line.strip("|").split("|")]
            if line.startswith("| ") and len(cells) == 4:
                notes[service, cells[0]] = cells[3]
    w = World()
    base = requests(w)
    for service, head in HEADS.items():
        before, rest = text.split(head + "\n")
        section, *after = rest.split("\n## ")
        own = {operation: note for (of, operation), note in notes.items() if of == service}
        kept = [line for line in section.splitlines() if not line.startswith("|")]
        while kept and not kept[-1]:
            kept.pop()
        section = "\n".join([*kept, "", *tables(w, service, base, own), ""])
        text = before + head + "\n" + "\n## ".join([section, *after])
    if os.environ.get("UPDATE") == "1":
        DOCUMENT.write_text(text)
    elif text != DOCUMENT.read_text():
        old, new = DOCUMENT.read_text().splitlines(), text.splitlines()
        FAILURES.extend(f"docs/api.md should say: {line}" for line in new if line not in old)
        FAILURES.extend(f"docs/api.md should not say: {line}" for line in old if line not in new)
    assert not FAILURES, "\n" + "\n".join(FAILURES)


main()
