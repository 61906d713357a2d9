//! The query log, read back.

use std::{num::NonZeroUsize, sync::Arc};

use dns::{Config, Network, QueryLog, ZoneFiles};
use model::{Vpc, VpcId};
use serde_json::{Value, json};

use crate::{
    rig::{Running, endpoint, name, snapshot},
    view::asked,
};

#[tokio::test(flavor = "multi_thread")]
async fn questions_of_chosen_vpcs_are_written_down() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("queries.jsonl");
    let mut config = Config::new("127.0.0.1:0".parse().unwrap(), NonZeroUsize::MIN);
    let [one, two] = [1, 2].map(VpcId::from_bits);
    config.query_log =
        Some(QueryLog { file: file.clone(), rotate_bytes: 1 << 20, keep: 1, vpcs: [one].into() });
    let clients = |text: &str| vec![text.parse().unwrap()];
    config.networks.push(Network { clients: clients("127.97.2.0/24"), ..Network::new(two) });
    let mut other = endpoint(2, 2);
    other.vpc = two;
    let mut world = snapshot(1, [endpoint(1, 1), other]);
    world.vpcs.insert(one, Arc::new(Vpc::new(one, clients("127.97.1.0/24"))));
    let running = Running::start_from(config, world, ZoneFiles::default()).unwrap();
    let server = running.at("127.0.0.1");
    let zonal = name(1).replacen('.', "-us-east-11.", 1);
    for from in ["127.97.1.1", "127.97.2.1", "127.0.0.1"] {
        asked(server, from, &["+nocookie", &zonal]).await;
    }
    asked(server, "127.97.1.1", &["+tcp", "none.example.test", "AAAA"]).await;
    running.server.stop().await;
    let text = std::fs::read_to_string(&file).unwrap();
    let mut lines: Vec<Value> =
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    for line in &mut lines {
        let port = line["srcport"].take();
        assert!(port.as_str().unwrap().parse::<u16>().unwrap() > 0);
    }
    let line = |name: String, rtype: &str, rcode: &str, answers: Value, transport: &str| {
        json!({
            "version": "1.100000",
            "account_id": "222222222222",
            "region": "us-east-1",
            "vpc_id": one.to_string(),
            "query_timestamp": "1970-01-01T00:00:00Z",
            "query_name": format!("{name}."),
            "query_type": rtype,
            "query_class": "IN",
            "rcode": rcode,
            "answers": answers,
            "srcaddr": "127.97.1.1",
            "srcport": null,
            "transport": transport,
        })
    };
    let answers = json!([{ "Rdata": "10.1.0.1", "Type": "A", "Class": "IN" }]);
    let expected = [
        line(zonal, "A", "NOERROR", answers, "UDP"),
        line("none.example.test".to_owned(), "AAAA", "REFUSED", json!([]), "TCP"),
    ];
    // The clock of these tests stands still but for the time since the start.
    lines.iter_mut().for_each(|line| line["query_timestamp"] = "1970-01-01T00:00:00Z".into());
    assert_eq!(lines, expected);
}
