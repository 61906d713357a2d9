"""boto3 at the work that tenants do with it: pages, waiters, the acceptance of connections by two
accounts, errors, dry runs."""

import concurrent.futures

from botocore.exceptions import WaiterError

from gateway import *

COUNT = 13
PAGE = 5


def pages_hold_everything():
    """Every paginator there is for what is served gives each resource once, page by page."""
    w = World()
    ec2, elb, consumer = w.provider, w.elb, w.consumer
    for n in range(COUNT):
        vpc = ec2.create_vpc(CidrBlock="10.2.0.0/16")["Vpc"]["VpcId"]
        ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.2.{n}.0/24")
        ec2.create_security_group(GroupName=f"g{n}", Description="d", VpcId=vpc)
        ec2.create_route_table(VpcId=vpc)
        ec2.create_tags(Resources=[vpc], Tags=[{"Key": f"k{n}", "Value": "v"}])
        lb = elb.create_load_balancer(Name=f"l{n}", Type="network", Subnets=w.provider_subnets)
        lb = lb["LoadBalancers"][0]["LoadBalancerArn"]
        service = ec2.create_vpc_endpoint_service_configuration(NetworkLoadBalancerArns=[lb])
        service = service["ServiceConfiguration"]["ServiceId"]
        ec2.modify_vpc_endpoint_service_permissions(ServiceId=service, AddAllowedPrincipals=["*"])
        ec2.create_vpc_endpoint_connection_notification(
            ServiceId=service, ConnectionEvents=["Accept"],
            ConnectionNotificationArn=f"arn:aws:sns:{REGION}:{PROVIDER}:t{n}")
        elb.create_listener(LoadBalancerArn=w.load_balancer, Protocol="TCP", Port=9000 + n,
                            DefaultActions=[{"Type": "forward", "TargetGroupArn": w.target_group}])
        elb.create_target_group(Name=f"t{n}", Protocol="TCP", Port=80, TargetType="ip", VpcId=w.provider_vpc)
        w.request(SubnetIds=w.subnets[:1])
    ec2.modify_vpc_endpoint_service_permissions(
        ServiceId=w.service, AddAllowedPrincipals=[f"arn:aws:iam::{n:012}:root" for n in range(COUNT)])

    loader = botocore.session.get_session().get_component("data_loader")
    walked = []
    needs = {"DescribeListenerCertificates": {"ListenerArn": w.listener},
             "DescribeListeners": {"LoadBalancerArn": w.load_balancer},
             "DescribeVpcEndpointServicePermissions": {"ServiceId": w.service}}
    few = {"DescribeAccountLimits", "DescribeInternetGateways", "DescribeListenerCertificates", "DescribeNetworkAcls",
           "DescribePrefixLists", "DescribeSSLPolicies"}
    of_consumer = {"DescribeVpcEndpoints", "DescribeNetworkInterfaces"}
    for service, api in (("ec2", ec2), ("elbv2", elb)):
        have = set(served(service))
        paginators = loader.load_service_model(service, "paginators-1")["pagination"]
        for name in sorted(have & set(paginators)):
            of = consumer if name in of_consumer else api
            paginator = of.get_paginator(botocore.xform_name(name))
            result = paginators[name]["result_key"]
            keys = result if isinstance(result, list) else [result]
            whole = getattr(of, botocore.xform_name(name))(**needs.get(name, {}))
            pages = list(paginator.paginate(**needs.get(name, {}), PaginationConfig={"PageSize": PAGE}))
            for key in keys:
                items = [item for page in pages for item in page[key]]
                assert items == whole[key], f"{name}: {len(items)} of {len(whole[key])} {key}"
                assert all(len(page[key]) <= PAGE for page in pages), name
                assert name in few or len(items) > COUNT - 1, f"{name}: only {len(items)}"
            assert name in few or len(pages) >= 3, f"{name}: {len(pages)} pages"
            walked.append(name)
    assert len(walked) >= 17, walked
    return w


