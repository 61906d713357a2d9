//! Who is calling.

use std::time::Duration;

use crate::rig::{CONSUMER, EC2, ELB, PROVIDER, Rig, STS, Signer, form_request};

const VPCS: &str = "Action=DescribeVpcs&Version=2016-11-15";
const BALANCERS: &str = "Action=DescribeLoadBalancers&Version=2015-12-01";
const WHO: &str = "Action=GetCallerIdentity&Version=2011-06-15";

#[tokio::test]
async fn callers_are_known_by_header_and_by_query() {
    let rig = Rig::start().await;
    for (signer, account) in [(PROVIDER, "111111111111"), (CONSUMER, "222222222222")] {
        let answer = rig.call(signer, STS, WHO).await.ok();
        assert_eq!(answer.get("Account"), account);
        let answer = rig.presigned(&format!("/?{WHO}"), signer, STS).await.ok();
        assert_eq!(answer.get("Arn"), format!("arn:aws:iam::{account}:root"));
        rig.presigned(&format!("/?{VPCS}"), signer, EC2).await.ok();
    }
}

#[tokio::test]
async fn get_with_signed_headers_is_as_good_as_post() {
    let rig = Rig::start().await;
    let mut request = form_request("");
    request.method = "GET";
    request.target = format!("/?{VPCS}&Filter.1.Name=state&Filter.1.Value.1=a%20b%2B");
    rig.send(&request, Some(PROVIDER), EC2).await.ok();
}

#[tokio::test]
async fn strangers_get_the_code_of_their_protocol() {
    let rig = Rig::start().await;
    let nobody = Signer { key: "nobody", ..PROVIDER };
    let wrong = Signer { secret: "wrong", ..PROVIDER };
    for (signer, service, form, expected) in [
        (Some(nobody), EC2, VPCS, (401, "AuthFailure")),
        (Some(wrong), EC2, VPCS, (401, "AuthFailure")),
        (None, EC2, VPCS, (403, "MissingAuthenticationToken")),
        (Some(nobody), ELB, BALANCERS, (403, "InvalidClientTokenId")),
        (Some(wrong), ELB, BALANCERS, (403, "SignatureDoesNotMatch")),
        (None, ELB, BALANCERS, (403, "MissingAuthenticationToken")),
        (Some(nobody), STS, WHO, (403, "InvalidClientTokenId")),
        (Some(wrong), STS, WHO, (403, "SignatureDoesNotMatch")),
        (None, STS, WHO, (403, "MissingAuthenticationToken")),
        // Signed for one service, meant for another: the scope decides.
        (Some(PROVIDER), STS, VPCS, (400, "InvalidAction")),
        (Some(PROVIDER), "s3", VPCS, (400, "InvalidAction")),
    ] {
        let answer = rig.send(&form_request(form), signer, service).await;
        assert_eq!(answer.refusal(), expected, "{service} {form}");
        let root = if service == EC2 { "<Response>" } else { "<ErrorResponse>" };
        assert!(answer.body.contains(root), "{}", answer.body);
    }
}

#[tokio::test]
async fn a_clock_that_is_off_is_told_so() {
    let rig = Rig::start().await;
    for (service, form) in [(EC2, VPCS), (ELB, BALANCERS), (STS, WHO)] {
        for sign in [-1, 1] {
            let mut request = form_request(form);
            let off = Duration::from_secs(360);
            request.at = if sign < 0 { request.at - off } else { request.at + off };
            let answer = rig.send(&request, Some(PROVIDER), service).await;
            assert_eq!(answer.refusal(), (400, "RequestExpired"), "{service} {sign}");
            assert!(answer.head.to_lowercase().contains("\r\ndate: "), "{}", answer.head);
        }
    }
}

#[tokio::test]
async fn a_body_that_was_changed_on_its_way_is_refused() {
    let rig = Rig::start().await;
    let request = form_request("Action=CreateVpc&CidrBlock=10.0.0.0%2F16");
    let (headers, _) = rig.signed(&request, PROVIDER, EC2, Default::default());
    let mut changed = request.clone();
    changed.body = b"Action=CreateVpc&CidrBlock=10.9.0.0%2F16".to_vec();
    let answer = rig.exchange(&rig.bytes(&changed, &headers)).await;
    assert_eq!(answer.refusal(), (401, "AuthFailure"));
    let answer = rig.call(PROVIDER, EC2, VPCS).await.ok();
    assert_eq!(answer.text("vpcId"), None);
}

#[tokio::test]
async fn malformed_claims_are_incomplete_signatures() {
    let rig = Rig::start().await;
    for header in ["AWS4-HMAC-SHA256", "Basic abc", "AWS4-HMAC-SHA256 Credential=a/b/c"] {
        for (form, root) in [(VPCS, "<Response>"), (WHO, "<ErrorResponse>")] {
            let headers = format!("authorization: {header}\r\n");
            let answer = rig.exchange(&rig.bytes(&form_request(form), &headers)).await;
            assert_eq!(answer.refusal(), (400, "IncompleteSignature"), "{header}");
            assert!(answer.body.contains(root), "{}", answer.body);
        }
    }
}
