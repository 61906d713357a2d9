//! The keeper from outside: what it promises about durability, order, health and several writers.
#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

#[path = "keeper/rig.rs"]
mod rig;

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use control::{
    Keeper, StartError, StateError, SubmitError, Unavailable,
    store::{Memory, Redb, Revision, Store, Write},
};
use control_core::{
    Command, Outcome, Refusal, Registry, Tags, ZoneRef,
    command::CreateVpc,
    resource::{LoadBalancerAttribute, ZonalShiftStatus},
};
use model::{BindFailure, BindFailureReason, Binding, EndpointAddr, EndpointState, Generation};
use rig::{Counted, Rig, consumer, create_endpoint, provider};

fn create_vpc() -> Command {
    let cidr = "10.0.0.0/16".parse().unwrap();
    Command::CreateVpc(CreateVpc { cidr, ipv6: None, tags: Tags::none() })
}

#[tokio::test]
async fn acknowledged_is_seen_published_and_durable() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    let rig = Rig::start(Redb::open(&path).unwrap());
    let service = rig.service().await;
    let endpoint = rig.endpoint(service).await;
    assert!(rig.keeper.registry().endpoint(endpoint.id).is_some());
    rig.accept(&endpoint).await;
    let snapshot = Arc::clone(&rig.snapshots.borrow());
    assert_eq!(snapshot.endpoints[&endpoint.id].state, EndpointState::Pending);
    let before = rig.keeper.registry();
    rig.keeper.stop().await;
    assert_eq!(rig.keeper.unavailable(), Some(Unavailable::Stopped));

    let again = Rig::start(Redb::open(&path).unwrap());
    assert!(*again.keeper.registry() == *before, "the state is what it was");
    let reopened = Arc::clone(&again.snapshots.borrow());
    assert_eq!(reopened, snapshot, "the snapshot is what it was, generation and all");
}

#[tokio::test]
async fn refused_changes_nothing() {
    let rig = Rig::start(Memory::default());
    rig.submit(consumer(), create_vpc()).await.unwrap();
    let before = rig.keeper.registry();
    let vpc = before.view(&consumer()).vpcs().next().unwrap().id;
    let refused = rig.submit(provider(), Command::DeleteVpc { vpc }).await;
    assert_eq!(refused, Err(SubmitError::Refused(Refusal::NotFound(vpc.into()))));
    assert!(Arc::ptr_eq(&before, &rig.keeper.registry()), "not even the view is another");
}

#[tokio::test]
async fn dry_run_tells_and_does_nothing() {
    let rig = Rig::start(Memory::default());
    assert_eq!(rig.keeper.dry_run(&consumer(), &create_vpc()), Ok(()));
    assert_eq!(rig.keeper.registry().vpcs().count(), 0);
    let Outcome::Vpc(vpc) = rig.submit(consumer(), create_vpc()).await.unwrap() else {
        panic!("a VPC was asked for")
    };
    let refused = rig.keeper.dry_run(&provider(), &Command::DeleteVpc { vpc: vpc.id });
    assert_eq!(refused, Err(Refusal::NotFound(vpc.id.into())));
}

#[tokio::test]
async fn pending_ends_with_health_of_its_generation() {
    let rig = Rig::start(Memory::default());
    let service = rig.service().await;
    let endpoint = rig.endpoint(service).await;
    let stale = rig.generation();
    rig.bind(endpoint.id, stale, Binding::Bound);
    rig.accept(&endpoint).await;
    assert!(rig.generation() > stale);
    // The keeper sees the old news at the latest together with this command.
    rig.submit(consumer(), create_vpc()).await.unwrap();
    assert_eq!(rig.state(endpoint.id), Some(EndpointState::Pending), "old news is no news");
    rig.bind(endpoint.id, rig.generation(), Binding::Bound);
    rig.until(|registry| {
        registry.endpoint(endpoint.id).is_some_and(|it| it.state == EndpointState::Available)
    })
    .await;
    let snapshot = Arc::clone(&rig.snapshots.borrow());
    assert_eq!(snapshot.endpoints[&endpoint.id].state, EndpointState::Available);
}

