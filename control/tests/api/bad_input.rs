//! Input that no operation can take: the protocol's own error, and nothing changed.

use crate::rig::{EC2, ELB, PROVIDER, Rig, STS, form_request};

/// What there is, as one text.
async fn everything(rig: &Rig) -> String {
    let mut all = String::new();
    for (service, action) in [
        (EC2, "DescribeVpcs"),
        (EC2, "DescribeSubnets"),
        (EC2, "DescribeVpcEndpoints"),
        (EC2, "DescribeVpcEndpointServiceConfigurations"),
        (EC2, "DescribeTags"),
        (ELB, "DescribeLoadBalancers"),
        (ELB, "DescribeTargetGroups"),
    ] {
        let answer = rig.call(PROVIDER, service, &format!("Action={action}")).await.ok();
        let id = answer.text("requestId").or_else(|| answer.text("RequestId")).unwrap();
        all.push_str(&answer.body.replace(id, ""));
    }
    all
}

#[tokio::test]
async fn bad_requests_get_their_code_and_change_nothing() {
    let rig = Rig::start().await;
    let made = rig.call(PROVIDER, EC2, "Action=CreateVpc&CidrBlock=10.0.0.0/16").await.ok();
    let vpc = made.get("vpcId");
    let before = everything(&rig).await;

    let many: String = (0..10_000).map(|i| format!("&VpcId.{i}=vpc-1")).collect();
    let create = "Action=CreateVpc&CidrBlock=10.0.0.0/16";
    let create_tagged = format!("{create}&TagSpecification.1.ResourceType=vpc");
    let tag = "&TagSpecification.1.Tag.1";
    let table: Vec<(&str, String, (u16, &str))> = vec![
        (EC2, "".into(), (400, "MissingAction")),
        (EC2, "Action=".into(), (400, "InvalidAction")),
        (EC2, "Action=DescribeInstances".into(), (400, "InvalidAction")),
        (EC2, "Action=%3Cscript%3E".into(), (400, "InvalidAction")),
        (ELB, "Action=DescribeVpcs".into(), (400, "InvalidAction")),
        (STS, "Action=GetFederationToken".into(), (400, "InvalidAction")),
        (EC2, format!("{create}&%"), (400, "MalformedQueryString")),
        (EC2, format!("{create}&x=%ff"), (400, "MalformedQueryString")),
        (EC2, format!("{create}&CidrBlock=10.1.0.0/16"), (400, "MalformedQueryString")),
        (EC2, format!("Action=DescribeVpcs{many}"), (400, "MalformedQueryString")),
        (EC2, format!("{create}&Bogus=1"), (400, "UnknownParameter")),
        (EC2, format!("{create}&DryRun=maybe"), (400, "InvalidParameterValue")),
        (EC2, format!("{create}&DryRun=true"), (412, "DryRunOperation")),
        (EC2, format!("{create}&Ipv4IpamPoolId=x"), (400, "UnsupportedOperation")),
        (EC2, format!("{create_tagged}{tag}.Key=a{tag}.Value=%00"), (400, "InvalidParameterValue")),
        (EC2, format!("{create_tagged}{tag}.Value=a"), (400, "MissingParameter")),
        (EC2, format!("{create_tagged}{tag}.Key=aws:a"), (400, "InvalidParameterValue")),
        (EC2, create.replace("/16", "/40"), (400, "InvalidParameterValue")),
        (EC2, create.replace("/16", "/8"), (400, "InvalidVpc.Range")),
        (EC2, "Action=CreateVpc".into(), (400, "MissingParameter")),
        (EC2, "Action=DeleteVpc&VpcId=vpc-x".into(), (400, "InvalidVpcID.Malformed")),
        (EC2, "Action=DeleteVpc&VpcId=vpc-12345678".into(), (400, "InvalidVpcID.NotFound")),
        (EC2, format!("Action=DeleteVpc&VpcId={vpc}&DryRun=true"), (412, "DryRunOperation")),
        (EC2, "Action=DescribeVpcs&MaxResults=4".into(), (400, "InvalidParameterValue")),
        (EC2, "Action=DescribeVpcs&NextToken=abc".into(), (400, "InvalidNextToken")),
        (
            EC2,
            "Action=DescribeVpcs&Filter.1.Name=x&Filter.1.Value.1=y".into(),
            (400, "InvalidParameterValue"),
        ),
        (
            EC2,
            "Action=DescribeVpcs&VpcId.1=a&VpcId.999999999999999999999=b".into(),
            (400, "InvalidVpcID.Malformed"),
        ),
        (EC2, "Action=CreateTags&ResourceId.1=x&Tag.1.Key=a".into(), (400, "InvalidID")),
        (ELB, "Action=CreateLoadBalancer&Name=a".into(), (400, "InvalidConfigurationRequest")),
        (ELB, "Action=DeleteTargetGroup&TargetGroupArn=x".into(), (400, "ValidationError")),
        (ELB, "Action=CreateListener".into(), (400, "MissingParameter")),
        (ELB, "Action=DescribeLoadBalancers&Marker=x".into(), (400, "ValidationError")),
        (ELB, "Action=DescribeLoadBalancers&PageSize=401".into(), (400, "InvalidParameterValue")),
    ];
    for (service, form, expected) in table {
        let answer = rig.call(PROVIDER, service, &form).await;
        assert_eq!(answer.refusal(), expected, "{service} {form:.80} {}", answer.body);
    }
    assert_eq!(everything(&rig).await, before);
}

