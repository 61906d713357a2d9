//! Every policy that the PrivateLink and X-Ray guides print, each with requests that it permits and
//! requests that it does not.
//!
//! The files in `guide/` are the printed policies. Where the print breaks one across pages, it is
//! mended: a line broken within an ARN is joined, a statement whose tail was printed on the next
//! page gets that tail instead of a repeated one (`bucket_by_vpc`, `table_by_endpoint`), and
//! `s3>ListBucket` and its like are read as `s3:ListBucket`. In `create_by_owner` and
//! `create_by_service_name`, where the print repeats lines, there is one list of the four kinds of
//! resources; the key that the guide's text calls `ec2:VpcServiceOwner` is `ec2:VpceServiceOwner`,
//! as in its policy. `gateway_principal` is a condition alone in the print and stands here in a
//! whole policy. An account of eleven digits is left as it is.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use iam::{
    Caller, CallerKind, Context, Decision, Document, Request, document::Kind, endpoint_policy,
    evaluate,
};

const TOPIC: &str = "arn:aws:sns:us-east-1:111111111111:topic-name";
const BUCKET: &str = "arn:aws:s3:::bucket_name";
const TABLE: &str = "arn:aws:dynamodb:us-east-1:111111111111:table/t";
const OWN: &str = "arn:aws:ec2:us-east-1:111111111111:";

macro_rules! printed {
    ($name:literal) => {
        ($name, include_str!(concat!("guide/", $name, ".json")))
    };
}

/// The decision about a request of a user of account 111122223333.
fn decide(
    policy: &str,
    kind: Kind,
    action: &str,
    resource: &str,
    keys: &[(&str, &str)],
) -> Decision {
    let document = Document::parse(policy, kind).unwrap();
    let user = CallerKind::User { name: "alice".into() };
    let caller = Caller { account: "111122223333".into(), kind: user };
    let context =
        keys.iter().fold(Context::default(), |context, (key, value)| context.with(key, [*value]));
    evaluate([&document], &Request { caller: &caller, action, resource, context: &context })
}

/// A printed policy, an action on a resource, condition keys, and the decision.
type Row<'a> = ((&'a str, &'a str), &'a str, &'a str, &'a [(&'a str, &'a str)], Decision);

