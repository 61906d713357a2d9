//! What the programs are configured with: one listener that wants a PROXY header, and an answer in
//! JSON that tells what the header said.

use std::{fs, net::SocketAddr, path::Path};

use rustix::process::geteuid;

use super::{DOWN, HEALTH_PATH};

pub(super) fn haproxy(addr: SocketAddr, _: &Path) -> String {
    let answer = "'{\"target\":\"haproxy\",\"client\":\"%[src]\",\"client_port\":%[src_port],\
                  \"endpoint\":\"%[dst]\",\"endpoint_port\":%[dst_port]}'";
    format!(
        "global\n  nbthread 1\n  maxconn 500\ndefaults\n  mode http\n  \
         timeout client 30s\n  timeout server 30s\n  timeout connect 5s\n\
         frontend f\n  bind {addr} accept-proxy\n  \
         http-request return status 200 content-type application/json lf-string {answer}\n"
    )
}

pub(super) fn nginx(addr: SocketAddr, folder: &Path) -> String {
    let folder = folder.display();
    let answer = "'{\"target\":\"nginx\",\"client\":\"$proxy_protocol_addr\",\
                  \"client_port\":$proxy_protocol_port,\
                  \"endpoint\":\"$proxy_protocol_server_addr\",\
                  \"endpoint_port\":$proxy_protocol_server_port}'";
    let user = if geteuid().is_root() { "user root;" } else { "" };
    let temp: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .map(|kind| format!("{kind}_temp_path {folder}/{kind};\n"))
        .concat();
    format!(
        "{user}\ndaemon off;\nmaster_process off;\npid {folder}/pid;\n\
         error_log {folder}/error.log;\nevents {{}}\nhttp {{\naccess_log off;\n{temp}\
         default_type application/json;\n\
         server {{ listen {addr} proxy_protocol; \
         location = {HEALTH_PATH} {{ if (-f {folder}/{DOWN}) {{ return 503; }} \
         return 200 fine; }} \
         location / {{ return 200 {answer}; }} }} }}\n"
    )
}

pub(super) fn apache(addr: SocketAddr, folder: &Path) -> String {
    // Its answer is a page with a variable in it.
    let page = "{\"target\":\"apache\",\"client\":\"<!--#echo var=\"REMOTE_ADDR\" -->\"}";
    let pages = folder.join("pages");
    fs::create_dir(&pages).unwrap();
    fs::write(pages.join("index.json"), page).unwrap();
    let modules: String = ["mpm_event", "authz_core", "dir", "include", "remoteip"]
        .map(|it| format!("LoadModule {it}_module /usr/lib/apache2/modules/mod_{it}.so\n"))
        .concat();
    let (folder, pages) = (folder.display(), pages.display());
    format!(
        "ServerName localhost\nListen {addr}\nPidFile {folder}/pid\nErrorLog {folder}/error.log\n\
         DefaultRuntimeDir {folder}\n{modules}RemoteIPProxyProtocol On\nDocumentRoot {pages}\n\
         DirectoryIndex index.json\n<Directory {pages}>\nRequire all granted\n\
         Options +Includes\nSetOutputFilter INCLUDES\n</Directory>\n"
    )
}

pub(super) fn caddy(addr: SocketAddr, _: &Path) -> String {
    let answer = "{\"target\":\"caddy\",\"client\":\"{remote_host}\",\
                  \"client_port\":{remote_port}}";
    let (ip, port) = (addr.ip(), addr.port());
    format!(
        "{{\nadmin off\nauto_https off\nservers {{\nlistener_wrappers {{\n\
         proxy_protocol {{\nallow 127.0.0.0/8\n}}\n}}\n}}\n}}\n\
         :{port} {{\nbind {ip}\nrespond `{answer}`\n}}\n"
    )
}
