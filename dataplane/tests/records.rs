//! What is recorded of a connection: counters, and one access line. Alone in its process: the
//! recorder and the subscriber are global.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "support/rig.rs"]
mod rig;
#[path = "support/udp.rs"]
mod udp;

use std::{
    collections::BTreeMap,
    io::Write,
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
};

use metrics::{Counter, Gauge, Histogram, Key, KeyName, Metadata, Recorder, SharedString, Unit};
use rig::{Rig, Upstream, assert_alive, assert_reset, connect, reset, simple, wait_until};

type Values = Arc<Mutex<BTreeMap<String, Arc<AtomicU64>>>>;

/// Keeps all values by name and labels.
#[derive(Clone, Default)]
struct Known {
    values: Values,
}

impl Known {
    fn value(&self, key: &Key) -> Arc<AtomicU64> {
        let labels: Vec<String> =
            key.labels().map(|label| format!("{}={}", label.key(), label.value())).collect();
        let name = format!("{}{{{}}}", key.name(), labels.join(","));
        Arc::clone(self.values.lock().unwrap().entry(name).or_default())
    }

    /// The sum over all series of the name whose labels contain the text.
    fn sum(&self, name: &str, labels: &str) -> u64 {
        let values = self.values.lock().unwrap();
        let meant = values.iter().filter(|(series, _)| {
            series.strip_prefix(name).is_some_and(|rest| rest.starts_with('{'))
                && series.contains(labels)
        });
        meant.map(|(_, value)| value.load(Ordering::Relaxed)).sum()
    }

    /// A gauge's value, which is kept as the bits of a float.
    fn gauge(&self, name: &str, labels: &str) -> f64 {
        f64::from_bits(self.sum(name, labels))
    }
}

impl Recorder for Known {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        Counter::from_arc(self.value(key))
    }

    fn register_gauge(&self, key: &Key, _: &Metadata<'_>) -> Gauge {
        Gauge::from_arc(self.value(key))
    }

    fn register_histogram(&self, _: &Key, _: &Metadata<'_>) -> Histogram {
        Histogram::noop()
    }
}

/// A log that can be read.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Lines {
    fn access(&self) -> Vec<String> {
        let all = String::from_utf8(self.0.lock().unwrap().clone()).unwrap();
        all.lines().filter(|line| line.contains("\"target\":\"access\"")).map(Into::into).collect()
    }
}

/// Publishes the world as it is now, which turns a client away; gives the client's address.
fn refused_by(rig: &mut Rig, addr: SocketAddr) -> SocketAddr {
    rig.publish();
    let mut client = connect(addr);
    assert_reset(&mut client);
    client.local_addr().unwrap()
}

/// Has the listener speak UDP, with a limit: each datagram is counted as relayed or as lost.
fn datagrams_are_counted(rig: &mut Rig, upstream: &Upstream, addr: SocketAddr, metrics: &Known) {
    udp::speak_udp(&mut rig.world);
    rig.world.register(upstream, "a");
    rig.world.snapshot.inbound = Default::default();
    let id = model::VpcEndpointId::from_bits(1);
    let endpoint = rig.world.snapshot.endpoints.get_mut(&id).unwrap();
    Arc::make_mut(endpoint).limits.bytes_per_second = Some(1000);
    rig.publish();
    // A target that takes nothing would end the flow.
    let _target = udp::target(upstream.addr());
    let client = udp::client(addr);
    for _ in 0..20 {
        client.send_to(&[b'd'; 1000], addr).unwrap();
    }
    let relayed = || metrics.sum("postern_udp_datagrams_total", "direction=to_target");
    let lost = || metrics.sum("postern_udp_datagrams_lost_total", "reason=endpoint_byte_rate");
    wait_until("all are counted", || relayed() + lost() == 20);
    assert!(relayed() > 0 && lost() > 10, "{} relayed, {} lost", relayed(), lost());
    assert_eq!(metrics.gauge("postern_udp_flows_active", "endpoint_id=vpce-"), 1.0);
}

