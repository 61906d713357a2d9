//! Every operation, asked by everyone that there is: the account that owns what is named, a user
//! who may do this one thing, users who may not, and the other account.

mod form;
mod network;

use control::{Config, api};

use crate::{
    rig::{Answer, CONSUMER, EC2, PROVIDER, Rig, SHIFT, STS, Signer, add_role, add_user, user},
    workflow::World,
};
use form::{Form, Other, Owner, form};

/// The users of both accounts: who may do one thing alone, all but that, and nothing. Names differ
/// by account.
const USERS: [[&str; 3]; 2] =
    [["only-1", "all-but-1", "nothing-1"], ["only-2", "all-but-2", "nothing-2"]];

fn configure(config: &mut Config, service: &str, operation: &str) {
    let only = format!(r#"{{"Effect":"Allow","Action":"{service}:{operation}","Resource":"*"}}"#);
    let forbid = only.replace("Allow", "Deny");
    let all_but = format!(r#"{{"Effect":"Allow","Action":"*","Resource":"*"}},{forbid}"#);
    for (account, [may, may_not, nothing]) in ["111111111111", "222222222222"].iter().zip(USERS) {
        add_user(config, account, may, Some(&only));
        add_user(config, account, may_not, Some(&all_but));
        add_user(config, account, nothing, None);
    }
    let trust = r#"{"Effect":"Allow","Action":"sts:AssumeRole",
        "Principal":{"AWS":"arn:aws:iam::111111111111:root"}}"#;
    add_role(config, "111111111111", "role", trust, &all_but);
}

/// What a world has that operations are asked about.
struct Given {
    /// The endpoint of a connection request.
    endpoint: String,
    /// A security group of the consumer's network.
    group: String,
    /// A route table of the same network.
    table: String,
    /// The table's association with the network's second subnet.
    association: String,
    /// An interface of the endpoint.
    interface: String,
}

/// A world with something of each kind in it.
async fn world(service: &str, operation: &str) -> (World, Given) {
    let rig = Rig::start_with(|config| configure(config, service, operation)).await;
    let world = World::build_on(rig).await;
    world.permit().await;
    let endpoint = world.connect("").await.ok().get("vpcEndpointId");
    let vpc = &world.consumer_vpc;
    let make = async |form: String| world.rig.call(CONSUMER, EC2, &form).await.ok();
    let group = format!("Action=CreateSecurityGroup&GroupName=g&GroupDescription=d&VpcId={vpc}");
    let group = make(group).await.get("groupId");
    let table = make(format!("Action=CreateRouteTable&VpcId={vpc}")).await.get("routeTableId");
    let [_, subnet] = &world.consumer_subnets;
    let with = format!("&RouteTableId={table}&SubnetId={subnet}");
    let associated = make(format!("Action=AssociateRouteTable{with}")).await;
    let association = associated.get("associationId");
    let route = "&DestinationCidrBlock=10.9.0.0/16&GatewayId=igw-00000000000000001";
    make(format!("Action=CreateRoute&RouteTableId={table}{route}")).await;
    let interfaces = make("Action=DescribeNetworkInterfaces".to_owned()).await;
    let interface = interfaces.get("networkInterfaceId");
    (world, Given { endpoint, group, table, association, interface })
}

/// The code of an answer, or of what it says did not succeed.
fn code(answer: &Answer) -> Option<&str> {
    if answer.status == 200 { answer.text("code") } else { Some(answer.refusal().1) }
}

async fn call(world: &World, signer: Signer, service: &str, form: &str) -> Answer {
    world.rig.call(signer, service, form).await
}

fn check_denied(answer: &Answer, service: &str, case: &str) {
    let expected = match service {
        EC2 => "UnauthorizedOperation",
        SHIFT => "AccessDeniedException",
        _ => "AccessDenied",
    };
    assert_eq!(answer.refusal(), (403, expected), "{case}");
}

/// What the owner gets: the row's code, or success.
fn check_allowed(answer: &Answer, form: &Form, case: &str) {
    assert_eq!(code(answer), form.allowed, "{case} {}", answer.body);
    if let Other::Hidden(needle) = &form.other {
        assert!(answer.body.contains(needle), "{case} {}", answer.body);
    }
}

fn check_other(answer: &Answer, form: &Form, case: &str) {
    match &form.other {
        Other::Code(expected) => assert_eq!(code(answer), Some(*expected), "{case}"),
        Other::Hidden(needle) => {
            assert_eq!(answer.status, 200, "{case} {}", answer.body);
            assert!(!answer.body.contains(needle), "{case} {}", answer.body);
        }
        Other::Same => assert_eq!(answer.status, 200, "{case} {}", answer.body),
    }
}

#[tokio::test]
async fn every_operation_answers_everyone_as_it_should() {
    for (service, operation) in api::operations() {
        let (first, given) = world(service, operation).await;
        let form_of = |world: &World, given: &Given| {
            let mut form = form(world, given, service, operation);
            form.text = format!("Action={operation}{}", form.text);
            form
        };
        let asked = form_of(&first, &given);
        let (owner, other, [may, may_not, nothing]) = match asked.owner {
            Owner::Provider => (PROVIDER, CONSUMER, USERS[0]),
            Owner::Consumer => (CONSUMER, PROVIDER, USERS[1]),
        };
        let free = matches!(operation, "GetCallerIdentity" | "GetSessionToken");
        for name in [may_not, nothing].into_iter().filter(|_| !free) {
            let answer = call(&first, user(name), service, &asked.text).await;
            check_denied(&answer, service, &format!("{name}: {}", asked.text));
        }
        if service == EC2 {
            let dry = format!("{}&DryRun=true", asked.text);
            let answer = call(&first, user(may_not), service, &dry).await;
            check_denied(&answer, service, &format!("{may_not}: {dry}"));
            let answer = call(&first, user(may), service, &dry).await;
            assert_ne!(answer.status, 403, "{dry} {}", answer.body);
            assert_ne!(answer.status, 200, "{dry} {}", answer.body);
        }
        let answer = call(&first, other, service, &asked.text).await;
        check_other(&answer, &asked, &format!("{}: {}", other.key, asked.text));
        let answer = call(&first, user(may), service, &asked.text).await;
        check_allowed(&answer, &asked, &format!("{may}: {}", asked.text));
        // Once more from the beginning, as what may be done once is done now.
        let (second, given) = world(service, operation).await;
        let asked = form_of(&second, &given);
        let answer = call(&second, owner, service, &asked.text).await;
        check_allowed(&answer, &asked, &format!("{}: {}", owner.key, asked.text));
    }
}

#[test]
fn services_are_those_that_requests_are_signed_for() {
    let mut services: Vec<&str> = api::operations().map(|(service, _)| service).collect();
    services.dedup();
    assert_eq!(services, [EC2, crate::rig::ELB, STS, SHIFT]);
}
