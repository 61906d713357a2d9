//! Clients of two zones ask for one name, over UDP and TCP, from real addresses.

use std::{num::NonZeroUsize, sync::Arc};

use dns::{
    Config, ZoneFiles,
    explain::Use,
    inspector::{Question, record_type},
};
use model::{
    ClientRoutingPolicy, Generation, Health, Listener, ListenerId, LoadBalancer, LoadBalancerId,
    Protocol, Snapshot, Subnet, SubnetId, Target, TargetAddr, TargetGroup, TargetGroupId,
    TargetHealth, Vpc, VpcId,
};
use tokio::task::spawn_blocking;

use crate::{
    rig::{Running, ask_from, endpoint, name, question, snapshot, wait_until},
    view::asked,
};

const ZONES: [u8; 3] = [1, 2, 3];

fn target(zone: u8) -> TargetAddr {
    TargetAddr(([192, 0, 2, zone], 80).into())
}

/// Endpoint 1 in three zones, whose clients have 127.98.ZONE.0/24; one target in each.
fn world() -> Snapshot {
    let mut world = snapshot(1, [endpoint(1, 1)]);
    let mut vpc = Vpc::new(VpcId::from_bits(1), vec!["127.98.0.0/16".parse().unwrap()]);
    let zone = |zone: u8| format!("use1-az{zone}").parse().unwrap();
    for it in ZONES {
        let cidrs = vec![format!("127.98.{it}.0/24").parse().unwrap()];
        vpc.subnets.insert(SubnetId::from_bits(it.into()), Subnet { zone: zone(it), cidrs });
    }
    world.vpcs.insert(vpc.id, Arc::new(vpc));
    let target = |it| Target { addr: target(it), zone: Some(zone(it)), draining: false };
    let group = TargetGroup {
        targets: ZONES.map(target).into(),
        ..TargetGroup::new(TargetGroupId::from_bits(1), Protocol::Tcp)
    };
    let port = 80.try_into().unwrap();
    let balancer = LoadBalancer {
        client_routing_policy: ClientRoutingPolicy::Affinity,
        listeners: vec![Listener::new(ListenerId::from_bits(1), port, group.id)],
        ..LoadBalancer::new(LoadBalancerId::from_bits(1), ZONES.map(zone))
    };
    world.target_groups.insert(group.id, Arc::new(group));
    world.load_balancers.insert(balancer.id, Arc::new(balancer));
    world
}

fn health(generation: u64, zones: &[u8]) -> Health {
    let group = TargetGroupId::from_bits(1);
    let targets = zones.iter().map(|it| ((group, target(*it)), TargetHealth::Healthy)).collect();
    Health { generation: Generation(generation), targets, ..Health::default() }
}

#[tokio::test(flavor = "multi_thread")]
async fn clients_are_answered_with_their_own_zone_while_it_is_healthy() {
    let config = Config::new("[::]:0".parse().unwrap(), NonZeroUsize::MIN);
    let running = Running::start_from(config, world(), ZoneFiles::default()).unwrap();
    let (server, name, inspector) = (running.at("127.0.0.1"), name(1), running.server.inspector());
    let sorted = |answer: String| {
        let mut lines: Vec<_> = answer.lines().map(str::to_owned).collect();
        lines.sort_unstable();
        lines.join(" ")
    };
    let all = "10.1.0.1 10.2.0.1 10.3.0.1";
    // Healthy zones, client, answer.
    let rows: [(&[u8], _, _); 6] = [
        (&[1, 2, 3], "127.98.1.9", "10.1.0.1"),
        (&[1, 2, 3], "127.98.2.9", "10.2.0.1"),
        (&[1, 2, 3], "127.98.9.9", all),
        (&[1, 2, 3], "127.0.0.1", all),
        (&[1, 3], "127.98.2.9", "10.1.0.1 10.3.0.1"),
        (&[], "127.98.2.9", "10.2.0.1"),
    ];
    for (row, (healthy, client, expected)) in (1..).zip(rows) {
        running.health.send_replace(Arc::new(health(row.into(), healthy)));
        let (asked_for, want) = (question(row, &name, 1), expected.to_owned());
        let is_so = move || {
            let (message, _) = ask_from(&crate::rig::client(client), server, &asked_for);
            let mut lines: Vec<_> = message.answers.iter().map(|it| it.data.to_string()).collect();
            lines.sort_unstable();
            lines.join(" ") == want
        };
        spawn_blocking(|| wait_until(is_so)).await.unwrap();
        let over_tcp = asked(server, client, &[&name, "+tcp"]).await;
        assert_eq!(sorted(over_tcp), expected, "{client}");
        let question = Question {
            name: name.parse().unwrap(),
            rtype: record_type("A").unwrap(),
            client: client.parse().unwrap(),
            at: None,
        };
        let told = inspector.explain(&question).await.unwrap().explanation;
        let facts = told.steps[0].endpoint.as_ref().unwrap();
        let given = |it: &Use| matches!(it, Use::Given | Use::GivenForWantOfBetter);
        let uses = facts.interfaces.iter().flat_map(|it| it.addresses.iter());
        let told = uses.filter(|(_, it)| given(it)).map(|(address, _)| address.to_string());
        assert_eq!(told.collect::<Vec<_>>().join(" "), expected, "{client}");
    }
    running.server.stop().await;
}
