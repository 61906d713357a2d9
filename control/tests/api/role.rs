//! Acting as a role for a time.

use std::time::Duration;

use control::Config;

use crate::rig::{
    Answer, CONSUMER, EC2, ELB, PROVIDER, Rig, STS, Signer, add_role, add_user, form_request,
    session, user,
};

const PROVIDER_ID: &str = "111111111111";
const CONSUMER_ID: &str = "222222222222";

fn configure(config: &mut Config) {
    let assume = r#"{"Effect":"Allow","Action":"sts:AssumeRole","Resource":"*"}"#;
    let forbid = r#"{"Effect":"Deny","Action":"sts:AssumeRole","Resource":"*"}"#;
    add_user(config, PROVIDER_ID, "assumer", Some(assume));
    add_user(config, PROVIDER_ID, "nobody", None);
    add_user(config, PROVIDER_ID, "forbidden", Some(forbid));
    add_user(config, CONSUMER_ID, "foreigner", Some(assume));
    add_user(config, CONSUMER_ID, "foreign-nobody", None);
    let trust = |principals: &str, condition: &str| {
        format!(
            r#"{{"Effect":"Allow","Action":"sts:AssumeRole",
                "Principal":{{"AWS":[{principals}]}}{condition}}}"#
        )
    };
    let list = r#"{"Effect":"Allow","Action":"ec2:Describe*","Resource":"*"},
        {"Effect":"Allow","Action":"sts:AssumeRole","Resource":"*"}"#;
    let mut add = |name, trust: &str| add_role(config, PROVIDER_ID, name, trust, list);
    add("own-account", &trust(r#""111111111111""#, ""));
    let named = r#""arn:aws:iam::111111111111:user/nobody",
        "arn:aws:iam::111111111111:user/forbidden",
        "arn:aws:iam::222222222222:user/foreign-nobody""#;
    add("by-name", &trust(named, ""));
    let external = r#","Condition":{"StringEquals":{"sts:ExternalId":"agreed"}}"#;
    add("foreign", &trust(r#""222222222222""#, external));
    add("chained", &trust(r#""arn:aws:iam::111111111111:role/own-account""#, ""));
}

async fn assume(rig: &Rig, signer: Signer, role: &str, more: &str) -> Answer {
    let form = format!(
        "Action=AssumeRole&RoleArn=arn:aws:iam::111111111111:role/{role}\
         &RoleSessionName=session{more}"
    );
    rig.call(signer, STS, &form).await
}

#[tokio::test]
async fn a_role_is_assumed_by_whom_it_trusts_and_who_may() {
    let rig = Rig::start_with(configure).await;
    let denied = Err((403, "AccessDenied"));
    for (signer, role, more, expected) in [
        (user("assumer"), "own-account", "", Ok(())),
        // An account that is trusted decides by its own policies which of its users may.
        (user("nobody"), "own-account", "", denied),
        (user("forbidden"), "own-account", "", denied),
        (PROVIDER, "own-account", "", Ok(())),
        (user("nobody"), "by-name", "", Ok(())),
        (user("forbidden"), "by-name", "", denied),
        (user("assumer"), "by-name", "", denied),
        // In another account its own policies must permit it, too.
        (user("foreign-nobody"), "by-name", "", denied),
        (user("foreigner"), "foreign", "&ExternalId=agreed", Ok(())),
        (user("foreigner"), "foreign", "&ExternalId=other", denied),
        (user("foreigner"), "foreign", "", denied),
        (user("foreigner"), "own-account", "", denied),
        (CONSUMER, "own-account", "", denied),
        (user("assumer"), "no-such-role", "", denied),
        (user("assumer"), "own-account", "&DurationSeconds=7200", Ok(())),
        (user("assumer"), "own-account", "&DurationSeconds=7201", Err((400, "ValidationError"))),
        (user("assumer"), "own-account", "&DurationSeconds=899", Err((400, "ValidationError"))),
        (user("assumer"), "own-account", "&Policy=x", Err((400, "MalformedPolicyDocument"))),
        (user("assumer"), "a/b", "", Err((400, "ValidationError"))),
    ] {
        let answer = assume(&rig, signer, role, more).await;
        let got = if answer.status == 200 { Ok(()) } else { Err(answer.refusal()) };
        assert_eq!(got, expected, "{} {role} {more} {}", signer.key, answer.body);
    }
    let form = "Action=AssumeRole&RoleArn=arn:aws:iam::111111111111:role/own-account\
                &RoleSessionName=a%20b";
    assert_eq!(rig.call(PROVIDER, STS, form).await.refusal(), (400, "ValidationError"));
}

#[tokio::test]
async fn a_session_acts_as_its_role_and_ends() {
    let rig = Rig::start_with(configure).await;
    let assumed = assume(&rig, user("assumer"), "own-account", "&DurationSeconds=900").await.ok();
    let arn = "arn:aws:sts::111111111111:assumed-role/own-account/session";
    assert_eq!(assumed.get("Arn"), arn);
    let signer = session(&assumed);
    let who = "Action=GetCallerIdentity&Version=2011-06-15";
    let identity = rig.call(signer, STS, who).await.ok();
    assert_eq!(identity.get("Arn"), arn);
    assert_eq!(identity.get("UserId"), assumed.get("AssumedRoleId"));
    assert!(identity.get("UserId").ends_with(":session"));
    rig.presigned(&format!("/?{who}"), signer, STS).await.ok();
    rig.call(signer, EC2, "Action=DescribeVpcs").await.ok();
    let create = "Action=CreateVpc&CidrBlock=10.0.0.0/16";
    assert_eq!(rig.call(signer, EC2, create).await.refusal(), (403, "UnauthorizedOperation"));
    let long = assume(&rig, signer, "chained", "&DurationSeconds=3601").await;
    assert_eq!(long.refusal(), (400, "ValidationError"));
    assume(&rig, signer, "chained", "").await.ok();

    let later = Duration::from_secs(900);
    rig.set_ahead(later);
    for (service, form, expected) in [
        (EC2, "Action=DescribeVpcs&Version=2016-11-15", (400, "RequestExpired")),
        (ELB, "Action=DescribeTags&Version=2015-12-01", (403, "ExpiredToken")),
        (STS, who, (403, "ExpiredToken")),
    ] {
        let mut request = form_request(form);
        request.at = request.at + later;
        let answer = rig.send(&request, Some(signer), service).await;
        assert_eq!(answer.refusal(), expected, "{service}");
    }
}

#[tokio::test]
async fn key_secret_and_token_belong_together() {
    let rig = Rig::start_with(configure).await;
    let one = session(&assume(&rig, user("assumer"), "own-account", "").await.ok());
    let other = session(&assume(&rig, PROVIDER, "own-account", "&DurationSeconds=901").await.ok());
    let who = "Action=GetCallerIdentity&Version=2011-06-15";
    for (signer, code) in [
        (Signer { token: None, ..one }, "InvalidClientTokenId"),
        (Signer { token: other.token, ..one }, "InvalidClientTokenId"),
        (Signer { token: Some("made-up"), ..one }, "InvalidClientTokenId"),
        (Signer { token: one.token, ..PROVIDER }, "InvalidClientTokenId"),
        (Signer { secret: other.secret, ..one }, "SignatureDoesNotMatch"),
    ] {
        let answer = rig.call(signer, STS, who).await;
        assert_eq!(answer.refusal(), (403, code), "{signer:?}");
    }
    // Another process does not know it.
    let restarted = Rig::start_with(configure).await;
    let answer = restarted.call(one, STS, who).await;
    assert_eq!(answer.refusal(), (403, "InvalidClientTokenId"));
}
