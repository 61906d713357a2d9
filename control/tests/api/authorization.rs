//! What users may do.

use control::Config;

use crate::{
    rig::{EC2, ELB, Rig, STS, Signer, add_user, user},
    workflow::World,
};

const CONSUMER_ID: &str = "222222222222";

/// The guide's policy for creating endpoints by owner of the service, with the accounts of the rig.
const BY_OWNER: &str = r#"
    {"Effect":"Allow","Action":"ec2:CreateVpcEndpoint","Resource":[
        "arn:aws:ec2:us-east-1:222222222222:vpc/*",
        "arn:aws:ec2:us-east-1:222222222222:subnet/*"]},
    {"Effect":"Allow","Action":"ec2:CreateVpcEndpoint",
        "Resource":["arn:aws:ec2:us-east-1:222222222222:vpc-endpoint/*"],
        "Condition":{"StringEquals":{"ec2:VpceServiceOwner":["111111111111"]}}}"#;

const REFUSED: (u16, &str) = (403, "UnauthorizedOperation");

fn add_users(config: &mut Config) {
    let amazon = BY_OWNER.replace("111111111111", "amazon");
    let tagged = r#"
        {"Effect":"Allow","Action":"ec2:CreateVpc","Resource":"*"},
        {"Effect":"Allow","Action":"ec2:CreateTags","Resource":"arn:aws:ec2:*:*:vpc/*",
            "Condition":{"StringEquals":{"ec2:CreateAction":"CreateVpc",
                "aws:RequestTag/owner":"${aws:username}"},
                "ForAllValues:StringEquals":{"aws:TagKeys":["owner"]}}},
        {"Effect":"Allow","Action":"ec2:DeleteVpc","Resource":"*",
            "Condition":{"StringEquals":{"aws:ResourceTag/owner":"${aws:username}"}}},
        {"Effect":"Allow","Action":"ec2:DescribeVpcs","Resource":"*",
            "Condition":{"IpAddress":{"aws:SourceIp":"127.0.0.0/8"},
                "DateGreaterThan":{"aws:CurrentTime":"2020-01-01T00:00:00Z"},
                "Bool":{"aws:SecureTransport":"false"},
                "ArnEquals":{"aws:PrincipalArn":"arn:aws:iam::222222222222:user/*"}}},
        {"Effect":"Deny","Action":"ec2:DescribeSubnets","Resource":"*"},
        {"Effect":"Allow","Action":"ec2:Describe*","Resource":"*"}"#;
    let everything = r#"{"Effect":"Allow","Action":"*","Resource":"*"}"#;
    for (name, statements) in [
        ("by-owner", Some(BY_OWNER)),
        ("by-amazon", Some(&*amazon)),
        ("tagger", Some(tagged)),
        ("everything", Some(everything)),
        ("nothing", None),
    ] {
        add_user(config, CONSUMER_ID, name, statements);
    }
}

async fn call(rig: &Rig, name: &'static str, form: &str) -> Result<String, (u16, String)> {
    let answer = rig.call(user(name), EC2, &format!("Action={form}")).await;
    if answer.status == 200 {
        return Ok(answer.body);
    }
    Err((answer.status, answer.get("Code")))
}

fn refused<T>() -> Result<T, (u16, String)> {
    Err((REFUSED.0, REFUSED.1.to_owned()))
}

#[tokio::test]
async fn creating_an_endpoint_is_checked_on_each_resource() {
    let world = World::build_on(Rig::start_with(add_users).await).await;
    let [subnet, _] = &world.consumer_subnets;
    let create = |more: &str| {
        format!(
            "CreateVpcEndpoint&VpcEndpointType=Interface&VpcId={}&SubnetId.1={subnet}\
             &ServiceName=com.amazonaws.vpce.us-east-1.{}{more}",
            world.consumer_vpc, world.service
        )
    };
    let dry = |allowed: bool| {
        if allowed { Err((412, "DryRunOperation".to_owned())) } else { refused() }
    };
    // A service that does not admit the caller has no owner to be compared with.
    assert_eq!(call(&world.rig, "by-owner", &create("&DryRun=true")).await, refused());
    world.permit().await;
    for (name, allowed) in
        [("by-owner", true), ("by-amazon", false), ("everything", true), ("nothing", false)]
    {
        let answer = call(&world.rig, name, &create("&DryRun=true")).await;
        assert_eq!(answer, dry(allowed), "{name}");
    }
    let grouped = create("&SecurityGroupId.1=sg-00000000000000000&DryRun=true");
    assert_eq!(call(&world.rig, "by-owner", &grouped).await, refused());
    assert!(call(&world.rig, "by-owner", &create("")).await.is_ok());
    let tagged = create(
        "&TagSpecification.1.ResourceType=vpc-endpoint&TagSpecification.1.Tag.1.Key=a&DryRun=true",
    );
    assert_eq!(call(&world.rig, "by-owner", &tagged).await, refused());
}

