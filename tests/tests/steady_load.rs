//! What ends and what goes on under a steady load: deregistration with and without termination, a
//! target and then a zone that turn unhealthy, all targets unhealthy, the end of the process.
//! Every connection is counted, and the gateway's own counts agree.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{net::IpAddr, time::Duration};

use tests::{
    LoopbackNet, Postern, Topology,
    load::{Count, Held, Load, NamedTarget},
    postern::PROVIDER,
    tool,
    topology::{Options, PORT, ZONES},
    wait_until,
};

/// Ports of all targets: for clients, for probes.
const TARGET_PORTS: (u16, u16) = (9000, 9001);
/// Held connections per zone.
const HELD: usize = 40;
/// Two failed probes at 5 s each, the probe's own timeout of 2 s, and room for a busy machine.
const THRESHOLD: Duration = Duration::from_secs(5 * 2 + 2 + 10);
const PATIENCE: Duration = Duration::from_secs(20);
/// Seconds for which a deregistered target drains.
const DRAIN_SECONDS: &str = "3";

/// A gateway in two zones with two targets each: `a` and `b`, `c` and `d`.
struct Scene {
    postern: Postern,
    topology: Topology,
    targets: [NamedTarget; 4],
    addresses: [IpAddr; 2],
    held: Vec<Held>,
    _net: LoopbackNet,
}

impl Scene {
    fn build() -> Self {
        let postern = Postern::start_with("log = { level = \"info,access=off\" }\n");
        let net = LoopbackNet::claim();
        let targets = [0_u8, 1, 2, 3]
            .map(|n| NamedTarget::start(net.address(1, n + 1), TARGET_PORTS, b'a' + n));
        let registered = [0, 1, 2, 3].map(|n: usize| (targets[n].addr.to_string(), ZONES[n / 2]));
        let options = Options { proxy_protocol: false, ..Options::default() };
        let topology = Topology::build(&postern, &registered, options);
        let addresses = topology.addresses(&postern);
        let scene = Self { postern, topology, targets, addresses, held: Vec::new(), _net: net };
        let port = TARGET_PORTS.1.to_string();
        scene.elb("ModifyTargetGroup", &[("HealthCheckPort", &port)]);
        scene.topology.wait_healthy(4, THRESHOLD);
        scene
    }

    fn elb(&self, action: &str, members: &[(&str, &str)]) {
        let group = [("TargetGroupArn", self.topology.target_group.as_str())];
        let api = self.postern.api(PROVIDER);
        api.elb(action, &[&group, members].concat()).unwrap();
    }

    fn set(&self, key: &str, value: &str) {
        let members = [("Attributes.member.1.Key", key), ("Attributes.member.1.Value", value)];
        self.elb("ModifyTargetGroupAttributes", &members);
    }

    /// Registers a target anew, and waits until all four are healthy.
    fn register(&self, n: usize) {
        let addr = self.targets[n].addr;
        let (ip, port) = (addr.ip().to_string(), addr.port().to_string());
        self.elb(
            "RegisterTargets",
            &[
                ("Targets.member.1.Id", &ip),
                ("Targets.member.1.Port", &port),
                ("Targets.member.1.AvailabilityZone", ZONES[n / 2]),
            ],
        );
        self.topology.wait_healthy(4, THRESHOLD);
    }

    /// Opens held connections until each zone has its number.
    fn hold(&mut self) {
        self.held.clear();
        for address in self.addresses {
            self.held.extend((0..HELD).map(|_| Held::open(address).unwrap()));
        }
    }

    fn held_at(&self, name: u8) -> usize {
        self.held.iter().filter(|held| held.target == name).count()
    }

    /// Asserts that exactly the held connections of these targets were reset, and lets go of them.
    fn assert_cut(&mut self, cut: &[u8]) {
        for held in &mut self.held {
            let expected = !cut.contains(&held.target);
            assert_eq!(held.is_alive(), expected, "held at {}", char::from(held.target));
        }
        self.held.retain(|held| !cut.contains(&held.target));
    }

    /// The addresses of the Regional name.
    fn regional(&self) -> Vec<IpAddr> {
        tool::resolve(self.postern.listening().dns, &self.topology.regional_name)
    }

    fn ended(&self, reason: &str) -> u64 {
        self.counted("postern_connections_ended_total", &format!("reason=\"{reason}\""))
    }

    fn counted(&self, metric: &str, label: &str) -> u64 {
        // A sum of nothing is a negative zero.
        let value = self.postern.metric(metric, &[label]) + 0.0;
        value.to_string().parse().unwrap()
    }

    fn wait_ended(&self, reason: &str, count: usize) {
        let count = u64::try_from(count).unwrap();
        wait_until(THRESHOLD, &format!("{count} of {reason}"), || self.ended(reason) == count);
    }

    /// Deregisters a target and waits until it takes no more; its connections go on.
    fn deregister(&mut self, n: usize) {
        self.topology.deregister(self.targets[n].addr);
        wait_until(PATIENCE, "the target to take no more", || {
            let taken = self.targets[n].taken();
            std::thread::sleep(Duration::from_millis(200));
            self.targets[n].taken() == taken
        });
        self.assert_cut(&[]);
    }
}

