//! Sessions with less than their role may, sessions of users, and what both are refused with.

use std::time::Duration;

use control::Config;

use crate::rig::{
    Answer, EC2, ELB, PROVIDER, Rig, STS, Signer, add_role, add_user, form_request, session, user,
};

const ACCOUNT: &str = "111111111111";
const WHO: &str = "Action=GetCallerIdentity&Version=2011-06-15";
const TOKEN: &str = "Action=GetSessionToken&Version=2011-06-15";
const TRUST: &str =
    r#"{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"AWS":"111111111111"}}"#;

fn configure(config: &mut Config) {
    let list = r#"{"Effect":"Allow","Action":"ec2:Describe*","Resource":"*"}"#;
    let wide = r#"{"Effect":"Allow","Action":["ec2:*","sts:*"],"Resource":"*"},
        {"Effect":"Deny","Action":"ec2:DescribeSubnets","Resource":"*"}"#;
    // AWS's way of revoking the sessions that there are.
    let revoked = r#"{"Effect":"Allow","Action":"*","Resource":"*"},
        {"Effect":"Deny","Action":"*","Resource":"*",
            "Condition":{"DateLessThan":{"aws:TokenIssueTime":"2099-01-01T00:00:00Z"}}}"#;
    add_user(config, ACCOUNT, "alice", Some(list));
    for (name, statements) in [("wide", wide), ("revoked", revoked), ("other", list)] {
        add_role(config, ACCOUNT, name, TRUST, statements);
    }
}

async fn assume(rig: &Rig, signer: Signer, role: &str, policy: &str) -> Answer {
    let policy = percent_encoding::utf8_percent_encode(policy, percent_encoding::NON_ALPHANUMERIC);
    let form = format!(
        "Action=AssumeRole&RoleArn=arn:aws:iam::{ACCOUNT}:role/{role}&RoleSessionName=session\
         &Policy={policy}"
    );
    rig.call(signer, STS, &form).await
}

