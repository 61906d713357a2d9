//! What to say to a person once everything is ready: what there is, and what to try.
//!
//! Written to standard output, apart from the log. Does not know how the resources came to be.

use std::{
    fmt::{self, Write},
    net::{IpAddr, SocketAddr},
};

use control_core::{Registry, resource::VpcEndpoint};
use dataplane::IdleEnd;
use model::EndpointState;

use crate::{
    config::{Account, Config},
    state_dir::Listening,
};

/// Endpoints listed before "and more": a screen has room for a few.
const ENDPOINTS_MAX: usize = 5;

/// The text.
pub(crate) fn write(
    config: &Config,
    registry: &Registry,
    listening: Listening,
    idle_end: IdleEnd,
) -> String {
    let mut text = String::new();
    let planes = (listening, idle_end);
    write_all(&mut text, config, registry, planes).expect("a String takes everything");
    text
}

fn write_all(
    text: &mut String,
    config: &Config,
    registry: &Registry,
    (listening, idle_end): (Listening, IdleEnd),
) -> fmt::Result {
    let Listening { api, dns, admin } = listening;
    writeln!(text, "\nPostern is ready in {}.", config.region)?;
    writeln!(text, "  API    {}://{api}", scheme(config))?;
    writeln!(text, "  DNS    {dns} (UDP and TCP)")?;
    writeln!(text, "  Admin  http://{admin}/metrics, /readyz, /livez, /snapshot")?;
    match idle_end {
        IdleEnd::Silent => writeln!(text, "  Idle connections end silently.")?,
        IdleEnd::Reset => writeln!(text, "  Idle connections end by reset.")?,
    }
    let shown = registry.endpoints().filter(|endpoint| endpoint.state != EndpointState::Deleted);
    let shown: Vec<_> = shown.collect();
    for endpoint in shown.iter().take(ENDPOINTS_MAX) {
        write_endpoint(text, registry, endpoint, dns)?;
    }
    if shown.len() > ENDPOINTS_MAX {
        writeln!(text, "\n... and {} more endpoints.", shown.len() - ENDPOINTS_MAX)?;
    }
    let owner = shown.first().map(|endpoint| &endpoint.owner);
    let consumer = config.accounts.iter().find(|account| Some(&account.id) == owner);
    if let Some(account) = consumer.or_else(|| config.accounts.first()) {
        write_cli(text, config, account, api)?;
    }
    writeln!(text, "\nCtrl-C lets connections end and stops; a second one stops at once.")
}

fn write_endpoint(
    text: &mut String,
    registry: &Registry,
    endpoint: &VpcEndpoint,
    dns: SocketAddr,
) -> fmt::Result {
    let VpcEndpoint { id, owner, service, state, regional_name, .. } = endpoint;
    writeln!(text, "\nEndpoint {id} of account {owner} to service {service}: {state}")?;
    if let Some(error) = &endpoint.last_error {
        writeln!(text, "  {}", error.message)?;
    }
    writeln!(text, "  {regional_name}")?;
    let ports: Vec<_> = endpoint
        .interfaces
        .first()
        .map(|first| first.load_balancer)
        .into_iter()
        .flat_map(|balancer| registry.listeners().filter(move |l| l.load_balancer == balancer))
        .map(|listener| listener.port)
        .collect();
    for interface in &endpoint.interfaces {
        let addresses: Vec<_> = interface.addresses().map(|addr| addr.to_string()).collect();
        let zone = &interface.zone;
        let name = registry.settings().zone_name(owner, zone);
        let name = name.map_or(zone.as_str(), |name| name.as_str());
        writeln!(text, "  {name}  {}", addresses.join(" "))?;
    }
    let first = endpoint.interfaces.iter().flat_map(|interface| interface.addresses()).next();
    if let (Some(port), Some(addr)) = (ports.first(), first) {
        let addr = SocketAddr::new(addr, port.get());
        writeln!(text, "  try:")?;
        writeln!(text, "    curl http://{addr}/")?;
        let name = regional_name;
        writeln!(text, "    dig @{} -p {} +short {name}", reachable(dns.ip()), dns.port())?;
        writeln!(text, "    curl --resolve {name}:{port}:{} http://{name}:{port}/", addr.ip())?;
    }
    Ok(())
}

fn write_cli(
    text: &mut String,
    config: &Config,
    account: &Account,
    api: SocketAddr,
) -> fmt::Result {
    let Some(key) = account.keys.first() else { return Ok(()) };
    let url = SocketAddr::new(reachable(api.ip()), api.port());
    writeln!(text, "\nWith the AWS CLI, as account {} ({}):", account.id, account.name)?;
    writeln!(text, "    export AWS_ACCESS_KEY_ID={} AWS_DEFAULT_REGION={}", key.id, config.region)?;
    if key.is_shown {
        writeln!(text, "    export AWS_SECRET_ACCESS_KEY={}", key.secret.reveal())?;
    } else {
        writeln!(text, "    export AWS_SECRET_ACCESS_KEY=...   # kept outside the configuration")?;
    }
    if config.tls.is_some() {
        writeln!(text, "    export AWS_CA_BUNDLE=...   # the authority of the API's certificate")?;
    }
    let scheme = scheme(config);
    writeln!(text, "    aws ec2 describe-vpc-endpoints --endpoint-url {scheme}://{url}")
}

/// How the API is spoken to.
fn scheme(config: &Config) -> &'static str {
    if config.tls.is_some() { "https" } else { "http" }
}

/// An address that a client can dial: a server on all addresses is on the loopback one, too.
fn reachable(ip: IpAddr) -> IpAddr {
    match ip {
        IpAddr::V4(ip) if ip.is_unspecified() => std::net::Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => std::net::Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    }
}