#[tokio::test]
async fn bodies_over_the_limit_are_refused_and_read_to_their_end() {
    let rig = Rig::start().await;
    for size in [256 * 1024 + 1, 4 * 1024 * 1024] {
        let mut request = form_request("Action=DescribeVpcs&Version=2016-11-15&x=");
        request.body.resize(size, b'a');
        let answer = rig.send(&request, Some(PROVIDER), EC2).await;
        assert_eq!(answer.refusal(), (413, "RequestEntityTooLarge"), "{size}");
    }
    let mut request = form_request("Action=DescribeVpcs&x=");
    request.body.resize(256 * 1024, b'a');
    let answer = rig.send(&request, Some(PROVIDER), EC2).await;
    assert_eq!(answer.refusal(), (400, "UnknownParameter"));
}

#[tokio::test]
async fn other_methods_and_paths_get_errors_in_xml() {
    let rig = Rig::start().await;
    for (method, target, status) in
        [("PUT", "/", 405), ("DELETE", "/", 405), ("POST", "/x", 404), ("GET", "/favicon.ico", 404)]
    {
        let mut request = form_request("");
        (request.method, request.target) = (method, target.to_owned());
        let answer = rig.send(&request, Some(PROVIDER), EC2).await;
        assert_eq!(answer.status, status, "{method} {target}");
        assert!(answer.text("Code").is_some(), "{answer:?}");
    }
}

#[tokio::test]
async fn services_of_newer_protocols_get_errors_in_json() {
    let rig = Rig::start().await;
    let mut request = form_request("{}");
    request.kind = "application/x-amz-json-1.0";
    let answer = rig.send(&request, Some(PROVIDER), "monitoring").await;
    assert_eq!(answer.status, 400);
    assert!(answer.body.starts_with(r#"{"__type":"InvalidAction""#), "{}", answer.body);
}

#[tokio::test]
async fn what_is_not_http_does_not_disturb() {
    let rig = Rig::start().await;
    let answer = rig.exchange(b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n").await;
    assert_eq!(answer.status, 400);
    // The limit is on what is buffered, and one more read may come on top of that.
    let long = "x".repeat(512 * 1024);
    let answer = rig.exchange(format!("GET / HTTP/1.1\r\nx: {long}\r\n\r\n").as_bytes()).await;
    assert_eq!(answer.status, 431);
    rig.call(PROVIDER, EC2, "Action=DescribeVpcs").await.ok();
}

#[tokio::test]
async fn hostile_texts_come_back_as_they_went_in() {
    let rig = Rig::start().await;
    let texts = ["]]>", "<!--", "&amp;", "<a b='c'>\"", "a\r\nb\tc", "ü\u{1f600}", " "];
    for text in texts {
        let encoded: String = text.bytes().map(|b| format!("%{b:02x}")).collect();
        let tag = "TagSpecification.1.Tag.1";
        let form = format!(
            "Action=CreateVpc&CidrBlock=10.0.0.0/16&TagSpecification.1.ResourceType=vpc\
             &{tag}.Key={encoded}&{tag}.Value={encoded}"
        );
        let made = rig.call(PROVIDER, EC2, &form).await.ok();
        for element in ["key", "value"] {
            let back = made.get(element);
            assert_eq!(quick_xml::escape::unescape(&back).unwrap(), text);
        }
    }
}

#[tokio::test]
async fn stopping_ends_idle_connections() {
    let mut rig = Rig::start().await;
    let idle = tokio::net::TcpStream::connect(rig.address).await.unwrap();
    rig.call(PROVIDER, EC2, "Action=DescribeVpcs").await.ok();
    rig.stop().await;
    assert!(tokio::net::TcpStream::connect(rig.address).await.is_err());
    drop(idle);
}