fn statement(effect: &str, action: &str) -> String {
    format!(r#"{{"Effect":"{effect}","Action":"{action}","Resource":"*"}}"#)
}

fn policy(statements: &[String]) -> String {
    format!(r#"{{"Version":"2012-10-17","Statement":[{}]}}"#, statements.join(","))
}

#[tokio::test]
async fn a_session_may_what_its_role_and_its_own_policy_permit() {
    let rig = Rig::start_with(configure).await;
    let [vpcs, subnets, create] = [
        "Action=DescribeVpcs",
        "Action=DescribeSubnets",
        "Action=CreateVpc&CidrBlock=10.0.0.0%2F16",
    ];
    let allow = statement("Allow", "ec2:Describe*");
    let deny = statement("Deny", "ec2:DescribeVpcs");
    let yes = None;
    let by_session = Some("because no session policy allows");
    let by_deny = Some("with an explicit deny in a session policy");
    let by_role = Some("with an explicit deny in an identity-based policy");
    let by_nobody = Some("because no identity-based policy allows");
    for (role, statements, form, expected) in [
        ("wide", vec![allow.clone()], vpcs, yes),
        ("wide", vec![allow.clone()], create, by_session),
        ("wide", vec![allow.clone()], subnets, by_role),
        ("wide", vec![allow.clone(), deny.clone()], vpcs, by_deny),
        ("wide", vec![deny], create, by_session),
        // It permits nothing by itself.
        ("other", vec![statement("Allow", "*")], vpcs, yes),
        ("other", vec![statement("Allow", "*")], create, by_nobody),
        ("revoked", vec![statement("Allow", "*")], vpcs, by_role),
    ] {
        let assumed = assume(&rig, PROVIDER, role, &policy(&statements)).await.ok();
        let percent: u32 = assumed.get("PackedPolicySize").parse().unwrap();
        assert!((1..10).contains(&percent), "{percent}");
        let answer = rig.call(session(&assumed), EC2, form).await;
        match expected {
            None => assert_eq!(answer.status, 200, "{role} {statements:?} {form}: {answer:?}"),
            Some(why) => {
                assert_eq!(answer.refusal(), (403, "UnauthorizedOperation"), "{statements:?}");
                assert!(answer.get("Message").contains(why), "{statements:?} {}", answer.body);
            }
        }
    }
    // Nor does it get around its policy by assuming another role.
    let narrow = session(&assume(&rig, PROVIDER, "wide", &policy(&[allow])).await.ok());
    let chained = assume(&rig, narrow, "other", &policy(&[statement("Allow", "*")])).await;
    assert_eq!(chained.refusal(), (403, "AccessDenied"));
}

#[tokio::test]
async fn a_sessions_policy_is_checked_when_it_is_asked_for() {
    let rig = Rig::start_with(configure).await;
    let sid = |text: &str| {
        policy(&[format!(r#"{{"Effect":"Allow","Action":"*","Resource":"arn:aws:ec2:::{text}"}}"#)])
    };
    let room = 2048 - sid("").len();
    let with_principal = policy(&[TRUST.to_owned()]);
    let malformed = (400, "MalformedPolicyDocument");
    let violated = (400, "ValidationError");
    for (policy, expected) in [
        ("{", malformed),
        ("{}", malformed),
        (&with_principal, malformed),
        (&policy(&[statement("Maybe", "*")]), malformed),
        ("", violated),
        (&sid("\u{100}"), violated),
        (&sid(&"a".repeat(room)), (200, "none")),
        (&sid(&"a".repeat(room + 1)), violated),
        (&sid(&"é".repeat(room)), (400, "PackedPolicyTooLarge")),
    ] {
        let answer = assume(&rig, PROVIDER, "wide", policy).await;
        assert_eq!(answer.refusal(), expected, "{policy:.60} {}", answer.body);
        if expected.0 == 200 {
            rig.call(session(&answer), STS, WHO).await.ok();
        }
    }
    for (more, expected) in [
        ("&DurationSeconds=899", "Value '899' at 'durationSeconds' failed to satisfy constraint: "),
        ("&DurationSeconds=43201", "Member must have value less than or equal to 43200"),
        ("&ExternalId=x", "at 'externalId' failed to satisfy constraint: Member must have length"),
        ("&ExternalId=a%20b", "Member must satisfy regular expression pattern: [\\w_+=,.@:/-]*"),
    ] {
        let form = format!(
            "Action=AssumeRole&RoleArn=arn:aws:iam::{ACCOUNT}:role/wide&RoleSessionName=s1{more}"
        );
        let answer = rig.call(PROVIDER, STS, &form).await;
        assert_eq!(answer.refusal(), violated, "{more}");
        let message = answer.get("Message").replace("&apos;", "'");
        assert!(message.contains(expected), "{message}");
    }
    // What is not supported is refused, not dropped: the session would have more than was meant.
    for member in ["PolicyArns.member.1.arn=x", "Tags.member.1.Key=x", "SourceIdentity=x"] {
        let form = format!(
            "Action=AssumeRole&RoleArn=arn:aws:iam::{ACCOUNT}:role/wide&RoleSessionName=s1&{member}"
        );
        let answer = rig.call(PROVIDER, STS, &form).await;
        assert_eq!(answer.refusal(), (400, "UnsupportedOperation"), "{member}");
    }
}

#[tokio::test]
async fn a_users_session_acts_as_the_user_and_ends_with_its_key() {
    let rig = Rig::start_with(configure).await;
    let answer = rig.call(user("alice"), STS, &format!("{TOKEN}&DurationSeconds=900")).await.ok();
    let signer = session(&answer);
    let who = rig.call(signer, STS, WHO).await.ok();
    assert_eq!(who.get("Arn"), "arn:aws:iam::111111111111:user/alice");
    assert_eq!(who.get("UserId"), rig.call(user("alice"), STS, WHO).await.get("UserId"));
    rig.call(signer, EC2, "Action=DescribeVpcs").await.ok();
    let create = "Action=CreateVpc&CidrBlock=10.0.0.0%2F16";
    assert_eq!(rig.call(signer, EC2, create).await.refusal(), (403, "UnauthorizedOperation"));
    let again = rig.call(signer, STS, TOKEN).await;
    assert_eq!(again.refusal(), (403, "AccessDenied"));
    // The account itself may have one as well, and it may everything.
    let root =
        session(&rig.call(PROVIDER, STS, &format!("{TOKEN}&DurationSeconds=7200")).await.ok());
    assert_eq!(rig.call(root, STS, WHO).await.get("Arn"), "arn:aws:iam::111111111111:root");
    rig.call(root, EC2, create).await.ok();
    for (seconds, expected) in [(899, "ValidationError"), (129_601, "ValidationError")] {
        let form = format!("{TOKEN}&DurationSeconds={seconds}");
        assert_eq!(rig.call(user("alice"), STS, &form).await.refusal(), (400, expected));
    }
    // Time ends it, and the account's after an hour whatever was asked for.
    let later = Duration::from_secs(3600);
    rig.set_ahead(later);
    for signer in [signer, root] {
        for (service, form, expected) in [
            (EC2, "Action=DescribeVpcs&Version=2016-11-15", (400, "RequestExpired")),
            (ELB, "Action=DescribeTags&Version=2015-12-01", (403, "ExpiredToken")),
            (STS, WHO, (403, "ExpiredToken")),
        ] {
            let mut request = form_request(form);
            request.at = request.at + later;
            assert_eq!(rig.send(&request, Some(signer), service).await.refusal(), expected);
        }
    }
    rig.set_ahead(Duration::ZERO);
    rig.call(signer, STS, WHO).await.ok();
    let mut accounts = crate::rig::config().accounts;
    rig.identities.replace(&accounts);
    assert_eq!(rig.call(signer, STS, WHO).await.refusal(), (403, "InvalidClientTokenId"));
    rig.call(root, STS, WHO).await.ok();
    accounts[0].keys.clear();
    rig.identities.replace(&accounts);
    assert_eq!(rig.call(root, EC2, "Action=DescribeVpcs").await.refusal(), (401, "AuthFailure"));
}
