//! nginx's configuration: the stream module, one process, a 64 KiB buffer. nginx sends version 1
//! headers only.

use std::{fs, io};

use super::Place;

pub(super) const PROGRAM: &str = "/usr/sbin/nginx";

/// Writes the configuration and returns the arguments.
pub(super) fn prepare(place: &Place) -> io::Result<Vec<String>> {
    let folder = place.folder.display();
    let (listen, target) = (place.listen, place.target);
    // Two per client, and a few for itself.
    let connections = 2 * place.connections_max + 64;
    let text = format!(
        "load_module /usr/lib/nginx/modules/ngx_stream_module.so;
worker_processes 1;
daemon off;
master_process off;
pid {folder}/nginx.pid;
error_log {folder}/error.log crit;
events {{
    use epoll;
    worker_connections {connections};
}}
stream {{
    access_log off;
    server {{
        listen {listen} backlog=4096;
        proxy_pass {target};
        proxy_protocol on;
        proxy_buffer_size 64k;
        proxy_connect_timeout 5s;
        proxy_timeout 350s;
    }}
}}
"
    );
    let path = place.folder.join("nginx.conf");
    fs::write(&path, text)?;
    let arguments = ["-p", &format!("{folder}"), "-e", "stderr", "-c", &path.display().to_string()];
    Ok(arguments.map(str::to_owned).to_vec())
}
