//! ARC zonal shift: a zone of a load balancer leaves DNS for a while.

use std::time::Duration;

use crate::{
    rig::{Answer, CONSUMER, ELB, PROVIDER, SHIFT, Unsigned},
    workflow::World,
};

async fn shift(world: &World, form: &str) -> Answer {
    world.rig.call(PROVIDER, SHIFT, &format!("Action={form}")).await
}

async fn manage(world: &World, on: bool) {
    let form = format!(
        "Action=ModifyLoadBalancerAttributes&LoadBalancerArn={}\
         &Attributes.member.1.Key=zonal_shift.config.enabled&Attributes.member.1.Value={on}",
        world.load_balancer
    );
    world.rig.call(PROVIDER, ELB, &form).await.ok();
}

fn start(world: &World, zone: &str, expires_in: &str) -> String {
    format!(
        "StartZonalShift&resourceIdentifier={}&awayFrom={zone}&expiresIn={expires_in}\
         &comment=a drill",
        world.load_balancer
    )
}

/// The zones that the planes are told to leave out of DNS.
fn left_out(world: &World) -> Vec<String> {
    let registry = world.rig.keeper.registry();
    let balancers = registry.load_balancers();
    let active = balancers.filter_map(|it| it.zonal_shift.as_ref()).filter(|it| it.is_active());
    active.map(|it| it.zone.to_string()).collect()
}

#[tokio::test]
async fn a_shift_starts_changes_and_ends() {
    let world = World::build().await;
    let unmanaged = shift(&world, &start(&world, "use1-az1", "30m")).await;
    assert_eq!(unmanaged.refusal(), (404, "ResourceNotFoundException"));
    manage(&world, true).await;
    let started = shift(&world, &start(&world, "use1-az1", "30m")).await.ok();
    assert_eq!(started.detail("status"), Some("ACTIVE"));
    assert_eq!(started.detail("awayFrom"), Some("use1-az1"));
    assert_eq!(started.detail("comment"), Some("a drill"));
    assert!(started.head.contains("content-type: application/json"), "{}", started.head);
    assert_eq!(left_out(&world), ["use1-az1"]);
    let id = started.detail("zonalShiftId").unwrap();

    let again = shift(&world, &start(&world, "use1-az2", "30m")).await;
    assert_eq!(again.refusal(), (409, "ConflictException"));
    assert_eq!(again.detail("reason"), Some("ZonalShiftAlreadyExists"));
    assert_eq!(again.detail("zonalShiftId"), Some(id));
    let managed = format!("GetManagedResource&resourceIdentifier={}", world.load_balancer);
    let managed = shift(&world, &managed).await.ok();
    assert!(managed.body.contains(r#""appliedWeights":{"use1-az1":0.0,"use1-az2":1.0}"#));
    assert_eq!(managed.detail("appliedStatus"), Some("APPLIED"));
    let longer = format!("UpdateZonalShift&zonalShiftId={id}&expiresIn=72h&comment=longer");
    let longer = shift(&world, &longer).await.ok();
    assert_eq!(longer.detail("comment"), Some("longer"));
    let cancel = format!("CancelZonalShift&zonalShiftId={id}");
    let foreign = world.rig.call(CONSUMER, SHIFT, &format!("Action={cancel}")).await;
    assert_eq!(foreign.refusal(), (404, "ResourceNotFoundException"));
    assert_eq!(shift(&world, &cancel).await.ok().detail("status"), Some("CANCELED"));
    assert!(left_out(&world).is_empty());
    let ended = shift(&world, &cancel).await;
    assert_eq!(ended.detail("reason"), Some("ZonalShiftStatusNotActive"));

    let list = |more: &str| format!("ListZonalShifts{more}");
    let all = shift(&world, &list("")).await.ok();
    assert_eq!(all.detail("zonalShiftId"), Some(id));
    assert_eq!(shift(&world, &list("&status=ACTIVE")).await.ok().body, r#"{"items":[]}"#);
    let of = format!("&status=CANCELED&resourceIdentifier={}", world.load_balancer);
    assert_eq!(shift(&world, &list(&of)).await.ok().detail("zonalShiftId"), Some(id));
}

#[tokio::test]
async fn a_shift_ends_by_itself() {
    let world = World::build().await;
    manage(&world, true).await;
    shift(&world, &start(&world, "us-east-1b", "1m")).await.ok();
    assert_eq!(left_out(&world), ["use1-az2"]);
    world.rig.set_ahead(Duration::from_secs(61));
    let list = async || shift(&world, "ListZonalShifts&status=EXPIRED").await.ok().body;
    crate::rig::within(async {
        while list().await == r#"{"items":[]}"# {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await;
    assert!(left_out(&world).is_empty());
}

#[tokio::test]
async fn mistakes_have_their_reasons() {
    let world = World::build().await;
    manage(&world, true).await;
    for (form, reason) in [
        (start(&world, "use1-az1", "30s"), "InvalidExpiresIn"),
        (start(&world, "use1-az1", "73h"), "InvalidExpiresIn"),
        (start(&world, "use1-az9", "1h"), "InvalidAz"),
        (start(&world, "use1-az1", "1h") + "&dryRun=x", "MissingValue"),
        ("StartZonalShift&awayFrom=use1-az1&expiresIn=1h&comment=".to_owned(), "MissingValue"),
        ("ListZonalShifts&status=OVER".to_owned(), "InvalidStatus"),
        ("ListZonalShifts&maxResults=101".to_owned(), "MissingValue"),
        ("ListZonalShifts&nextToken=x".to_owned(), "InvalidToken"),
        ("ListZonalShifts&resourceIdentifier=lb".to_owned(), "InvalidResourceIdentifier"),
    ] {
        let answer = shift(&world, &form).await;
        let got = (answer.refusal(), answer.detail("reason"));
        assert_eq!(got, ((400, "ValidationException"), Some(reason)), "{form} {}", answer.body);
    }
    let request = Unsigned {
        method: "PUT",
        target: "/zonalshifts".to_owned(),
        kind: "application/json",
        ..crate::rig::form_request("")
    };
    let nothing = world.rig.send(&request, Some(PROVIDER), SHIFT).await;
    assert_eq!(nothing.refusal(), (404, "ResourceNotFoundException"));
    let request = Unsigned {
        target: "/zonalshifts".to_owned(),
        kind: "application/json",
        body: b"[".to_vec(),
        ..crate::rig::form_request("")
    };
    let malformed = world.rig.send(&request, Some(PROVIDER), SHIFT).await;
    assert_eq!(malformed.refusal(), (400, "ValidationException"));
}

#[tokio::test]
async fn managed_resources_are_those_that_may_be_shifted() {
    let world = World::build().await;
    let list = "ListManagedResources";
    assert_eq!(shift(&world, list).await.ok().body, r#"{"items":[]}"#);
    manage(&world, true).await;
    let one = shift(&world, list).await.ok();
    assert_eq!(one.detail("arn"), Some(&*world.load_balancer));
    assert!(one.body.contains(r#""availabilityZones":["use1-az1","use1-az2"]"#), "{}", one.body);
    shift(&world, &start(&world, "use1-az1", "1h")).await.ok();
    manage(&world, false).await;
    assert!(left_out(&world).is_empty());
    assert_eq!(shift(&world, list).await.ok().body, r#"{"items":[]}"#);
}