def pages_stay_whole_while_resources_come_and_go(w):
    """What is there all the time is listed once, whatever happens beside it."""
    ec2 = w.provider
    lasting = {vpc["VpcId"] for vpc in ec2.describe_vpcs()["Vpcs"]}
    stop = threading.Event()
    made = []

    def churn():
        own = client(PROVIDER)
        while not stop.is_set():
            made.append(own.create_vpc(CidrBlock="10.4.0.0/16")["Vpc"]["VpcId"])
            own.delete_vpc(VpcId=made[-1])

    with concurrent.futures.ThreadPoolExecutor() as pool:
        churned = pool.submit(churn)
        try:
            walks = 0
            while walks < 10 or len(made) < 20:
                pages = ec2.get_paginator("describe_vpcs").paginate(PaginationConfig={"PageSize": PAGE})
                listed = [vpc["VpcId"] for page in pages for vpc in page["Vpcs"]]
                assert len(listed) == len(set(listed)), "a VPC was listed twice"
                assert lasting <= set(listed), "a VPC was left out"
                walks += 1
                assert not churned.done(), churned.result()
        finally:
            stop.set()
        churned.result()


def waiters_end(w):
    """Waiters see what they wait for, and give up on what is not there."""
    ec2, elb, consumer = w.provider, w.elb, w.consumer
    quick = {"WaiterConfig": {"Delay": 1, "MaxAttempts": 2}}
    group = ec2.describe_security_groups()["SecurityGroups"][0]["GroupId"]
    ec2.get_waiter("vpc_exists").wait(VpcIds=[w.provider_vpc], **quick)
    ec2.get_waiter("vpc_available").wait(VpcIds=[w.provider_vpc], **quick)
    ec2.get_waiter("subnet_available").wait(SubnetIds=w.provider_subnets, **quick)
    ec2.get_waiter("security_group_exists").wait(GroupIds=[group], **quick)
    elb.get_waiter("load_balancer_exists").wait(LoadBalancerArns=[w.load_balancer], **quick)
    elb.get_waiter("load_balancer_available").wait(LoadBalancerArns=[w.load_balancer], **quick)

    host, port = TARGET.split(":")
    target = {"TargetGroupArn": w.target_group, "Targets": [{"Id": host, "Port": int(port)}]}
    elb.modify_target_group_attributes(
        TargetGroupArn=w.target_group,
        Attributes=[{"Key": "deregistration_delay.timeout_seconds", "Value": "1"}])
    elb.register_targets(
        TargetGroupArn=w.target_group,
        Targets=[{"Id": host, "Port": int(port), "AvailabilityZone": "all"}])
    elb.get_waiter("target_in_service").wait(**target, WaiterConfig={"Delay": 1, "MaxAttempts": 30})
    elb.deregister_targets(**target)
    elb.get_waiter("target_deregistered").wait(**target, WaiterConfig={"Delay": 1, "MaxAttempts": 30})

    endpoint = w.request()
    w.accept(endpoint)
    described = consumer.describe_vpc_endpoints(VpcEndpointIds=[endpoint])["VpcEndpoints"][0]
    interfaces = consumer.describe_network_interfaces(
        NetworkInterfaceIds=described["NetworkInterfaceIds"])["NetworkInterfaces"]
    assert {interface["Status"] for interface in interfaces} == {"in-use"}, interfaces

    spare = elb.create_load_balancer(Name="spare", Type="network", Subnets=w.provider_subnets)
    spare = spare["LoadBalancers"][0]["LoadBalancerArn"]
    elb.delete_load_balancer(LoadBalancerArn=spare)
    elb.get_waiter("load_balancers_deleted").wait(LoadBalancerArns=[spare], **quick)
    for waiter in ("vpc_exists", "vpc_available"):
        try:
            ec2.get_waiter(waiter).wait(VpcIds=["vpc-00000000000000000"], **quick)
        except WaiterError as error:
            assert "NotFound" in str(error) or "Max attempts" in str(error), error
        else:
            raise AssertionError(f"{waiter} saw a VPC that is not there")


