//! Identities that are replaced while the API serves.

use control::Config;

use crate::rig::{EC2, PROVIDER, Rig, STS, Signer, add_role, add_user, config, session, user};

const ACCOUNT: &str = "111111111111";
const WHO: &str = "Action=GetCallerIdentity&Version=2011-06-15";
const VPCS: &str = "Action=DescribeVpcs&Version=2016-11-15";
const LIST: &str = r#"{"Effect":"Allow","Action":"ec2:Describe*","Resource":"*"}"#;
const TRUST: &str = r#"{"Effect":"Allow","Action":"sts:AssumeRole",
    "Principal":{"AWS":"111111111111"}}"#;

fn with(change: impl FnOnce(&mut Config)) -> Config {
    let mut config = config();
    change(&mut config);
    config
}

#[tokio::test]
async fn keys_and_policies_are_those_of_the_last_configuration() {
    let first = |config: &mut Config| {
        add_user(config, ACCOUNT, "alice", Some(LIST));
        add_user(config, ACCOUNT, "bob", Some(LIST));
    };
    let rig = Rig::start_with(first).await;
    for name in ["alice", "bob"] {
        rig.call(user(name), EC2, VPCS).await.ok();
    }
    // Bob goes, Alice may no more, Carol comes, and the account has another secret.
    let second = with(|config| {
        config.accounts[0].keys[0].secret_access_key = control::Secret("changed".to_owned());
        add_user(config, ACCOUNT, "alice", None);
        add_user(config, ACCOUNT, "carol", Some(LIST));
    });
    rig.identities.replace(&second.accounts);
    let changed = Signer { secret: "changed", ..PROVIDER };
    for (signer, service, form, expected) in [
        (user("alice"), STS, WHO, (200, "none")),
        (user("alice"), EC2, VPCS, (403, "UnauthorizedOperation")),
        (user("bob"), EC2, VPCS, (401, "AuthFailure")),
        (user("bob"), STS, WHO, (403, "InvalidClientTokenId")),
        (user("carol"), EC2, VPCS, (200, "none")),
        (PROVIDER, STS, WHO, (403, "SignatureDoesNotMatch")),
        (changed, STS, WHO, (200, "none")),
    ] {
        let answer = rig.call(signer, service, form).await;
        assert_eq!(answer.refusal(), expected, "{} {form}", signer.key);
    }
}

#[tokio::test]
async fn sessions_end_with_their_role_and_have_its_policies_as_they_are() {
    let role = |statements: &'static str| {
        move |config: &mut Config| add_role(config, ACCOUNT, "lister", TRUST, statements)
    };
    let rig = Rig::start_with(role(LIST)).await;
    let form = "Action=AssumeRole&RoleArn=arn:aws:iam::111111111111:role/lister\
                &RoleSessionName=session";
    let signer = session(&rig.call(PROVIDER, STS, form).await.ok());
    rig.call(signer, EC2, VPCS).await.ok();
    let deny = r#"{"Effect":"Deny","Action":"*","Resource":"*"}"#;
    rig.identities.replace(&with(role(deny)).accounts);
    assert_eq!(rig.call(signer, EC2, VPCS).await.refusal(), (403, "UnauthorizedOperation"));
    rig.call(signer, STS, WHO).await.ok();
    rig.identities.replace(&config().accounts);
    assert_eq!(rig.call(signer, STS, WHO).await.refusal(), (403, "InvalidClientTokenId"));
    assert_eq!(rig.call(signer, EC2, VPCS).await.refusal(), (401, "AuthFailure"));
}
