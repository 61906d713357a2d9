//! What is written down of calls.

use std::path::Path;

use serde_json::Value;

use crate::rig::{CONSUMER, EC2, ELB, PROVIDER, Rig, STS, Signer};

fn lines(path: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(path).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[tokio::test]
async fn every_call_is_written_down_with_who_and_how_it_ended() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("audit.jsonl");
    let mut rig = Rig::start_audited(&path).await;
    let wrong = Signer { secret: "wrong", ..PROVIDER };
    let calls = [
        (PROVIDER, EC2, "Action=CreateVpc&Version=2016-11-15&CidrBlock=10.0.0.0%2F16"),
        (PROVIDER, EC2, "Action=CreateVpc&Version=2016-11-15&CidrBlock=10.0.0.0%2F8"),
        (CONSUMER, EC2, "Action=DescribeVpcs&Version=2016-11-15&DryRun=true"),
        (CONSUMER, ELB, "Action=DescribeLoadBalancers&Names.member.1=none&Version=2015-12-01"),
        (PROVIDER, STS, "Action=GetCallerIdentity&Version=2011-06-15&Password=quiet"),
        (wrong, EC2, "Action=DeleteVpc&VpcId=vpc-1"),
        (CONSUMER, EC2, "Action=NoSuchThing&Secret=quiet"),
    ];
    let mut ids = Vec::new();
    for (signer, service, form) in calls {
        let answer = rig.call(signer, service, form).await;
        let (_, id) = answer.head.split_once("x-amzn-requestid: ").unwrap();
        ids.push(id.split("\r\n").next().unwrap().to_owned());
    }
    // Not an API call at all, but somebody tried.
    rig.exchange(b"GET /admin HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await;
    rig.stop().await;
    rig.audit.stop().await;

    let lines = lines(&path);
    let (ec2, elb, sts) =
        ("ec2.amazonaws.com", "elasticloadbalancing.amazonaws.com", "sts.amazonaws.com");
    let (provider, consumer) = (Some("111111111111"), Some("222222222222"));
    let expected = [
        (ec2, "CreateVpc", provider, false, None),
        (ec2, "CreateVpc", provider, false, Some("Client.InvalidVpc.Range")),
        (ec2, "DescribeVpcs", consumer, true, Some("Client.DryRunOperation")),
        (elb, "DescribeLoadBalancers", consumer, true, Some("LoadBalancerNotFound")),
        (sts, "GetCallerIdentity", provider, true, Some("UnknownParameter")),
        (ec2, "DeleteVpc", None, false, Some("Client.AuthFailure")),
        (ec2, "NoSuchThing", consumer, false, Some("Client.InvalidAction")),
        ("unknown", "unknown", None, false, Some("InvalidAction")),
    ];
    assert_eq!(lines.len(), expected.len());
    for (line, (source, name, account, reads, code)) in lines.iter().zip(expected) {
        assert_eq!(line["eventSource"], source, "{line}");
        assert_eq!(line["eventName"], name, "{line}");
        assert_eq!(line["recipientAccountId"].as_str(), account, "{line}");
        assert_eq!(line["userIdentity"]["accountId"].as_str(), account, "{line}");
        assert_eq!(line["readOnly"], reads, "{line}");
        assert_eq!(line["errorCode"].as_str(), code, "{line}");
        assert_eq!(line["sourceIPAddress"], "127.0.0.1", "{line}");
        assert!(!line.to_string().contains("quiet"), "{line}");
    }
    for (line, id) in lines.iter().zip(ids) {
        assert_eq!(line["requestID"], id);
    }
    assert_eq!(lines[0]["requestParameters"]["CidrBlock"], "10.0.0.0/16");
    // What a stranger sends is not kept.
    assert_eq!(lines[5]["requestParameters"], Value::Null);
}
