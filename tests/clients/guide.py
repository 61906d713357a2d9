"""The commands that the AWS PrivateLink guide prints or names for interface endpoints and endpoint
services, run by the real AWS CLI: exit code, and the exact shape of what it prints.

Each row of COMMANDS has the line of the guide's text where the command is printed or named. Where the guide prints an answer, ours must have its keys; where it only names the command,
the keys of botocore's shape bound ours, and those said here must be there. Every command is run by
each CLI in POSTERN_CLIS (version 1 from PyPI, version 2 from Debian); one that lacks an option of
the command, being older than it, is passed over, and at least one must know it.
"""

import concurrent.futures
import json
import os
import shlex
import subprocess

from gateway import *

CLIS = [cli.split() for cli in os.environ["POSTERN_CLIS"].split(":")]
DNS_ENTRY = {"DnsName": str, "HostedZoneId": str}
NONE = object()
DONE = {"Return": True}
UNSUCCESSFUL = {"Unsuccessful": []}
SERVICE = {
    "ServiceType": [{"ServiceType": str}], "ServiceId": str, "ServiceName": str, "ServiceState": str,
    "AvailabilityZones": [str], "AcceptanceRequired": bool, "ManagesVpcEndpoints": bool,
    "NetworkLoadBalancerArns": [str], "BaseEndpointDnsNames": [str],
}
# "View information about a service" prints these, all of them.
DETAIL = {
    "ServiceName": str, "ServiceId": str, "ServiceType": [{"ServiceType": str}], "AvailabilityZones": [str],
    "Owner": str, "BaseEndpointDnsNames": [str], "PrivateDnsName": str,
    "PrivateDnsNames": [{"PrivateDnsName": str}], "VpcEndpointPolicySupported": bool,
    "AcceptanceRequired": bool, "ManagesVpcEndpoints": bool, "Tags": [],
    "PrivateDnsNameVerificationState": str, "SupportedIpAddressTypes": [str],
}
VPC_ENDPOINT = {
    "VpcEndpointId": str, "VpcEndpointType": str, "VpcId": str, "ServiceName": str, "State": str,
    "PolicyDocument": str, "RouteTableIds": [], "SubnetIds": [str],
    "Groups": [{"GroupId": str, "GroupName": str}], "PrivateDnsEnabled": bool, "RequesterManaged": bool,
    "NetworkInterfaceIds": [str], "DnsEntries": [DNS_ENTRY], "CreationTimestamp": str, "OwnerId": str,
}
NOTIFICATION = {
    "ConnectionNotificationId": str, "ServiceId": str, "ConnectionNotificationType": str,
    "ConnectionNotificationArn": str, "ConnectionEvents": [str], "ConnectionNotificationState": str,
}

# What answers of today have beside it.
NEWER = {"ServiceRegion", "AvailabilityZoneIds", "PayerResponsibility"}

