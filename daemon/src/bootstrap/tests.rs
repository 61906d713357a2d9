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
    let first = apply(&keeper, &config).await.unwrap();
    assert_eq!(first.endpoints[0].state, EndpointState::Pending);
    let made = records(&keeper);
    let second = apply(&keeper, &config).await.unwrap();
    assert_eq!(records(&keeper), made);
    assert_eq!(second.endpoints, first.endpoints);
    keeper.stop().await;
}

#[tokio::test]
async fn what_can_be_changed_is_brought_in_line() {
    let config = quickstart(&[]);
    let keeper = keeper(&config);
    apply(&keeper, &config).await.unwrap();
    let changed = quickstart(&[
        ("proxy_protocol_v2 = true", "proxy_protocol_v2 = false"),
        ("health_check_interval = \"5s\"", "health_check_interval = \"20s\""),
        ("cross_zone = false", "cross_zone = true"),
        ("acceptance_required = true", "acceptance_required = false"),
        ("listeners = [{ port = 8080,", "listeners = [{ port = 8081, idle_timeout = \"60s\","),
        ("[\"arn:aws:iam::222222222222:root\"]", "[\"*\"]"),
        ("{ address = \"127.0.2.10:8080\"", "{ address = \"127.0.2.11:8080\""),
    ]);
    apply(&keeper, &changed).await.unwrap();
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
    apply(&keeper, &config).await.unwrap();
    let changed = quickstart(&[("127.1.0.0/16", "127.1.0.0/17")]);
    let error = apply(&keeper, &changed).await.unwrap_err();
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
    let made = apply(&keeper, &config).await.unwrap();
    let endpoint = &made.endpoints[0];
    let provider = Caller::root("111111111111".parse().unwrap());
    let (service, id) = (endpoint.service, endpoint.id);
    let command = Command::RejectConnection { service, endpoint: id };
    keeper.submit(provider, command).await.unwrap();
    let again = apply(&keeper, &config).await.unwrap();
    assert_eq!(again.endpoints[0].state, EndpointState::Rejected);
    assert_eq!(again.endpoints[0].id, id);
    keeper.stop().await;
}

/// A catalogue for the quickstart, and an endpoint to it.
const CATALOG: &str = r#"
[services]
permission_removal = "reject"
[[services.amazon]]
name = "com.amazonaws.us-east-1.xray"
private_dns_names = ["xray.us-east-1.amazonaws.com", "xray.us-east-1.api.aws"]
listeners = [{ port = 443, targets = ["127.0.0.1:8443", "127.0.0.1:8444"] }]
[[services.amazon]]
name = "com.amazonaws.us-east-1.s3"
type = "gateway"
"#;
const ENDPOINT: &str = r#"[[bootstrap.endpoints]]
key = "xray"
vpc = "consumer"
service = "com.amazonaws.us-east-1.xray"
private_dns = true
interfaces = [{ subnet = "consumer-a", ipv4 = "127.1.1.5" }]
"#;

/// The quickstart with a catalogue and an endpoint.
fn with_catalog(catalog: &str, endpoint: &str) -> Config {
    let (zones, endpoints) = ("[[zones]]\nname = \"us-east-1a\"", "[[bootstrap.endpoints]]\n");
    let catalog = format!("{catalog}\n{zones}");
    quickstart(&[(endpoints, &format!("{endpoint}{endpoints}")), (zones, &catalog)])
}

#[tokio::test]
async fn the_catalogue_is_the_files() {
    let config = with_catalog(CATALOG, ENDPOINT);
    let keeper = keeper(&config);
    let made = apply(&keeper, &config).await.unwrap();
    let endpoint = &made.endpoints[0];
    assert_eq!(endpoint.state, EndpointState::Pending);
    assert!(endpoint.regional_name.as_str().ends_with(".xray.us-east-1.vpce.amazonaws.com"));
    assert_eq!(endpoint.private_dns_names.len(), 2);
    let before = records(&keeper);
    apply(&keeper, &config).await.unwrap();
    assert_eq!(records(&keeper), before, "twice is as once");
    let registry = keeper.registry();
    let names: Vec<_> = registry.catalog().map(|(_, entry)| entry.name.0.as_str()).collect();
    assert_eq!(names.len(), 2, "{names:?}");
    let balancer = registry.load_balancer(endpoint.interfaces[0].load_balancer).unwrap();
    assert_eq!(registry.listeners_of(balancer.id).next().unwrap().port.get(), 443);

    let moved = CATALOG.replace("443, targets = [\"127.0.0.1:8443\", ", "444, targets = [");
    apply(&keeper, &with_catalog(&moved, ENDPOINT)).await.unwrap();
    let registry = keeper.registry();
    let ports: Vec<_> = registry.listeners_of(balancer.id).map(|it| it.port.get()).collect();
    assert_eq!(ports, [444]);

    // Out of the file, the gateway is gone, and the other stays for the endpoint that it has.
    apply(&keeper, &quickstart(&[])).await.unwrap();
    let registry = keeper.registry();
    assert_eq!(registry.catalog().count(), 0);
    assert_eq!(registry.services().count(), 2);
    assert!(registry.service(endpoint.service).is_some());
    apply(&keeper, &config).await.unwrap();
    let registry = keeper.registry();
    let again = registry.service(endpoint.service).unwrap();
    assert!(again.catalog.is_some(), "the same service comes back");
    keeper.stop().await;
}

#[tokio::test]
async fn named_principals_are_accepted_at_once() {
    let accept = "accepted_principals = [\"222222222222\"]";
    let config = quickstart(&[
        ("allowed_principals = [\"arn:aws:iam::222222222222:root\"]", accept),
        ("accept = true", "accept = false"),
    ]);
    let keeper = keeper(&config);
    let made = apply(&keeper, &config).await.unwrap();
    assert_eq!(made.endpoints[0].state, EndpointState::Pending);
    let before = records(&keeper);
    apply(&keeper, &config).await.unwrap();
    assert_eq!(records(&keeper), before);
    keeper.stop().await;
}
