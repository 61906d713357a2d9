//! The bootstrap against the real keeper, over a store in memory.

use std::path::Path;

use control::store::Memory;
use model::{Health, Snapshot};
use tokio::sync::watch;

use super::*;
use crate::{
    clock::MachineClock,
    config::{self, Config},
    settings,
};

const QUICKSTART: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../deploy/quickstart.toml");

/// The quickstart with some of its text replaced.
fn quickstart(changes: &[(&str, &str)]) -> Config {
    let mut text = std::fs::read_to_string(QUICKSTART).unwrap();
    for (old, new) in changes {
        assert!(text.contains(old), "{old}");
        text = text.replace(old, new);
    }
    config::parse(&text, Path::new("/"), &|_| None).0.unwrap()
}

fn keeper(config: &Config) -> Keeper {
    let (snapshots, _) = watch::channel(Arc::new(Snapshot::empty(config.region.clone())));
    let (_, health) = watch::channel(Arc::new(Health::default()));
    let store = Box::new(Memory::default());
    let config = settings::control(config);
    Keeper::start(config, store, Arc::new(MachineClock), 7, snapshots, health).unwrap()
}

fn records(keeper: &Keeper) -> Vec<String> {
    keeper.registry().records().map(|record| format!("{record:?}")).collect()
}

#[tokio::test]
async fn twice_is_as_once() {
    let config = quickstart(&[]);
    let keeper = keeper(&config);
    let first = apply(&keeper, &config.bootstrap).await.unwrap();
    assert_eq!(first.endpoints[0].state, EndpointState::Pending);
    let made = records(&keeper);
    let second = apply(&keeper, &config.bootstrap).await.unwrap();
    assert_eq!(records(&keeper), made);
    assert_eq!(second.endpoints, first.endpoints);
    keeper.stop().await;
}

#[tokio::test]
async fn what_can_be_changed_is_brought_in_line() {
    let config = quickstart(&[]);
    let keeper = keeper(&config);
    apply(&keeper, &config.bootstrap).await.unwrap();
    let changed = quickstart(&[
        ("proxy_protocol_v2 = true", "proxy_protocol_v2 = false"),
        ("health_check_interval = \"5s\"", "health_check_interval = \"20s\""),
        ("cross_zone = false", "cross_zone = true"),
        ("acceptance_required = true", "acceptance_required = false"),
        ("listeners = [{ port = 8080,", "listeners = [{ port = 8081, idle_timeout = \"60s\","),
        ("[\"arn:aws:iam::222222222222:root\"]", "[\"*\"]"),
        ("{ address = \"127.0.2.10:8080\"", "{ address = \"127.0.2.11:8080\""),
    ]);
    apply(&keeper, &changed.bootstrap).await.unwrap();
    let registry = keeper.registry();
    let group = registry.target_groups().next().unwrap();
    assert!(!group.attributes.proxy_protocol_v2);
    assert_eq!(group.health_check.interval_s, 20);
    assert!(registry.load_balancers().all(|balancer| balancer.attributes.cross_zone));
    assert!(registry.services().all(|service| !service.acceptance_required));
    let ports: Vec<_> = registry
        .listeners()
        .map(|listener| (listener.port.get(), listener.idle_timeout_s))
        .collect();
    assert!(ports.contains(&(8080, 350)) && ports.contains(&(8081, 60)), "{ports:?}");
    assert_eq!(registry.permissions().count(), 2);
    assert_eq!(registry.targets().count(), 3);
    keeper.stop().await;
}

#[tokio::test]
async fn what_cannot_be_changed_is_said() {
    let config = quickstart(&[]);
    let keeper = keeper(&config);
    apply(&keeper, &config.bootstrap).await.unwrap();
    let changed = quickstart(&[("127.1.0.0/16", "127.1.0.0/17")]);
    let error = apply(&keeper, &changed.bootstrap).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "bootstrap VPC \"consumer\": it exists with the network 127.1.0.0/16, and the \
         configuration says 127.1.0.0/17; delete it or give the entry another name"
    );
    keeper.stop().await;
}

#[tokio::test]
async fn a_rejected_endpoint_stays_rejected() {
    let config = quickstart(&[]);
    let keeper = keeper(&config);
    let made = apply(&keeper, &config.bootstrap).await.unwrap();
    let endpoint = &made.endpoints[0];
    let provider = Caller::root("111111111111".parse().unwrap());
    let (service, id) = (endpoint.service, endpoint.id);
    let command = Command::RejectConnection { service, endpoint: id };
    keeper.submit(provider, command).await.unwrap();
    let again = apply(&keeper, &config.bootstrap).await.unwrap();
    assert_eq!(again.endpoints[0].state, EndpointState::Rejected);
    assert_eq!(again.endpoints[0].id, id);
    keeper.stop().await;
}