#[test]
fn each_connection_is_counted_and_has_one_line() {
    let metrics = Known::default();
    metrics::set_global_recorder(metrics.clone()).unwrap();
    let lines = Lines::default();
    let log = lines.clone();
    tracing_subscriber::fmt().json().with_writer(move || log.clone()).init();
    let (mut rig, upstream, addr) = simple(|_| {});

    let (mut client, mut target) = (connect(addr), upstream.accept());
    assert_alive(&mut client, &mut target);
    assert_alive(&mut client, &mut target);
    let endpoint = "endpoint_id=vpce-00000000000000001";
    // Live connections are counted within a second, not only at their end.
    wait_until("bytes are counted", || {
        metrics.sum("postern_connection_bytes_total", endpoint) == 4
    });
    assert_eq!(metrics.gauge("postern_connections_active", endpoint), 1.0);
    assert_eq!(lines.access(), [""; 0]);
    let (client_addr, target_addr) = (client.local_addr().unwrap(), upstream.addr());
    reset(client);
    assert_reset(&mut target);
    rig.world.group().targets.clear();
    let refused = refused_by(&mut rig, addr);
    let rules = Arc::new(model::InboundRules::default());
    rig.world.snapshot.inbound.endpoints.insert(model::VpcEndpointId::from_bits(1), rules);
    let barred = refused_by(&mut rig, addr);
    wait_until("all have a line", || lines.access().len() == 3);
    wait_until("all are counted", || metrics.sum("postern_connections_total", endpoint) == 3);

    let [ended, turned_away, not_admitted] = &lines.access()[..] else { panic!("three lines") };
    for part in [
        "\"endpoint\":\"vpce-00000000000000001\"",
        "\"service\":\"vpce-svc-00000000000000001\"",
        "\"owner\":\"222222222222\"",
        "\"zone\":\"a\"",
        &format!("\"client\":\"{client_addr}\""),
        &format!("\"address\":\"{addr}\""),
        &format!("\"target\":\"{target_addr}\""),
        "\"bytes_to_target\":2",
        "\"bytes_to_client\":2",
        "\"duration_ms\":",
        "\"end\":\"client_reset\"",
    ] {
        assert!(ended.contains(part), "{part} in {ended}");
    }
    assert!(turned_away.contains(&format!("\"client\":\"{refused}\"")), "{turned_away}");
    assert!(turned_away.contains("\"end\":\"no_target\""), "{turned_away}");
    assert!(not_admitted.contains(&format!("\"client\":\"{barred}\"")), "{not_admitted}");
    assert!(not_admitted.contains("\"end\":\"security_group\""), "{not_admitted}");
    for (name, labels, expected) in [
        ("postern_connections_ended_total", "reason=client_reset", 1),
        ("postern_connections_refused_total", "reason=no_target", 1),
        ("postern_connections_refused_total", "reason=security_group", 1),
        ("postern_connection_resets_total", "side=client", 1),
        ("postern_connection_resets_total", "side=postern", 2),
        ("postern_connection_bytes_total", "direction=to_target", 2),
        ("postern_connection_bytes_total", "direction=to_client", 2),
        ("postern_relayed_bytes_total", "method=copy", 4),
    ] {
        assert_eq!(metrics.sum(name, labels), expected, "{name} {labels}");
    }
    for (name, labels, expected) in [
        ("postern_connections_active", endpoint, 0.0),
        ("postern_listeners_bound", "", 1.0),
        ("postern_endpoints_unbound", "", 0.0),
        ("postern_snapshot_generation", "", 3.0),
        ("postern_targets", "health=healthy", 0.0),
    ] {
        assert_eq!(metrics.gauge(name, labels), expected, "{name} {labels}");
    }
    datagrams_are_counted(&mut rig, &upstream, addr, &metrics);
}