# Who runs it, the guide's line, the command, and the shape of its answer: see `fits`.
COMMANDS = [
    ("consumer", 672, "describe-vpc-endpoints --vpc-endpoint-id {monitoring} --query VpcEndpoints[*].DnsEntries",
     [[DNS_ENTRY]]),
    ("consumer", 1245, "describe-vpc-endpoint-services --filters Name=service-type,Values=Interface "
     "Name=owner,Values=amazon --region us-east-1 --query ServiceNames",
     ["com.amazonaws.us-east-1.monitoring", "com.amazonaws.us-east-1.xray"]),
    ("consumer", 1276, "describe-vpc-endpoint-services --service-name com.amazonaws.us-east-1.monitoring "
     "--region us-east-1",
     {"ServiceDetails": [DETAIL], "ServiceNames": ["com.amazonaws.us-east-1.monitoring"]}),
    ("consumer", 1352, "describe-vpc-endpoint-services --service-name com.amazonaws.us-east-1.s3 "
     "--region us-east-1 --query ServiceDetails[*].VpcEndpointPolicySupported --output text", "True"),
    ("consumer", 1366, "describe-vpc-endpoint-services --filters Name=service-type,Values=Interface "
     "Name=owner,Values=amazon --region us-east-1 "
     "--query 'ServiceDetails[?VpcEndpointPolicySupported==`true`].ServiceName'",
     ["com.amazonaws.us-east-1.monitoring"]),
    ("consumer", 1390, "describe-vpc-endpoint-services --filters Name=service-type,Values=Interface "
     "Name=owner,Values=amazon --region us-east-1 "
     "--query 'ServiceDetails[?VpcEndpointPolicySupported==`false`].ServiceName'",
     ["com.amazonaws.us-east-1.xray"]),
    ("consumer", 1415, "describe-vpc-endpoint-services --filters Name=supported-ip-address-types,Values=ipv6 "
     "Name=owner,Values=amazon Name=service-type,Values=Interface --region us-east-1 --query ServiceNames", []),
    ("consumer", 1475, "describe-vpc-endpoint-services --filters Name=service-type,Values=Interface "
     "Name=owner,Values=amazon --region us-east-1 --service-region us-east-1 --query ServiceNames",
     ["com.amazonaws.us-east-1.monitoring", "com.amazonaws.us-east-1.xray"]),
    # The guide's service is in another Region, and a gateway is one Region: see REFUSED.
    ("consumer", 1517, "create-vpc-endpoint --vpc-id {vpc} --service-name com.amazonaws.us-east-1.monitoring "
     "--vpc-endpoint-type Interface --subnet-ids {subnet_a} {subnet_b} --region us-east-1 "
     "--service-region us-east-1", {"VpcEndpoint": VPC_ENDPOINT}),
    ("consumer", 1583, "create-vpc-endpoint --vpc-id {vpc} --service-name {service_name} "
     "--vpc-endpoint-type Interface --subnet-ids {subnet_a} --security-group-ids {group}",
     {"VpcEndpoint": VPC_ENDPOINT}),
    ("consumer", 1626, "modify-vpc-endpoint --vpc-endpoint-id {accepted} --remove-subnet-ids {subnet_b}", DONE),
    ("consumer", 1626, "modify-vpc-endpoint --vpc-endpoint-id {accepted} --add-subnet-ids {subnet_b}", DONE),
    ("consumer", 1644, "modify-vpc-endpoint --vpc-endpoint-id {accepted} --add-security-group-ids {group}", DONE),
    ("consumer", 1644, "modify-vpc-endpoint --vpc-endpoint-id {accepted} --remove-security-group-ids {group}", DONE),
    ("consumer", 1662, "modify-vpc-endpoint --vpc-endpoint-id {monitoring} --no-private-dns-enabled", DONE),
    ("consumer", 1684, "modify-vpc-endpoint --vpc-endpoint-id {accepted} --reset-policy", DONE),
    ("consumer", 1736, "create-vpc-endpoint-connection-notification --vpc-endpoint-id {accepted} "
     "--connection-notification-arn arn:aws:sns:us-east-1:222222222222:t --connection-events Accept Reject",
     {"ConnectionNotification": {**NOTIFICATION, "ServiceId": NONE, "VpcEndpointId": str}}),
    ("provider", 2744, "create-vpc-endpoint-service-configuration --network-load-balancer-arns {spare_lb} "
     "--acceptance-required --supported-ip-address-types ipv4", {"ServiceConfiguration": SERVICE}),
    ("consumer", 2791, "describe-vpc-endpoint-services --service-names {service_name}",
     {"ServiceDetails": [{"ServiceName": "{service_name}", "AvailabilityZones": [str], "Owner": "111111111111",
                          "AcceptanceRequired": True}], "ServiceNames": ["{service_name}"]}),
    ("provider", 3156, "modify-vpc-endpoint-service-permissions --service-id {service} "
     "--add-allowed-principals arn:aws:iam::333333333333:root",
     {"AddedPrincipals": [{"PrincipalType": "Account", "Principal": "arn:aws:iam::333333333333:root",
                           "ServicePermissionId": str, "ServiceId": "{service}"}], "ReturnValue": True}),
    ("provider", 3180, "modify-vpc-endpoint-service-configuration --service-id {service} --acceptance-required", DONE),
    ("provider", 3194, "reject-vpc-endpoint-connections --service-id {service} --vpc-endpoint-ids {accepted}",
     UNSUCCESSFUL),
    ("provider", 3194, "accept-vpc-endpoint-connections --service-id {service} --vpc-endpoint-ids {accepted}",
     UNSUCCESSFUL),
    ("provider", 3223, "modify-vpc-endpoint-service-configuration --service-id {service} "
     "--add-network-load-balancer-arns {third_lb}", DONE),
    ("provider", 3249, "modify-vpc-endpoint-service-configuration --service-id {service} "
     "--private-dns-name other.example.com", DONE),
    ("provider", 3262, "start-vpc-endpoint-service-private-dns-verification --service-id {service}",
     {"ReturnValue": True}),
    ("provider", 3378, "describe-vpc-endpoint-service-configurations --service-ids {service} "
     "--query ServiceConfigurations[*].PrivateDnsNameConfiguration",
     [{"State": "pendingVerification", "Type": "TXT", "Value": str, "Name": str}]),
    ("provider", 3302, "modify-vpc-endpoint-service-configuration --service-id {service} "
     "--add-supported-ip-address-types ipv4", DONE),
    ("provider", 3512, "create-vpc-endpoint-connection-notification --service-id {service} "
     "--connection-notification-arn arn:aws:sns:us-east-1:111111111111:t --connection-events Connect Delete",
     {"ConnectionNotification": NOTIFICATION}),
    ("consumer", 3659, "describe-vpc-endpoint-associations --vpc-endpoint-id {accepted} "
     "--query 'VpcEndpointAssociations[*].*'", []),
    ("consumer", 2546, "delete-vpc-endpoints --vpc-endpoint-ids {accepted} {monitoring}", UNSUCCESSFUL),
    ("provider", 3606, "delete-vpc-endpoint-service-configurations --service-ids {lonely}", UNSUCCESSFUL),
]

