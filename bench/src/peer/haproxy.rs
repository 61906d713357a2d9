//! HAProxy's configuration: one thread, version 2 headers, always or adaptively spliced.

use std::{fs, io, path::Path};

use super::Place;

pub(super) const PROGRAM: &str = "/usr/sbin/haproxy";
/// Pipes for splicing, two descriptors each; more than any measure has flows.
const PIPES_MAX: usize = 300;

/// When it splices.
#[derive(Clone, Copy)]
pub(super) enum Splice {
    /// `splice-request` and `splice-response`.
    Always,
    /// `splice-auto`.
    Auto,
}

/// Writes the configuration and returns the arguments.
pub(super) fn prepare(place: &Place, splice: Splice) -> io::Result<Vec<String>> {
    let option = match splice {
        Splice::Always => "option splice-request\n    option splice-response",
        Splice::Auto => "option splice-auto",
    };
    let (listen, target) = (place.listen, place.target);
    let connections = place.connections_max;
    let text = format!(
        "global
    nbthread 1
    maxconn {connections}
    maxpipes {PIPES_MAX}
defaults
    mode tcp
    timeout connect 5s
    timeout client 350s
    timeout server 350s
    {option}
frontend endpoint
    bind {listen}
    default_backend targets
backend targets
    server target {target} send-proxy-v2
"
    );
    configured(&place.folder, &text)
}

/// Keeps a configuration in a folder, and returns the arguments.
pub(crate) fn configured(folder: &Path, text: &str) -> io::Result<Vec<String>> {
    let path = folder.join("haproxy.cfg");
    fs::write(&path, text)?;
    Ok(vec!["-db".into(), "-f".into(), path.display().to_string()])
}