/// Notes how a phase's short connections went.
fn tell(phase: &str, (count, rate): (Count, f64)) -> Count {
    eprintln!("{phase}: {count:?}, {rate:.0} connections/s");
    count
}

/// Deregistered without termination: nothing is cut, though the delay is over. With it: all of that
/// target's and no other, once the delay is over.
fn deregistrations(scene: &mut Scene, per_second: u32) {
    scene.set("deregistration_delay.timeout_seconds", DRAIN_SECONDS);
    scene.hold();
    let load = Load::start(&scene.addresses, per_second);
    scene.deregister(0);
    let taken = scene.targets[0].taken();
    scene.topology.wait_gone(scene.targets[0].addr, PATIENCE);
    scene.assert_cut(&[]);
    assert_eq!(scene.targets[0].taken(), taken, "none arrives after the first pause");
    assert_eq!(tell("deregistered", load.stop()).failed, 0);
    assert_eq!(scene.ended("target_deregistered"), 0);
    scene.register(0);

    scene.set("deregistration_delay.connection_termination.enabled", "true");
    scene.hold();
    let load = Load::start(&scene.addresses, per_second);
    scene.deregister(1);
    scene.wait_ended("target_deregistered", scene.held_at(b'b'));
    scene.assert_cut(b"b");
    assert_eq!(tell("deregistered with termination", load.stop()).failed, 0);
    scene.register(1);
}

/// A target turns unhealthy beside a healthy one: its connections are cut, and no other. Then the
/// zone's last one: nothing is cut, and clients are led to the other zone; those who come all the
/// same are served by what there is.
fn failures(scene: &mut Scene, per_second: u32) {
    scene.hold();
    let load = Load::start(&scene.addresses, per_second);
    let cut = u64::try_from(scene.held_at(b'a')).unwrap();
    scene.targets[0].sicken();
    scene.topology.wait_healthy(3, THRESHOLD);
    wait_until(PATIENCE, "resets", || {
        scene.held.iter().filter(|held| held.target == b'a').all(Held::is_reset)
    });
    scene.assert_cut(b"a");
    let count = tell("a target unhealthy", load.stop());
    // Short ones that were with the target at that moment are cut with the rest.
    assert_eq!(scene.ended("target_unhealthy"), cut + count.failed);

    assert_eq!(scene.regional().len(), 2);
    let load = Load::start(&scene.addresses, per_second);
    scene.targets[1].sicken();
    wait_until(THRESHOLD, "zone a to leave DNS", || scene.regional() == scene.addresses[1..]);
    scene.assert_cut(&[]);
    assert_eq!(tell("a zone unhealthy", load.stop()).failed, 0);
    assert_eq!(scene.ended("target_unhealthy"), cut + count.failed);
}

/// All of them: everything goes on, and every connection counts as one that failed open.
fn total_failure(scene: &mut Scene, per_second: u32) {
    let cut = scene.ended("target_unhealthy");
    let load = Load::start(&scene.addresses, per_second);
    scene.targets[2].sicken();
    scene.targets[3].sicken();
    scene.topology.wait_healthy(0, THRESHOLD);
    wait_until(THRESHOLD, "all zones in DNS again", || scene.regional().len() == 2);
    let count = tell("all unhealthy", load.stop());
    // The first of the two to be found out may leave a healthy one.
    let lost = scene.held.extract_if(.., |held| !held.is_alive()).count();
    let lost = u64::try_from(lost).unwrap() + count.failed;
    assert_eq!(scene.ended("target_unhealthy") - cut, lost);
    let fail_open = "postern_connections_fail_open_total";
    let before = scene.counted(fail_open, "");
    for address in scene.addresses {
        (0..100).for_each(|_| Held::open(address).unwrap().finish().unwrap());
    }
    assert_eq!(scene.counted(fail_open, "") - before, 200);
}

/// The end of the process: who has connected stays until the deadline, and is reset then.
fn shutdown(scene: &mut Scene) {
    scene.targets.iter_mut().for_each(NamedTarget::recover);
    scene.topology.wait_healthy(4, THRESHOLD);
    scene.hold();
    assert!(scene.postern.stop().success());
    assert!(scene.held.iter().all(Held::is_reset), "{} held", scene.held.len());
    assert!(tests::client::is_refused(scene.addresses[0], PORT));
}

/// All of it under so many connections per second.
fn under(per_second: u32) {
    let mut scene = Scene::build();
    deregistrations(&mut scene, per_second);
    failures(&mut scene, per_second);
    total_failure(&mut scene, per_second);
    shutdown(&mut scene);
}

#[test]
fn what_is_cut_and_what_is_not_is_exact() {
    under(200);
}

#[test]
#[ignore = "takes both of two cores for two minutes"]
fn what_is_cut_and_what_is_not_is_exact_at_two_thousand_connections_per_second() {
    under(2000);
}
