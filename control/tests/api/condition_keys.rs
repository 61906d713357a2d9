//! Every condition key that the guide names, and those of every request: each is there, with the
//! value of the request.

use control::Config;

use crate::rig::{EC2, Rig, add_user, user};

const ACCOUNT: &str = "222222222222";

const VPCS: &str = "Action=DescribeVpcs";
const CONNECT: &str = "Action=CreateVpcEndpoint&VpcEndpointType=Interface&VpcId=vpc-1\
    &ServiceName=com.amazonaws.us-east-1.s3";
const PROVIDE: &str = "Action=CreateVpcEndpointServiceConfiguration&NetworkLoadBalancerArn.1=a";
const MODIFY: &str =
    "Action=ModifyVpcEndpointServiceConfiguration&ServiceId=vpce-svc-0123456789abcdef0";
const TAG: &str = "Action=CreateTags&ResourceId.1=vpc-0123456789abcdef0&Tag.1.Key=team";

/// Operator, key, value, and requests: one that has the value, and one that has another or none.
type Row = (&'static str, &'static str, &'static str, [&'static str; 2], [&'static str; 2]);

const KEYS: &[Row] = &[
    ("StringEquals", "aws:PrincipalAccount", ACCOUNT, [VPCS, ""], ["", ""]),
    ("ArnLike", "aws:PrincipalArn", "arn:aws:iam::222222222222:user/*", [VPCS, ""], ["", ""]),
    ("StringEquals", "aws:PrincipalType", "User", [VPCS, ""], ["", ""]),
    ("IpAddress", "aws:SourceIp", "127.0.0.0/8", [VPCS, ""], ["", ""]),
    ("DateGreaterThan", "aws:CurrentTime", "2020-01-01T00:00:00Z", [VPCS, ""], ["", ""]),
    ("NumericGreaterThan", "aws:EpochTime", "1577836800", [VPCS, ""], ["", ""]),
    ("Bool", "aws:SecureTransport", "false", [VPCS, ""], ["", ""]),
    ("Null", "aws:TokenIssueTime", "true", [VPCS, ""], ["", ""]),
    ("StringEquals", "aws:RequestedRegion", "us-east-1", [VPCS, ""], ["", ""]),
    ("StringEquals", "aws:RequestTag/team", "a", [TAG, "&Tag.1.Value=a"], [TAG, "&Tag.1.Value=b"]),
    (
        "ForAllValues:StringEquals",
        "aws:TagKeys",
        "team",
        [TAG, "&Tag.1.Value=a"],
        [TAG, "&Tag.1.Value=a&Tag.2.Key=x&Tag.2.Value=y"],
    ),
    (
        "StringEquals",
        "ec2:VpceServiceName",
        "com.amazonaws.us-east-1.s3",
        [CONNECT, ""],
        [CONNECT, "x"],
    ),
    (
        "StringEquals",
        "ec2:VpceServiceRegion",
        "us-east-1",
        [CONNECT, ""],
        [CONNECT, "&ServiceRegion=eu-west-1"],
    ),
    (
        "StringEquals",
        "ec2:VpceServicePrivateDnsName",
        "a.example",
        [PROVIDE, "&PrivateDnsName=a.example"],
        [PROVIDE, "&PrivateDnsName=b.example"],
    ),
    (
        "StringEquals",
        "ec2:VpceServicePrivateDnsName",
        "a.example",
        [MODIFY, "&PrivateDnsName=a.example"],
        [MODIFY, "&PrivateDnsName=b.example"],
    ),
    (
        "ForAllValues:StringEquals",
        "ec2:VpceSupportedRegion",
        "us-east-1",
        [PROVIDE, "&SupportedRegion.1=us-east-1"],
        [PROVIDE, "&SupportedRegion.1=eu-west-1"],
    ),
    (
        "ForAnyValue:StringEquals",
        "ec2:VpceSupportedRegion",
        "us-east-1",
        [MODIFY, "&AddSupportedRegion.1=us-east-1"],
        [MODIFY, "&AddSupportedRegion.1=eu-west-1"],
    ),
    (
        "Bool",
        "ec2:VpceMultiRegion",
        "false",
        [PROVIDE, "&SupportedRegion.1=us-east-1"],
        [PROVIDE, "&SupportedRegion.1=eu-west-1"],
    ),
];

#[tokio::test]
async fn each_key_has_the_value_of_the_request() {
    let names: Vec<String> = (0..KEYS.len()).map(|number| format!("user-{number}")).collect();
    let add = |config: &mut Config| {
        for ((operator, key, value, ..), name) in KEYS.iter().zip(&names) {
            // What these are keys of; others that a call touches do not have them.
            let on =
                if key.starts_with("ec2:Vpce") { "arn:aws:ec2:*:*:vpc-endpoint*/*" } else { "*" };
            let statement = format!(
                r#"{{"Effect":"Allow","Action":"*","Resource":"{on}",
                    "Condition":{{"{operator}":{{"{key}":"{value}"}}}}}},
                    {{"Effect":"Allow","Action":"ec2:*","NotResource":"{on}"}},
                    {{"Effect":"Allow","Action":"vpce:AllowMultiRegion","Resource":"*"}}"#
            );
            add_user(config, ACCOUNT, name, Some(&statement));
        }
    };
    let rig = Rig::start_with(add).await;
    for ((operator, key, _, has, lacks), name) in KEYS.iter().zip(names) {
        let name: &'static str = name.leak();
        let code = async |form: String| {
            let answer = rig.call(user(name), EC2, &form).await;
            answer.text("Code").unwrap_or("none").to_owned()
        };
        // What is permitted may still name what is not there.
        let permitted = code(has.concat()).await;
        assert_ne!(permitted, "UnauthorizedOperation", "{operator} {key}");
        if !lacks[0].is_empty() {
            assert_eq!(code(lacks.concat()).await, "UnauthorizedOperation", "{operator} {key}");
        }
    }
}

#[tokio::test]
async fn other_regions_take_a_permission_of_their_own() {
    let ec2 = r#"{"Effect":"Allow","Action":"ec2:*","Resource":"*"}"#;
    let both = r#"{"Effect":"Allow","Action":["ec2:*","vpce:AllowMultiRegion"],"Resource":"*"}"#;
    let rig = Rig::start_with(|config| {
        add_user(config, ACCOUNT, "one-region", Some(ec2));
        add_user(config, ACCOUNT, "all-regions", Some(both));
    })
    .await;
    for (form, own, other) in [
        (CONNECT, "&ServiceRegion=us-east-1", "&ServiceRegion=eu-west-1"),
        (PROVIDE, "&SupportedRegion.1=us-east-1", "&SupportedRegion.1=eu-west-1"),
        (MODIFY, "&AddSupportedRegion.1=us-east-1", "&AddSupportedRegion.1=eu-west-1"),
    ] {
        for (name, region, is_permitted) in
            [("one-region", own, true), ("one-region", other, false), ("all-regions", other, true)]
        {
            let answer = rig.call(user(name), EC2, &format!("{form}{region}")).await;
            let is_refused = answer.text("Code") == Some("UnauthorizedOperation");
            assert_eq!(is_refused, !is_permitted, "{name} {form}{region} {}", answer.body);
            let names_it = answer.body.contains("vpce:AllowMultiRegion");
            assert_eq!(names_it, is_refused, "{}", answer.body);
        }
    }
}