#[tokio::test]
async fn a_service_admits_the_user_that_its_permission_names() {
    let world = World::build_on(Rig::start_with(add_users).await).await;
    let form = format!(
        "Action=ModifyVpcEndpointServicePermissions&ServiceId={}\
         &AddAllowedPrincipals.1=arn:aws:iam::222222222222:user/everything",
        world.service
    );
    world.provider(&form).await.ok();
    let describe = format!(
        "DescribeVpcEndpointServices&ServiceName.1=com.amazonaws.vpce.us-east-1.{}",
        world.service
    );
    assert!(call(&world.rig, "everything", &describe).await.is_ok());
    let other = call(&world.rig, "tagger", &describe).await;
    assert_eq!(other, Err((400, "InvalidServiceName".to_owned())));
    assert_eq!(world.connect("").await.refusal(), (400, "InvalidServiceName"));
}

#[tokio::test]
async fn conditions_on_tags_and_circumstances_hold() {
    let rig = Rig::start_with(add_users).await;
    let create = |key: &str, value: &str| {
        format!(
            "CreateVpc&CidrBlock=10.0.0.0/16&TagSpecification.1.ResourceType=vpc\
             &TagSpecification.1.Tag.1.Key={key}&TagSpecification.1.Tag.1.Value={value}"
        )
    };
    let id = |body: String| {
        let (_, rest) = body.split_once("<vpcId>").unwrap();
        rest.split_once('<').unwrap().0.to_owned()
    };
    let own = id(call(&rig, "tagger", &create("owner", "tagger")).await.unwrap());
    let untagged = id(call(&rig, "tagger", "CreateVpc&CidrBlock=10.0.0.0/16").await.unwrap());
    for form in [
        create("owner", "alice"),
        create("team", "tagger"),
        format!("CreateTags&ResourceId.1={own}&Tag.1.Key=owner&Tag.1.Value=tagger"),
        format!("DeleteVpc&VpcId={untagged}"),
        "DeleteVpc&VpcId=vpc-00000000000000000".to_owned(),
        "DeleteVpc&VpcId=x".to_owned(),
        "DescribeSubnets".to_owned(),
        "DeleteVpc".to_owned(),
    ] {
        assert_eq!(call(&rig, "tagger", &form).await, refused(), "{form}");
    }
    assert!(call(&rig, "tagger", "DescribeVpcs").await.is_ok());
    assert!(call(&rig, "tagger", &format!("DeleteVpc&VpcId={own}")).await.is_ok());
    let unknown = call(&rig, "nothing", "DescribeEverything").await;
    assert_eq!(unknown, Err((400, "InvalidAction".to_owned())));
    // Looking at a member to decide by it does not make it one of the operation's.
    let leftover = call(&rig, "everything", "DescribeVpcs&ServiceName=x&Tag.1.Key=a").await;
    assert_eq!(leftover, Err((400, "UnknownParameter".to_owned())));
}

#[tokio::test]
async fn refusals_say_who_may_not_do_what_in_the_form_of_the_protocol() {
    let rig = Rig::start_with(add_users).await;
    let nobody: Signer = user("nothing");
    let answer = rig.call(nobody, EC2, "Action=CreateVpc&CidrBlock=10.0.0.0/16").await;
    assert_eq!(answer.refusal(), REFUSED);
    let message = answer.get("Message");
    assert!(message.starts_with("You are not authorized to perform this operation."), "{message}");
    assert!(message.contains("arn:aws:iam::222222222222:user/nothing"), "{message}");
    assert!(message.contains("arn:aws:ec2:us-east-1:222222222222:vpc/*"), "{message}");
    let answer = rig.call(nobody, ELB, "Action=DescribeLoadBalancers").await;
    assert_eq!(answer.refusal(), (403, "AccessDenied"));
    let answer = rig.call(nobody, STS, "Action=GetCallerIdentity").await.ok();
    assert_eq!(answer.get("Arn"), "arn:aws:iam::222222222222:user/nothing");
    assert!(answer.get("UserId").starts_with("AIDA"));
    assert_eq!(answer.get("Account"), CONSUMER_ID);
}