#[tokio::test]
async fn endpoint_that_cannot_be_bound_fails_and_says_why() {
    let rig = Rig::start(Memory::default());
    let service = rig.service().await;
    let endpoint = rig.endpoint(service).await;
    rig.accept(&endpoint).await;
    let addr = EndpointAddr("10.0.1.7:80".parse().unwrap());
    let failure = BindFailure { addr, reason: BindFailureReason::AddressInUse };
    rig.bind(endpoint.id, rig.generation(), Binding::Failed(failure));
    let failed = rig
        .until(|registry| {
            registry.endpoint(endpoint.id).is_some_and(|it| it.state == EndpointState::Failed)
        })
        .await;
    let error = failed.endpoint(endpoint.id).unwrap().last_error.clone().unwrap();
    assert_eq!((error.code.as_str(), error.message), ("AddressInUse", failure.to_string()));
    assert!(rig.snapshots.borrow().endpoints.is_empty(), "what failed is not served");
}

#[tokio::test]
async fn deletion_ends_when_the_data_plane_lets_go() {
    let rig = Rig::start(Memory::default());
    let service = rig.service().await;
    let endpoint = rig.endpoint(service).await;
    rig.accept(&endpoint).await;
    rig.submit(consumer(), Command::DeleteEndpoint { endpoint: endpoint.id }).await.unwrap();
    assert!(rig.snapshots.borrow().endpoints.is_empty(), "gone from the planes at once");
    assert_eq!(rig.state(endpoint.id), Some(EndpointState::Deleting));
    rig.release(rig.generation());
    rig.until(|registry| {
        registry.endpoint(endpoint.id).is_some_and(|it| it.state == EndpointState::Deleted)
    })
    .await;
}

#[tokio::test]
async fn time_passes_without_commands() {
    let rig = Rig::start(Memory::default());
    let service = rig.service().await;
    let endpoint = rig.endpoint(service).await;
    rig.clock.advance(Duration::from_secs(7 * 24 * 3600));
    rig.until(|registry| {
        registry.endpoint(endpoint.id).is_some_and(|it| it.state == EndpointState::Expired)
    })
    .await;
}

#[tokio::test]
async fn a_zonal_shift_outlives_a_restart_and_ends_in_time() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    let hour = Duration::from_secs(3600);
    let rig = Rig::start(Redb::open(&path).unwrap());
    let service = rig.service().await;
    let endpoint = rig.endpoint(Arc::clone(&service)).await;
    rig.accept(&endpoint).await;
    let load_balancer = *service.load_balancers.keys().next().unwrap();
    let attributes = vec![LoadBalancerAttribute::ZonalShift(true)];
    let manage = Command::ModifyLoadBalancerAttributes { load_balancer, attributes };
    rig.submit(provider(), manage).await.unwrap();
    let zone = ZoneRef::Id("az1".parse().unwrap());
    let comment = "drill".into();
    let start = Command::StartZonalShift { load_balancer, zone, expires_in: hour, comment };
    rig.submit(provider(), start).await.unwrap();
    let left_out = |rig: &Rig| {
        rig.snapshots.borrow().load_balancers.values().any(|it| !it.shifted_zones.is_empty())
    };
    assert!(left_out(&rig));
    rig.keeper.stop().await;

    // Half an hour is over while nothing runs.
    let again = Rig::start_at(Redb::open(&path).unwrap(), hour / 2);
    assert!(left_out(&again), "it lasts");
    again.clock.advance(hour / 2);
    let is_over = |registry: &Registry| {
        let shift = registry.load_balancers().find_map(|it| it.zonal_shift.clone());
        shift.is_some_and(|shift| shift.status == ZonalShiftStatus::Expired)
    };
    again.until(is_over).await;
    assert!(!left_out(&again), "the planes know");
}

