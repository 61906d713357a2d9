//! Hostile callers of the API: each gets the protocol's own error, quickly, and nothing changes.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use tests::{
    Api, Postern,
    api::{Answer, exchange},
    postern::{CONSUMER, PROVIDER},
};

/// Every kind of resource there is, as one text: what must not change.
fn everything(api: &Api) -> String {
    let ec2 = [
        "DescribeVpcs",
        "DescribeSubnets",
        "DescribeVpcEndpoints",
        "DescribeVpcEndpointServiceConfigurations",
        "DescribeTags",
    ];
    let elb = ["DescribeLoadBalancers", "DescribeTargetGroups"];
    let ec2 = ec2.map(|action| api.ec2(action, &[]).unwrap().body);
    let elb = elb.map(|action| api.elb(action, &[]).unwrap().body);
    // Request ids differ from call to call.
    let without_id = |body: String| {
        let (front, rest) = body.split_once("equestId>").unwrap();
        let back = rest.split_once("equestId>").map_or("", |(_, back)| back);
        format!("{front}{back}")
    };
    ec2.into_iter().chain(elb).map(without_id).collect()
}

fn is_ec2_error(answer: &Answer, status: u16, code: &str) {
    assert_eq!((answer.status, answer.text("Code").as_deref()), (status, Some(code)), "{answer:?}");
    assert!(answer.body.contains("<Response><Errors><Error>"), "{}", answer.body);
    assert!(answer.body.contains("<RequestID>"), "{}", answer.body);
    assert!(answer.head.to_ascii_lowercase().contains("content-type: text/xml"), "{}", answer.head);
}

fn many(count: usize) -> String {
    let members: String = (1..=count).map(|n| format!("&VpcId.{n}=x")).collect();
    format!("Action=DescribeVpcs&Version=2016-11-15{members}")
}

#[test]
fn bad_forms_get_the_protocols_own_error_and_change_nothing() {
    let postern = Postern::start();
    let api = postern.api(CONSUMER);
    api.ec2("CreateVpc", &[("CidrBlock", "10.0.0.0/16")]).unwrap();
    let before = everything(&api);
    let version = "Version=2016-11-15";
    let cases: Vec<(String, &str)> = vec![
        (format!("Action=NoSuchAction&{version}"), "InvalidAction"),
        (version.to_owned(), "MissingAction"),
        (String::new(), "MissingAction"),
        (format!("Action=CreateVpc&{version}"), "MissingParameter"),
        (format!("Action=CreateVpc&{version}&CidrBlock=10.0.0.0%2F16&Nope=1"), "UnknownParameter"),
        (format!("Action=CreateVpc&{version}&CidrBlock=x"), "InvalidParameterValue"),
        (format!("Action=DescribeVpcs&{version}&MaxResults=many"), "InvalidParameterValue"),
        (format!("Action=DescribeVpcs&{version}&DryRun=perhaps"), "InvalidParameterValue"),
        (
            format!("Action=DescribeVpcs&{version}&Filter.1.Name=nope&Filter.1.Value.1=x"),
            "InvalidParameterValue",
        ),
        (
            format!("Action=DeleteVpcEndpoints&{version}&VpcEndpointId.999999999.x=1"),
            "MissingParameter",
        ),
        (format!("Action=DescribeVpcs&{version}&VpcId.1=%FF%FE"), "MalformedQueryString"),
        (format!("Action=DescribeVpcs&{version}&VpcId.1=%zz"), "MalformedQueryString"),
        (many(10_000), "MalformedQueryString"),
    ];
    for (form, code) in cases {
        let answer = api.send("ec2", form.as_bytes()).unwrap();
        let shown: String = form.chars().take(120).collect();
        assert_eq!(answer.text("Code").as_deref(), Some(code), "{shown}: {}", answer.body);
        is_ec2_error(&answer, 400, code);
    }
    assert_eq!(everything(&api), before);
}

#[test]
fn a_body_over_the_limit_is_refused_unread() {
    let postern = Postern::start();
    let api = postern.api(CONSUMER);
    let body = vec![b'a'; 4 << 20];
    let answer = api.send("ec2", &body).unwrap();
    assert_eq!(answer.status, 413, "{answer:?}");
    assert!(answer.body.contains("<Code>RequestEntityTooLarge</Code>"), "{}", answer.body);
}

