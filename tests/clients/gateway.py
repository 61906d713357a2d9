"""The gateway as its tenants reach it, and the network that most scripts begin with.

The environment says where the gateway is and whose keys there are (see tests/src/script.rs). Every
answer that goes through a client made here is read strictly (strict.py); what did not fit is
collected in COMPLAINTS, and `finish` fails if there is any.
"""

import html
import ipaddress
import os
import re
import socket
import sys
import threading
import time
import urllib.parse

import boto3
import botocore.auth
import botocore.awsrequest
import botocore.credentials
import botocore.httpsession
import botocore.session
from botocore.config import Config
from botocore.exceptions import ClientError

import strict

ENDPOINT = os.environ["POSTERN_ENDPOINT"]
REGION = os.environ["POSTERN_REGION"]
# A /16 of loopback addresses that belongs to this script.
NET = ipaddress.ip_network(os.environ["POSTERN_NET"])
# Where a target answers, as ADDRESS:PORT.
TARGET = os.environ.get("POSTERN_TARGET", "")
ZONES = ["us-east-1a", "us-east-1b"]
PROVIDER, CONSUMER, STRANGER = "111111111111", "222222222222", "333333333333"
KEYS = {PROVIDER: "provider", CONSUMER: "consumer", STRANGER: "stranger"}

COMPLAINTS = {}
SUCCEEDED = set()
_lock = threading.Lock()


def _read_strictly(operation_model, response_dict, **_):
    if response_dict["status_code"] != 200:
        return
    is_json = operation_model.metadata["protocol"] == "rest-json"
    read = strict.json_complaints if is_json else strict.complaints
    found = read(operation_model, response_dict["body"])
    with _lock:
        SUCCEEDED.add((operation_model.service_model.service_name, operation_model.name))
        for complaint in found:
            COMPLAINTS[complaint] = COMPLAINTS.get(complaint, 0) + 1


def client(account, service="ec2", **options):
    """A client of a tenant's, stock but for being read over its shoulder."""
    options = {"retries": {"total_max_attempts": 1}, **options}
    session = boto3.Session(
        aws_access_key_id=KEYS[account],
        aws_secret_access_key=f"{KEYS[account]}-secret",
        region_name=REGION,
    )
    made = session.client(service, endpoint_url=ENDPOINT, config=Config(**options))
    made.meta.events.register(f"before-parse.{service}", _read_strictly)
    return made


def code_of(call, *arguments, **members):
    """The code of the error that a call ends in; "OK" if it succeeds."""
    try:
        call(*arguments, **members)
    except ClientError as error:
        return error.response["Error"]["Code"]
    return "OK"


def wait(what, probe, seconds=20):
    """Waits until the probe gives something true, and gives that."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        found = probe()
        if found:
            return found
        time.sleep(0.02)
    raise AssertionError(f"waited in vain for {what}")


def finish():
    """Fails if any answer did not fit the model."""
    for complaint, times in sorted(COMPLAINTS.items()):
        print(f"{complaint} ({times} times)", file=sys.stderr)
    assert not COMPLAINTS, f"{len(COMPLAINTS)} complaints about answers"


def network(ec2, cidr, third=(1, 2)):
    """A VPC with a subnet in each zone; their ids."""
    vpc = ec2.create_vpc(CidrBlock=str(cidr))["Vpc"]["VpcId"]
    blocks = list(cidr.subnets(new_prefix=24))
    subnets = [
        ec2.create_subnet(VpcId=vpc, CidrBlock=str(blocks[n]), AvailabilityZone=zone)["Subnet"]["SubnetId"]
        for n, zone in zip(third, ZONES)
    ]
    return vpc, subnets


class World:
    """A provider's service behind a load balancer, and a consumer's network, nothing accepted yet."""

    def __init__(self, name="front", acceptance=True, third=(1, 2)):
        self.provider, self.consumer = client(PROVIDER), client(CONSUMER)
        self.elb = client(PROVIDER, "elbv2")
        self.provider_vpc, self.provider_subnets = network(
            self.provider, ipaddress.ip_network("10.1.0.0/16"))
        self.load_balancer = self.elb.create_load_balancer(
            Name=name, Type="network", Scheme="internal", Subnets=self.provider_subnets,
        )["LoadBalancers"][0]["LoadBalancerArn"]
        self.target_group = self.elb.create_target_group(
            Name=name, Protocol="TCP", Port=80, TargetType="ip", VpcId=self.provider_vpc,
            HealthCheckIntervalSeconds=5, HealthCheckTimeoutSeconds=2,
            HealthyThresholdCount=2, UnhealthyThresholdCount=2,
        )["TargetGroups"][0]["TargetGroupArn"]
        self.listener = self.elb.create_listener(
            LoadBalancerArn=self.load_balancer, Protocol="TCP", Port=8080,
            DefaultActions=[{"Type": "forward", "TargetGroupArn": self.target_group}],
        )["Listeners"][0]["ListenerArn"]
        created = self.provider.create_vpc_endpoint_service_configuration(
            AcceptanceRequired=acceptance, NetworkLoadBalancerArns=[self.load_balancer])
        self.service = created["ServiceConfiguration"]["ServiceId"]
        self.service_name = created["ServiceConfiguration"]["ServiceName"]
        self.provider.modify_vpc_endpoint_service_permissions(
            ServiceId=self.service, AddAllowedPrincipals=[f"arn:aws:iam::{CONSUMER}:root"])
        self.vpc, self.subnets = network(self.consumer, NET, third)

    def request(self, **members):
        """The consumer asks for an endpoint; its id."""
        members = {"SubnetIds": self.subnets, **members}
        created = self.consumer.create_vpc_endpoint(
            VpcEndpointType="Interface", VpcId=self.vpc, ServiceName=self.service_name, **members)
        return created["VpcEndpoint"]["VpcEndpointId"]

    def state(self, endpoint):
        """The endpoint's state as its owner sees it."""
        described = self.consumer.describe_vpc_endpoints(VpcEndpointIds=[endpoint])
        return described["VpcEndpoints"][0]["State"]

    def accept(self, endpoint):
        """The provider accepts, and the endpoint becomes available."""
        answer = self.provider.accept_vpc_endpoint_connections(
            ServiceId=self.service, VpcEndpointIds=[endpoint])
        assert answer["Unsuccessful"] == [], answer
        wait("an available endpoint", lambda: self.state(endpoint) == "available")


def served(service):
    """The operations of a service that the gateway has, found by asking for each of AWS's."""
    model = client(PROVIDER, service).meta.service_model
    return [name for name in model.operation_names
            if ask(model, name, {})[0] not in ("InvalidAction", "UnsupportedAction")]


_session = botocore.httpsession.URLLib3Session(
    socket_options=[(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)])


def ask(model, action, members, account=PROVIDER):
    """Sends members as they are; the code and the message of the error, or "OK" and nothing."""
    form = {"Action": action, "Version": model.api_version, **members}
    request = botocore.awsrequest.AWSRequest(
        "POST", f"{ENDPOINT}/", data=urllib.parse.urlencode(form).encode(),
        headers={"Content-Type": "application/x-www-form-urlencoded"})
    credentials = botocore.credentials.Credentials(KEYS[account], f"{KEYS[account]}-secret")
    botocore.auth.SigV4Auth(credentials, model.signing_name, REGION).add_auth(request)
    answer = _session.send(request.prepare())
    if answer.status_code == 200:
        return "OK", ""
    code, message = re.search(
        "<Code>(.*)</Code>.*<Message>(.*)</Message>", answer.text, re.DOTALL).groups()
    return code, html.unescape(message)