def two_accounts_agree_on_a_connection(w):
    """Ask, wait, accept, reject, accept again, delete: each sees what is theirs to see."""
    provider, consumer = w.provider, w.consumer
    endpoint = w.request()
    mine = {"Filters": [{"Name": "vpc-endpoint-id", "Values": [endpoint]}]}

    def connection():
        found = provider.describe_vpc_endpoint_connections(**mine)["VpcEndpointConnections"]
        return found[0]["VpcEndpointState"] if found else None

    assert w.state(endpoint) == connection() == "pendingAcceptance"
    for verb, state in (("accept", "available"), ("reject", "rejected"), ("accept", "available")):
        answer = getattr(provider, f"{verb}_vpc_endpoint_connections")(
            ServiceId=w.service, VpcEndpointIds=[endpoint])
        assert answer["Unsuccessful"] == [], answer
        wait(state, lambda: w.state(endpoint) == connection() == state)
    stranger = client(STRANGER)
    assert stranger.describe_vpc_endpoint_connections()["VpcEndpointConnections"] == []
    ask_for = {"ServiceId": w.service, "VpcEndpointIds": [endpoint]}
    assert code_of(stranger.accept_vpc_endpoint_connections, **ask_for) == "InvalidVpcEndpointServiceId.NotFound"
    assert code_of(consumer.accept_vpc_endpoint_connections, **ask_for) == "InvalidVpcEndpointServiceId.NotFound"
    mixed = provider.accept_vpc_endpoint_connections(
        ServiceId=w.service, VpcEndpointIds=[endpoint, "vpce-00000000000000000"])
    assert len(mixed["Unsuccessful"]) >= 1 and all(
        set(item) == {"ResourceId", "Error"} for item in mixed["Unsuccessful"]), mixed
    assert consumer.delete_vpc_endpoints(VpcEndpointIds=[endpoint])["Unsuccessful"] == []
    wait("the endpoint's end", lambda: w.state(endpoint) == "deleted")


def errors_have_their_codes(w):
    """What goes wrong is told by the code that AWS has for it."""
    ec2, elb, consumer = w.provider, w.elb, w.consumer
    lax = client(PROVIDER, parameter_validation=False)
    wrong = client(PROVIDER)
    wrong._request_signer._credentials.secret_key = "wrong"
    create = {"VpcEndpointType": "Interface", "VpcId": w.vpc, "SubnetIds": w.subnets}
    spare = ec2.create_vpc(CidrBlock="10.5.0.0/16")["Vpc"]["VpcId"]
    ec2.create_subnet(VpcId=spare, CidrBlock="10.5.1.0/24")
    unknown = "vpce-svc-00000000000000000"
    for expected, call, members in [
        ("InvalidVpcID.NotFound", ec2.describe_vpcs, {"VpcIds": ["vpc-00000000000000000"]}),
        ("InvalidVpcID.Malformed", ec2.describe_vpcs, {"VpcIds": ["vpc-x"]}),
        ("InvalidSubnetID.NotFound", ec2.describe_subnets, {"SubnetIds": ["subnet-00000000000000000"]}),
        ("InvalidVpcEndpointId.NotFound", consumer.describe_vpc_endpoints,
         {"VpcEndpointIds": ["vpce-00000000000000000"]}),
        ("InvalidVpcEndpointId.Malformed", consumer.describe_vpc_endpoints, {"VpcEndpointIds": ["vpce-x"]}),
        ("InvalidVpcEndpointServiceId.NotFound", ec2.describe_vpc_endpoint_service_configurations,
         {"ServiceIds": [unknown]}),
        ("InvalidVpcEndpointServiceId.NotFound", ec2.describe_vpc_endpoint_service_permissions,
         {"ServiceId": unknown}),
        ("InvalidServiceName", consumer.create_vpc_endpoint,
         {**create, "ServiceName": f"com.amazonaws.vpce.{REGION}.{unknown}"}),
        ("InvalidServiceName", consumer.describe_vpc_endpoint_services, {"ServiceNames": ["no.such.service"]}),
        ("DuplicateSubnetsInSameZone", consumer.create_vpc_endpoint,
         {**create, "ServiceName": w.service_name, "SubnetIds": [w.subnets[0], w.more_subnet]}),
        ("InvalidParameterValue", lax.describe_vpcs, {"MaxResults": 4}),
        ("InvalidParameterCombination", ec2.describe_vpcs, {"MaxResults": 5, "VpcIds": [spare]}),
        ("InvalidParameterValue", ec2.describe_vpcs, {"Filters": [{"Name": "colour", "Values": ["x"]}]}),
        ("InvalidNextToken", ec2.describe_vpcs, {"NextToken": "x"}),
        ("MissingParameter", lax.create_vpc_endpoint, {}),
        ("DependencyViolation", ec2.delete_vpc, {"VpcId": spare}),
        ("InvalidAction", ec2.run_instances, {"MinCount": 1, "MaxCount": 1, "ImageId": "ami-12345678"}),
        ("AuthFailure", wrong.describe_vpcs, {}),
        ("LoadBalancerNotFound", elb.describe_load_balancers,
         {"LoadBalancerArns": [w.load_balancer[:-1] + "0" if w.load_balancer[-1] != "0"
                               else w.load_balancer[:-1] + "1"]}),
        ("LoadBalancerNotFound", elb.describe_load_balancers, {"Names": ["nobody"]}),
        ("TargetGroupNotFound", elb.describe_target_groups, {"Names": ["nobody"]}),
        ("ResourceInUse", elb.delete_target_group, {"TargetGroupArn": w.target_group}),
        ("DuplicateLoadBalancerName", elb.create_load_balancer,
         {"Name": "front", "Type": "network", "Subnets": w.provider_subnets[:1]}),
    ]:
        got = code_of(call, **members)
        assert got == expected, f"{call.__name__} {members}: {got}, not {expected}"
    try:
        elb.describe_load_balancers(Names=["nobody"])
    except elb.exceptions.LoadBalancerNotFoundException as error:
        assert error.response["ResponseMetadata"]["HTTPStatusCode"] == 400
        assert error.response["ResponseMetadata"]["RequestId"]