#[test]
fn hostile_tags_come_back_as_they_were() {
    let postern = Postern::start();
    let api = postern.api(CONSUMER);
    let vpc = api.ec2("CreateVpc", &[("CidrBlock", "10.0.0.0/16")]).unwrap().text("vpcId").unwrap();
    let hostile = "]]></value><x a='\"'>&amp;<!--ünï \u{1F600}\t\r\n";
    let members = [("ResourceId.1", vpc.as_str()), ("Tag.1.Key", "<k&>"), ("Tag.1.Value", hostile)];
    api.ec2("CreateTags", &members).unwrap();
    let seen = postern.aws(CONSUMER).run(&format!("ec2 describe-vpcs --vpc-ids {vpc}"));
    let tags = &seen["Vpcs"][0]["Tags"];
    assert_eq!(*tags, serde_json::json!([{ "Key": "<k&>", "Value": hostile }]));

    // XML 1.0 cannot carry these at all, so they are refused on the way in.
    for control in ["\u{0}", "\u{1}", "\u{b}", "\u{fffe}"] {
        let members =
            [("ResourceId.1", vpc.as_str()), ("Tag.1.Key", "k"), ("Tag.1.Value", control)];
        let error = api.ec2("CreateTags", &members).unwrap_err();
        assert_eq!(error.code, "InvalidParameterValue", "{control:?}");
    }
}

#[test]
fn bad_signatures_are_refused_with_the_right_code() {
    let postern = Postern::start();
    let form = b"Action=DescribeVpcs&Version=2016-11-15";
    let addr = postern.listening().api;
    let unsigned = format!(
        "POST / HTTP/1.1\r\nhost: {addr}\r\nconnection: close\r\ncontent-length: {}\r\n\
         content-type: application/x-www-form-urlencoded\r\n\r\n",
        form.len()
    );
    let answer = exchange(addr, &[unsigned.as_bytes(), form].concat()).unwrap();
    is_ec2_error(&answer, 403, "MissingAuthenticationToken");

    let wrong_secret = tests::Key { secret: "wrong", ..CONSUMER };
    let unknown = tests::Key { id: "nobody", ..CONSUMER };
    for key in [wrong_secret, unknown] {
        let answer = postern.api(key).send("ec2", form).unwrap();
        is_ec2_error(&answer, 401, "AuthFailure");
    }
    let sts = b"Action=GetCallerIdentity&Version=2011-06-15";
    for (key, code) in [(wrong_secret, "SignatureDoesNotMatch"), (unknown, "InvalidClientTokenId")]
    {
        let answer = postern.api(key).send("sts", sts).unwrap();
        assert_eq!((answer.status, answer.text("Code").as_deref()), (403, Some(code)));
    }
}

#[test]
fn another_accounts_ids_look_unknown() {
    let postern = Postern::start();
    let (owner, other) = (postern.api(PROVIDER), postern.api(CONSUMER));
    let vpc =
        owner.ec2("CreateVpc", &[("CidrBlock", "10.0.0.0/16")]).unwrap().text("vpcId").unwrap();
    let members = [("VpcId", vpc.as_str()), ("CidrBlock", "10.0.1.0/24")];
    let subnet = owner.ec2("CreateSubnet", &members).unwrap().text("subnetId").unwrap();
    let before = everything(&owner);
    let unknown = format!("vpc-{:017x}", 1);
    for (action, members, code) in [
        ("DescribeVpcs", vec![("VpcId.1", vpc.as_str())], "InvalidVpcID.NotFound"),
        ("DeleteVpc", vec![("VpcId", vpc.as_str())], "InvalidVpcID.NotFound"),
        ("DescribeVpcs", vec![("VpcId.1", unknown.as_str())], "InvalidVpcID.NotFound"),
        ("DeleteSubnet", vec![("SubnetId", subnet.as_str())], "InvalidSubnetID.NotFound"),
        (
            "CreateSubnet",
            vec![("VpcId", vpc.as_str()), ("CidrBlock", "10.0.2.0/24")],
            "InvalidVpcID.NotFound",
        ),
    ] {
        let error = other.ec2(action, &members).unwrap_err();
        assert_eq!((error.status, error.code.as_str()), (400, code), "{action}: {error}");
    }
    assert_eq!(everything(&owner), before);
}