#[tokio::test]
async fn two_keepers_share_a_store_without_giving_anything_twice() {
    let store = Memory::default();
    let (one, two) = (Rig::start(store.clone()), Rig::start(store));
    let service = one.service().await;
    two.until(|registry| registry.service(service.id).is_some()).await;
    let (vpc, subnet) = one.network(&consumer(), "10.9.0.0/16", "10.9.1.0/28").await;
    two.until(|registry| registry.subnet(subnet).is_some()).await;
    let create = |rig: &Rig| {
        let (keeper, command) = (rig.keeper.clone(), create_endpoint(vpc, &service, subnet));
        tokio::spawn(async move { keeper.submit(consumer(), command).await })
    };
    let races: Vec<_> = (0..8).flat_map(|_| [create(&one), create(&two)]).collect();
    let mut created = 0;
    for race in races {
        match race.await.unwrap() {
            Ok(Outcome::Endpoint(_)) => created += 1,
            Err(SubmitError::Refused(Refusal::AddressesExhausted(of))) => assert_eq!(of, subnet),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(created, 11, "a subnet of 16 has 11 addresses, and all were given");
    let is_all = |registry: &Registry| registry.endpoint_count() == 11;
    let (seen, other) = (one.until(is_all).await, two.until(is_all).await);
    assert!(*seen == *other, "both know the same");
    let addresses: BTreeSet<_> =
        seen.endpoints().flat_map(|it| it.interfaces[0].addresses().collect::<Vec<_>>()).collect();
    assert_eq!(addresses.len(), 11, "no address was given twice");
}

#[tokio::test]
async fn waiting_commands_share_a_commit() {
    let (store, commits) = Counted::new(Memory::default());
    let rig = Rig::start(store);
    let submit = || {
        let keeper = rig.keeper.clone();
        tokio::spawn(async move { keeper.submit(consumer(), create_vpc()).await })
    };
    let before = commits.done();
    commits.hold(true);
    let waiting: Vec<_> = (0..100).map(|_| submit()).collect();
    while rig.keeper.registry().vpcs().count() == 0 && !commits.is_waited_for() {
        tokio::task::yield_now().await;
    }
    for _ in 0..200 {
        tokio::task::yield_now().await;
    }
    commits.hold(false);
    for answer in waiting {
        assert!(matches!(answer.await.unwrap(), Ok(Outcome::Vpc(_))));
    }
    assert_eq!(rig.keeper.registry().vpcs().count(), 100);
    let commits = commits.done() - before;
    assert!(commits <= 4, "100 commands took {commits} commits");
}

#[tokio::test]
async fn after_a_failed_commit_nothing_is_acknowledged() {
    let (store, commits) = Counted::new(Memory::default());
    let rig = Rig::start(store);
    rig.submit(consumer(), create_vpc()).await.unwrap();
    let before = rig.keeper.registry();
    commits.fail_next();
    let failed = Err(SubmitError::Unavailable(Unavailable::StoreFailed));
    assert_eq!(rig.submit(consumer(), create_vpc()).await, failed);
    assert_eq!(rig.submit(consumer(), create_vpc()).await, failed, "though the store would do it");
    assert_eq!(rig.keeper.unavailable(), Some(Unavailable::StoreFailed));
    assert!(*rig.keeper.registry() == *before, "reads go on, of what was acknowledged");
}

#[test]
fn record_of_a_newer_postern_is_refused() {
    let mut store = Memory::default();
    let record = br#"{"schema":2,"record":{"hologram":{}}}"#.to_vec();
    store.commit(Revision(0), &[Write::Put { key: "hologram/1".into(), record }]).unwrap();
    match Rig::try_start(store) {
        Err(StartError::Load(StateError::Record { key, cause })) => {
            assert_eq!(key, "hologram/1");
            assert_eq!(cause.to_string(), "written with schema 2, newer than 1");
        }
        other => panic!("{:?}", other.map(|rig| rig.keeper)),
    }
}

#[tokio::test]
async fn keeper_ends_with_its_last_handle() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    let Rig { keeper, snapshots, .. } = Rig::start(Redb::open(&path).unwrap());
    let other: Keeper = keeper.clone();
    drop(keeper);
    other.submit(consumer(), create_vpc()).await.unwrap();
    drop(other);
    let mut snapshots = snapshots;
    while snapshots.changed().await.is_ok() {}
    assert_eq!(snapshots.borrow().generation, Generation(1), "the last command was done");
}