def dry_runs_change_nothing(w):
    """A dry run ends in an error either way and leaves everything as it was."""
    consumer = w.consumer
    before = consumer.describe_vpc_endpoints()["VpcEndpoints"]
    create = {"VpcEndpointType": "Interface", "VpcId": w.vpc, "ServiceName": w.service_name,
              "SubnetIds": w.subnets, "DryRun": True}
    assert code_of(consumer.create_vpc_endpoint, **create) == "DryRunOperation"
    assert code_of(consumer.create_vpc_endpoint, **{**create, "ServiceName": "x"}) == "InvalidServiceName"
    everything = [one["VpcEndpointId"] for one in before]
    assert code_of(consumer.delete_vpc_endpoints, VpcEndpointIds=everything, DryRun=True) == "DryRunOperation"
    assert code_of(consumer.create_vpc, CidrBlock="10.6.0.0/16", DryRun=True) == "DryRunOperation"
    assert consumer.describe_vpc_endpoints()["VpcEndpoints"] == before


def the_same_token_makes_one_endpoint(w):
    """ClientToken: once more is the same one, with other parameters it is refused."""
    first, again = (w.request(ClientToken="once") for _ in range(2))
    assert first == again
    other = {"VpcEndpointType": "Interface", "VpcId": w.vpc, "ServiceName": w.service_name,
             "SubnetIds": w.subnets[:1], "ClientToken": "once"}
    assert code_of(w.consumer.create_vpc_endpoint, **other) == "IdempotentParameterMismatch"


world = pages_hold_everything()
world.more_subnet = world.consumer.create_subnet(
    VpcId=world.vpc, CidrBlock=str(list(NET.subnets(new_prefix=24))[7]), AvailabilityZone=ZONES[0],
)["Subnet"]["SubnetId"]
pages_stay_whole_while_resources_come_and_go(world)
for claim in (waiters_end, two_accounts_agree_on_a_connection, errors_have_their_codes,
              dry_runs_change_nothing, the_same_token_makes_one_endpoint):
    claim(world)
finish()