fn check(kind: Kind, rows: &[Row<'_>]) {
    for ((name, policy), action, resource, keys, expected) in rows {
        let decision = decide(policy, kind, action, resource, keys);
        assert_eq!(decision, *expected, "{name}: {action} on {resource} with {keys:?}");
    }
}

#[test]
fn identity_policies_permit_what_they_say() {
    use Decision::{Allow as Y, ImplicitDeny as N};
    let create = "ec2:CreateVpcEndpoint";
    let vpc = &format!("{OWN}vpc/vpc-1");
    let endpoint = &format!("{OWN}vpc-endpoint/*");
    let service = &format!("{OWN}vpc-endpoint-service/*");
    let (others, amazon) =
        ("arn:aws:ec2:us-east-1:222222222222:vpc/vpc-1", ("ec2:VpceServiceOwner", "amazon"));
    let s3 = ("ec2:VpceServiceName", "com.amazonaws.111111111111.s3");
    let example = ("ec2:VpceServicePrivateDnsName", "example.com");
    let modify = "ec2:ModifyVpcEndpointServiceConfiguration";
    let group = "arn:aws:xray:eu-west-1:123456789012:group/local-users/ID";
    let rule = "arn:aws:xray:eu-west-1:123456789012:sampling-rule/base-scorekeep";
    check(
        Kind::Identity,
        &[
            (printed!("use_of_endpoints"), create, vpc, &[], Y),
            (printed!("use_of_endpoints"), "ec2:DescribeVpcEndpointServices", "*", &[], Y),
            (printed!("use_of_endpoints"), "ec2:CreateVpc", vpc, &[], N),
            (printed!("create_by_owner"), create, vpc, &[], Y),
            (printed!("create_by_owner"), create, others, &[], N),
            (printed!("create_by_owner"), create, endpoint, &[amazon], Y),
            (printed!("create_by_owner"), create, endpoint, &[], N),
            (printed!("create_by_owner"), create, endpoint, &[(amazon.0, "111111111111")], N),
            (printed!("create_by_owner"), "ec2:DeleteVpcEndpoints", endpoint, &[amazon], N),
            (printed!("create_by_service_name"), create, vpc, &[], Y),
            (printed!("create_by_service_name"), create, endpoint, &[s3], Y),
            (printed!("create_by_service_name"), create, endpoint, &[(s3.0, "x")], N),
            (printed!("private_dns_name"), modify, service, &[example], Y),
            (printed!("private_dns_name"), modify, service, &[(example.0, "example.org")], N),
            (printed!("private_dns_name"), modify, service, &[], N),
            (printed!("private_dns_name"), "ec2:DeleteVpcEndpoints", service, &[example], N),
            (printed!("xray_group"), "xray:CreateGroup", group, &[], Y),
            (printed!("xray_group"), "xray:CreateGroup", rule, &[], N),
            (printed!("xray_sampling_rule"), "xray:CreateSamplingRule", rule, &[], Y),
            (printed!("xray_sampling_rule"), "xray:DeleteSamplingRule", rule, &[], N),
            (printed!("xray_read_only"), "xray:GetTraceGraph", "*", &[], Y),
            (printed!("xray_read_only"), "xray:PutTraceSegments", "*", &[], N),
            (printed!("xray_write_only"), "xray:PutTraceSegments", "*", &[], Y),
            (printed!("xray_write_only"), "xray:GetTraceGraph", "*", &[], N),
            (printed!("xray_full"), "xray:Anything", "*", &[], Y),
            (printed!("xray_full"), "ec2:Anything", "*", &[], N),
        ],
    );
}

#[test]
fn bucket_policies_forbid_what_does_not_come_the_named_way() {
    use Decision::{ExplicitDeny as D, ImplicitDeny as N};
    let (get, object) = ("s3:GetObject", "arn:aws:s3:::bucket_name/a");
    let example = "arn:aws:s3:::example_bucket/a";
    check(
        Kind::Resource,
        &[
            (
                printed!("bucket_by_endpoint"),
                get,
                object,
                &[("aws:SourceVpce", "vpce-1a2b3c4d")],
                N,
            ),
            (printed!("bucket_by_endpoint"), get, object, &[("aws:SourceVpce", "vpce-2")], D),
            (printed!("bucket_by_endpoint"), get, BUCKET, &[], D),
            (printed!("bucket_by_endpoint"), "s3:ListBucket", BUCKET, &[], N),
            (printed!("bucket_by_vpc"), get, example, &[("aws:SourceVpc", "vpc-111bbb22")], N),
            (printed!("bucket_by_vpc"), get, example, &[("aws:SourceVpc", "vpc-1")], D),
            (printed!("bucket_by_address"), get, object, &[("aws:VpcSourceIp", "172.31.9.9")], N),
            (printed!("bucket_by_address"), get, object, &[("aws:VpcSourceIp", "172.32.0.1")], D),
            (
                printed!("bucket_by_account"),
                get,
                object,
                &[("s3:ResourceAccount", "11122223333")],
                N,
            ),
            (printed!("bucket_by_account"), get, object, &[("s3:ResourceAccount", "1")], D),
            (
                printed!("table_by_endpoint"),
                "dynamodb:GetItem",
                TABLE,
                &[("aws:sourceVpce", "vpce-11aa22bb")],
                N,
            ),
            (printed!("table_by_endpoint"), "dynamodb:GetItem", TABLE, &[], D),
        ],
    );
}

#[test]
fn policies_for_the_service_admit_nobody_else() {
    let source = |kind: &str, id: &str| format!("{OWN}{kind}/{id}");
    for ((name, policy), action, resource, kind, id) in [
        (printed!("topic_of_endpoint"), "SNS:Publish", TOPIC, "vpc-endpoint", "endpoint-id"),
        (printed!("topic_of_service"), "SNS:Publish", TOPIC, "vpc-endpoint-service", "service-id"),
        (printed!("key_of_endpoint"), "kms:Decrypt", "key", "vpc-endpoint", "endpoint-id"),
        (printed!("key_of_service"), "kms:Decrypt", "key", "vpc-endpoint-service", "service-id"),
    ] {
        let arn = source(kind, id);
        let keys = [("aws:SourceArn", arn.as_str()), ("aws:SourceAccount", "111111111111")];
        let decision = decide(policy, Kind::Resource, action, resource, &keys);
        assert_eq!(decision, Decision::ImplicitDeny, "{name}");
    }
}

#[test]
fn endpoint_policies_keep_the_rules_and_permit_what_they_say() {
    use Decision::{Allow as Y, ImplicitDeny as N};
    let role = ("aws:PrincipalArn", "arn:aws:iam::111122223333:role/role_name");
    let other = ("aws:PrincipalArn", "arn:aws:iam::111122223333:role/role_name_2");
    let user = ("aws:PrincipalArn", "arn:aws:iam::123456789012:user/endpointuser");
    let account = ("aws:PrincipalAccount", "111122223333");
    let typo = ("aws:PrincipalAccount", "11122223333");
    let table = "arn:aws:dynamodb:region:123456789012:table/table_name";
    let rows: &[Row<'_>] = &[
        (printed!("endpoint_to_bucket"), "s3:ListBucket", BUCKET, &[], Y),
        (printed!("endpoint_to_bucket"), "s3:DeleteObject", BUCKET, &[], N),
        (printed!("endpoint_to_bucket"), "s3:GetObject", "arn:aws:s3:::bucket_name2", &[], N),
        (printed!("endpoint_for_role_s3"), "s3:GetObject", BUCKET, &[role], Y),
        (printed!("endpoint_for_role_s3"), "s3:GetObject", BUCKET, &[other], N),
        (printed!("endpoint_for_account_s3"), "s3:GetObject", BUCKET, &[account], Y),
        (printed!("endpoint_for_account_s3"), "s3:GetObject", BUCKET, &[typo], N),
        (printed!("endpoint_for_role_dynamodb"), "dynamodb:GetItem", TABLE, &[role], Y),
        (printed!("endpoint_for_role_dynamodb"), "dynamodb:GetItem", TABLE, &[], N),
        (printed!("endpoint_for_account_dynamodb"), "dynamodb:GetItem", TABLE, &[typo], Y),
        (printed!("endpoint_for_account_dynamodb"), "dynamodb:GetItem", TABLE, &[account], N),
        (printed!("endpoint_read_only"), "dynamodb:ListTables", "*", &[], Y),
        (printed!("endpoint_read_only"), "dynamodb:PutItem", "*", &[], N),
        (printed!("endpoint_to_table"), "dynamodb:BatchGetItem", table, &[], Y),
        (printed!("endpoint_to_table"), "dynamodb:Query", table, &[], N),
        (printed!("endpoint_to_table"), "dynamodb:GetItem", TABLE, &[], N),
        (printed!("endpoint_default"), "any:Thing", "arn:x", &[], Y),
        (printed!("gateway_principal"), "s3:GetObject", BUCKET, &[user], Y),
        (printed!("gateway_principal"), "s3:GetObject", BUCKET, &[role], N),
    ];
    check(Kind::Resource, rows);
    for ((name, policy), ..) in rows {
        assert!(endpoint_policy::parse(policy).is_ok(), "{name}");
    }
}
