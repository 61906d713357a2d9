//! nginx's configuration: the stream module, one process. nginx sends version 1 headers only.

use std::{fs, io, path::Path};

use super::Place;

pub(super) const PROGRAM: &str = "/usr/sbin/nginx";

/// Writes the configuration of a TCP relay with a 64 KiB buffer, and returns the arguments.
pub(super) fn prepare(place: &Place) -> io::Result<Vec<String>> {
    let (listen, target) = (place.listen, place.target);
    // Two per client, and a few for itself.
    let events = format!("worker_connections {};", 2 * place.connections_max + 64);
    let server = format!(
        "listen {listen} backlog=4096;
        proxy_pass {target};
        proxy_protocol on;
        proxy_buffer_size 64k;
        proxy_connect_timeout 5s;
        proxy_timeout 350s;"
    );
    stream(&place.folder, &events, &server)
}

/// Writes the configuration of one server, with what its events are set to, and returns the
/// arguments.
pub(crate) fn stream(folder: &Path, events: &str, server: &str) -> io::Result<Vec<String>> {
    let path = folder.join("nginx.conf");
    let folder = folder.display();
    let text = format!(
        "load_module /usr/lib/nginx/modules/ngx_stream_module.so;
worker_processes 1;
daemon off;
master_process off;
pid {folder}/nginx.pid;
error_log {folder}/error.log crit;
events {{
    use epoll;
    {events}
}}
stream {{
    access_log off;
    server {{
        {server}
    }}
}}
"
    );
    fs::write(&path, text)?;
    let arguments = ["-p", &format!("{folder}"), "-e", "stderr", "-c", &path.display().to_string()];
    Ok(arguments.map(str::to_owned).to_vec())
}