# What a CLI says of a command that it is too old for.
OLDER = ["Unknown options", "Invalid choice", "arguments are required"]

# What the guide prints for what is not served here: refused by name, never done by half.
REFUSED = [
    ("consumer", 1517, "create-vpc-endpoint --vpc-id {vpc} --service-name com.amazonaws.us-west-2.s3 "
     "--vpc-endpoint-type Interface --subnet-ids {subnet_a} {subnet_b} --region us-east-1 "
     "--service-region us-west-2", ("UnsupportedOperation", "InvalidServiceName")),
    ("consumer", 2038, "create-vpc-endpoint --vpc-endpoint-type Gateway --vpc-id {vpc} "
     "--service-name com.amazonaws.us-east-1.s3 --route-table-ids rtb-0123456789abcdef0", ("UnsupportedOperation",)),
    ("consumer", 2819, "create-vpc-endpoint --vpc-endpoint-type GatewayLoadBalancer --vpc-id {vpc} "
     "--service-name {service_name} --subnet-ids {subnet_a}", ("UnsupportedOperation",)),
    ("consumer", 4079, "create-vpc-endpoint --vpc-endpoint-type Resource --vpc-id {vpc} --subnet-ids {subnet_a} "
     "--resource-configuration-arn arn:aws:vpc-lattice:us-east-1:111122223333:resourceconfiguration/"
     "rcfg-1234567890abcdefg", ("UnsupportedOperation",)),
]


def fits(shape, got, ids, path="answer"):
    """Says what of an answer does not have its shape.

    A type: any value of it. A text: just that, with ids put in. A dictionary: these keys at least,
    just these and NEWER ones for DETAIL; NONE is a key that is not there. A list of one shape: one
    item or more, all of that shape. A list of texts: those, in any order. []: some list.
    """
    if isinstance(shape, type):
        return [] if isinstance(got, shape) else [f"{path} is {got!r}, no {shape.__name__}"]
    if isinstance(shape, dict):
        if not isinstance(got, dict):
            return [f"{path} is {got!r}"]
        wrong = [f"{path} has no {key}" for key, of in shape.items() if of is not NONE and key not in got]
        wrong += [f"{path} has {key}" for key, of in shape.items() if of is NONE and key in got]
        if shape is DETAIL:
            wrong += [f"{path} has {key}" for key in got if key not in shape and key not in NEWER]
        for key, of in shape.items():
            if key in got and of is not NONE:
                wrong += fits(of, got[key], ids, f"{path}.{key}")
        return wrong
    if isinstance(shape, list):
        if not isinstance(got, list) or (shape and not got):
            return [f"{path} is {got!r}"]
        if shape and all(isinstance(item, str) for item in shape):
            wanted = sorted(item.format(**ids) for item in shape)
            return [] if sorted(got) == wanted else [f"{path} is {got!r}, not {wanted!r}"]
        return [wrong for item in got for of in shape for wrong in fits(of, item, ids, f"{path}[]")]
    wanted = shape.format(**ids) if isinstance(shape, str) else shape
    return [] if got == wanted else [f"{path} is {got!r}, not {wanted!r}"]


