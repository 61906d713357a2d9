//! The consumer's tools, as they come from Debian: `dig` and `curl`.

use std::{
    net::{IpAddr, SocketAddr},
    process::Command,
};

/// Asks a server for a name's records and returns `dig +short`'s lines.
pub fn dig(server: SocketAddr, name: &str, kind: &str) -> Vec<String> {
    dig_with(server, name, kind, &["+short"])
}

/// The same with other options than `+short`.
pub fn dig_with(server: SocketAddr, name: &str, kind: &str, options: &[&str]) -> Vec<String> {
    let output = Command::new("dig")
        .args([&format!("@{}", server.ip()), "-p", &server.port().to_string(), name, kind])
        .args(["+time=2", "+tries=2"])
        .args(options)
        .output()
        .expect("dig is installed: make test-tools");
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "dig {name} {kind}: {text}");
    text.lines().map(str::to_owned).collect()
}

/// The addresses of a name, sorted.
pub fn resolve(server: SocketAddr, name: &str) -> Vec<IpAddr> {
    let mut addresses: Vec<IpAddr> =
        dig(server, name, "A").iter().filter_map(|line| line.parse().ok()).collect();
    addresses.sort();
    addresses
}

/// The status word of an answer: `NOERROR`, `NXDOMAIN`, ...
pub fn dns_status(server: SocketAddr, name: &str, kind: &str) -> String {
    let lines = dig_with(server, name, kind, &[]);
    let line = lines.iter().find(|line| line.contains("status:")).unwrap();
    line.split("status: ").nth(1).unwrap().split(',').next().unwrap().to_owned()
}

/// Runs curl, which must end within 5 s; the body, or what curl said went wrong.
pub fn curl(arguments: &[&str]) -> Result<String, String> {
    let output = Command::new("curl")
        .args(["--silent", "--show-error", "--max-time", "5", "--noproxy", "*"])
        .args(arguments)
        .output()
        .expect("curl is installed: make test-tools");
    if output.status.success() {
        Ok(String::from_utf8(output.stdout).unwrap())
    } else {
        Err(String::from_utf8_lossy(&output.stderr).trim().to_owned())
    }
}

/// Fetches `/` from `name:port` at one of its addresses, as a consumer with our resolver would.
pub fn fetch(name: &str, address: IpAddr, port: u16) -> Result<serde_json::Value, String> {
    fetch_with(name, address, port, &[])
}

/// The same from a chosen address of the client's.
pub fn fetch_from(
    client: IpAddr,
    name: &str,
    address: IpAddr,
    port: u16,
) -> Result<serde_json::Value, String> {
    fetch_with(name, address, port, &["--interface", &client.to_string()])
}

fn fetch_with(
    name: &str,
    address: IpAddr,
    port: u16,
    options: &[&str],
) -> Result<serde_json::Value, String> {
    let (resolve, url) = (format!("{name}:{port}:{address}"), format!("http://{name}:{port}/"));
    let body = curl(&[&["--resolve", &resolve, &url], options].concat())?;
    serde_json::from_str(&body).map_err(|error| format!("{address} answered {body:?}: {error}"))
}
