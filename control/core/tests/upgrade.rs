//! What earlier versions stored is still read, and what needs nothing new is still written so.

use std::time::Duration;

use control_core::{Record, resource::TargetType};

/// Records as the first version wrote them.
const RECORDS: [&str; 4] = [
    r#"{"schema":1,"record":{"load-balancer":{"id":"0000000000000001","owner":"111111111111",
    "name":"lb","vpc":"vpc-00000000000000001","subnets":{"use1-az1":"subnet-00000000000000001"},
    "scheme":"internal","ip_address_type":"ipv4","enforces_on_endpoints":true,"attributes":{
    "cross_zone":false,"deletion_protection":false,"client_routing_policy":"any-zone",
    "zonal_shift":false,"secondary_addresses":0,"deny_internet_gateway":true},
    "created":1,"tags":{}}}}"#,
    r#"{"schema":1,"record":{"listener":{"id":"0000000000000001","owner":"111111111111",
    "load_balancer":"0000000000000001","port":80,"protocol":"TCP",
    "forward":[{"group":"0000000000000001","weight":1}],"idle_timeout_s":350,
    "created":1,"tags":{}}}}"#,
    r#"{"schema":1,"record":{"target-group":{"id":"0000000000000001","owner":"111111111111",
    "name":"tg","protocol":"TCP","port":80,"vpc":"vpc-00000000000000001",
    "health_check":{"protocol":"TCP","port":null,"interval_s":30,"timeout_s":10,
    "healthy_threshold":5,"unhealthy_threshold":2},"attributes":{"deregistration_delay_s":300,
    "deregistration_connection_termination":false,"preserve_client_ip":false,
    "proxy_protocol_v2":false,"stickiness":false,"cross_zone":"load-balancer",
    "dns_failover_count":{"at-least":1},"dns_failover_percentage":"off","routing_count":1,
    "routing_percentage":"off","unhealthy_connection_termination":true,
    "unhealthy_draining_interval_s":0},"created":1,"tags":{}}}}"#,
    r#"{"schema":1,"record":{"target":{"group":"0000000000000001","addr":"10.0.0.1:80",
    "zone":null,"state":"registered","created":1}}}"#,
];

fn records() -> impl Iterator<Item = (String, Record)> {
    RECORDS.iter().map(|text| {
        let text: String = text.lines().map(str::trim).collect();
        let record = Record::decode(text.as_bytes()).unwrap_or_else(|e| panic!("{e}: {text}"));
        (text, record)
    })
}

#[test]
fn records_of_the_first_version_are_read_and_written_as_they_were() {
    for (text, record) in records() {
        assert_eq!(String::from_utf8(record.encode()).unwrap(), text);
    }
}

#[test]
fn what_they_do_not_say_is_as_it_was() {
    for (_, record) in records() {
        match record {
            Record::LoadBalancer(it) => assert_eq!(it.zonal_shift, None),
            Record::Listener(it) => assert_eq!((&it.tls, it.proxy_protocol_v2), (&None, None)),
            Record::TargetGroup(it) => {
                assert_eq!((it.target_type, &it.health_check.http), (TargetType::Ip, &None));
                assert_eq!(it.attributes.slow_start_s, 0);
                assert_eq!(it.attributes.deregistration_delay(), Duration::from_secs(300));
            }
            Record::Target(it) => assert_eq!(it.name, None),
            other => panic!("{other:?}"),
        }
    }
}