def fixture(n):
    """What the commands name, of its own for each CLI."""
    w = World(name=f"front{n}", third=(2 * n + 1, 2 * n + 2))
    for attribute in ("EnableDnsSupport", "EnableDnsHostnames"):
        w.consumer.modify_vpc_attribute(VpcId=w.vpc, **{attribute: {"Value": True}})
    lbs = [w.elb.create_load_balancer(
        Name=f"{name}{n}", Type="network", Subnets=w.provider_subnets)["LoadBalancers"][0]["LoadBalancerArn"]
        for name in ("spare", "third", "fourth")]
    lonely = w.provider.create_vpc_endpoint_service_configuration(NetworkLoadBalancerArns=lbs[2:])
    accepted = w.request()
    w.accept(accepted)
    monitoring = w.consumer.create_vpc_endpoint(
        VpcEndpointType="Interface", VpcId=w.vpc, SubnetIds=w.subnets, PrivateDnsEnabled=True,
        ServiceName="com.amazonaws.us-east-1.monitoring")["VpcEndpoint"]["VpcEndpointId"]
    wait("an available endpoint", lambda: w.state(monitoring) == "available")
    return {
        "accepted": accepted, "monitoring": monitoring, "service": w.service, "service_name": w.service_name,
        "vpc": w.vpc, "subnet_a": w.subnets[0], "subnet_b": w.subnets[1], "spare_lb": lbs[0], "third_lb": lbs[1],
        "lonely": lonely["ServiceConfiguration"]["ServiceId"],
        "group": w.consumer.create_security_group(GroupName="g", Description="d", VpcId=w.vpc)["GroupId"],
    }


def run(cli, who, command, ids):
    """Runs a command; its exit code, what it printed and what it complained of."""
    environment = {
        **os.environ, "AWS_ACCESS_KEY_ID": who, "AWS_SECRET_ACCESS_KEY": f"{who}-secret", "AWS_PAGER": "",
        "AWS_DEFAULT_REGION": REGION, "AWS_MAX_ATTEMPTS": "1", "AWS_DEFAULT_OUTPUT": "json",
    }
    environment.pop("PYTHONPATH", None)
    arguments = [*cli, "--endpoint-url", ENDPOINT, "ec2", *shlex.split(command.format(**ids))]
    done = subprocess.run(arguments, env=environment, capture_output=True, text=True, timeout=120)
    return done.returncode, done.stdout.strip(), done.stderr.strip()


def run_table(cli, ids):
    """Runs both tables by one CLI: the rows it knows, and what went wrong."""
    known, wrong = set(), []
    for number, (who, line, command, shape) in enumerate([*COMMANDS, *REFUSED]):
        code, out, err = run(cli, who, command, ids)
        if any(one in err for one in OLDER):
            continue
        known.add(number)
        if isinstance(shape, tuple):
            refused = code in (254, 255) and any(f"({one})" in err for one in shape)
            found = [] if refused else [f"exit code {code}: {out}{err}"]
        elif code != 0:
            found = [f"exit code {code}: {err}"]
        elif "--output text" in command:
            found = fits(shape, out, ids)
        else:
            found = fits(shape, json.loads(out) if out else {}, ids)
        wrong += [f"line {line}, {cli[-1]}: aws ec2 {command}: {one}" for one in found]
    return known, wrong


def main():
    with concurrent.futures.ThreadPoolExecutor() as pool:
        done = [pool.submit(run_table, cli, fixture(n)) for n, cli in enumerate(CLIS)]
        results = [one.result() for one in done]
    wrong = [line for _, lines in results for line in lines]
    for number, (_, line, command, _) in enumerate([*COMMANDS, *REFUSED]):
        if not any(number in known for known, _ in results):
            wrong.append(f"line {line}: no CLI knows aws ec2 {command}")
    print([len(known) for known, _ in results])
    finish()
    assert not wrong, "\n" + "\n".join(wrong)


main()
