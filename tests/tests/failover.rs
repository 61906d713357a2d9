//! Targets and zones that die: new connections go elsewhere within the health threshold, and a zone
//! without a healthy target leaves the Regional name but keeps its zonal one.

use std::time::Duration;

use tests::{
    Postern, Topology,
    peer::Peer,
    tool,
    topology::{Options, PORT, ZONES},
    wait_until,
};

/// Two failed probes at 5 s each, the probe's own timeout of 2 s, and room for a busy machine.
const THRESHOLD: Duration = Duration::from_secs(5 * 2 + 2 + 5);

#[test]
fn a_dead_target_gets_no_new_connection_within_the_threshold() {
    let postern = Postern::start();
    let mut targets = ["one", "two"].map(|name| Peer::postern("whoami", name));
    let registered = targets.each_ref().map(|peer| (peer.addr.to_string(), "all"));
    let topology = Topology::build(&postern, &registered, Options::default());
    topology.wait_healthy(2, THRESHOLD);
    let [address, _] = topology.addresses(&postern);

    targets[0].kill();
    topology.wait_healthy(1, THRESHOLD);
    for _ in 0..50 {
        let answer = tool::fetch(&topology.regional_name, address, PORT).unwrap();
        assert_eq!(answer["target"], "two");
    }
}

#[test]
fn a_zone_without_healthy_target_leaves_the_regional_name_only() {
    let postern = Postern::start();
    let mut targets = ["one", "two"].map(|name| Peer::postern("whoami", name));
    let registered = [0, 1].map(|i: usize| (targets[i].addr.to_string(), ZONES[i]));
    let topology = Topology::build(&postern, &registered, Options::default());
    topology.wait_healthy(2, THRESHOLD);
    let dns = postern.listening().dns;
    let [a, b] = topology.addresses(&postern);
    let regional = || tool::resolve(dns, &topology.regional_name);
    wait_until(THRESHOLD, "both zones in DNS", || regional().len() == 2);
    for (address, target) in [(a, "one"), (b, "two")] {
        let answer = tool::fetch(&topology.regional_name, address, PORT).unwrap();
        assert_eq!(answer["target"], target, "a zone keeps to its own targets");
    }

    targets[1].kill();
    wait_until(THRESHOLD, "zone b to leave", || regional() == [a]);
    assert_eq!(tool::resolve(dns, &topology.zonal_name(ZONES[1])), [b]);

    targets[0].kill();
    wait_until(THRESHOLD, "fail open", || regional().len() == 2);
}
