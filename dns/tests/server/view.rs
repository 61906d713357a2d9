//! Who sees what, told by real addresses, with `dig` as the client.

use std::{net::SocketAddr, num::NonZeroUsize, process::Command, sync::Arc};

use dns::{Config, Network, ZoneFiles};
use model::{Vpc, VpcId};
use tokio::task::spawn_blocking;

use crate::rig::{Running, endpoint, name, snapshot};

/// What `dig +short` says to a client on this address; options follow the name.
fn dig(server: SocketAddr, client: &str, question: &[&str]) -> String {
    let mut command = Command::new("dig");
    command.args(["+short", "+tries=1", "-b", client, &format!("@{}", server.ip())]);
    command.args(["-p", &server.port().to_string()]).args(question);
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// The same, away from the tasks that have to answer.
pub(crate) async fn asked(server: SocketAddr, client: &'static str, question: &[&str]) -> String {
    let question: Vec<_> = question.iter().map(|word| (*word).to_owned()).collect();
    spawn_blocking(move || {
        let question: Vec<_> = question.iter().map(String::as_str).collect();
        dig(server, client, &question)
    })
    .await
    .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn clients_are_told_by_address_and_by_listener() {
    let mut world = snapshot(1, [endpoint(1, 1)]);
    let vpc = VpcId::from_bits(1);
    let cidrs = vec!["127.51.0.0/16".parse().unwrap()];
    world.vpcs.insert(vpc, Arc::new(Vpc::new(vpc, cidrs)));
    let mut config = Config::new("[::]:0".parse().unwrap(), NonZeroUsize::MIN);
    config.networks.push(Network {
        clients: vec!["127.52.1.0/24".parse().unwrap()],
        listen: Some("127.0.0.1:0".parse().unwrap()),
        ..Network::new(vpc)
    });
    let running = Running::start_from(config, world, ZoneFiles::default()).unwrap();
    // The common socket is IPv6 and hears these clients as IPv4-mapped addresses.
    let common = running.at("127.0.0.1");
    let zonal = format!("{}.", name(1).replacen('.', "-us-east-11.", 1));
    let pointer: &[&str] = &["-x", "10.1.0.1"];
    let over_tcp: &[&str] = &["-x", "10.1.0.1", "+tcp"];
    for (client, expected) in
        [("127.51.9.9", &*zonal), ("127.52.1.1", &zonal), ("127.52.2.1", ""), ("127.0.0.1", "")]
    {
        assert_eq!(asked(common, client, pointer).await, expected, "{client}");
        assert_eq!(asked(common, client, over_tcp).await, expected, "{client} over TCP");
    }
    let own = running.server.network_addrs()[0];
    for question in [pointer, over_tcp] {
        assert_eq!(asked(own, "127.52.2.1", question).await, zonal);
    }
    running.server.stop().await;
}
