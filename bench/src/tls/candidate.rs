//! Postern, HAProxy and nginx, each terminating TLS in front of one plain target.

use std::{
    fs,
    net::{SocketAddr, SocketAddrV4},
    path::{Path, PathBuf},
    thread,
    time::Duration,
};

use anyhow::{Context, Result};

use super::load::{Client, Work};
use crate::{api::Service, clock::Limit, peer, process::Process};

/// Who is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    /// Postern.
    Postern,
    /// HAProxy.
    Haproxy,
    /// nginx's stream module.
    Nginx,
}

impl Who {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Postern, Self::Haproxy, Self::Nginx];

    /// Its name in tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Postern => "postern",
            Self::Haproxy => "haproxy",
            Self::Nginx => "nginx",
        }
    }
}

/// What all of them are started with.
#[derive(Clone, Debug)]
pub struct Setting {
    /// A folder with `chain.pem`, `key.pem` and `both.pem`.
    pub folder: PathBuf,
    /// Postern's binary.
    pub postern: PathBuf,
    /// The processor of their worker.
    pub cpu: Option<usize>,
}

/// One that runs.
#[derive(Debug)]
pub struct Candidate {
    /// Who it is.
    pub who: Who,
    /// Where it terminates TLS.
    pub addr: SocketAddr,
    /// Its process.
    pub process: Process,
}

/// How long a start may take.
const READY_MAX: Duration = Duration::from_secs(20);
/// Between two looks.
const LOOK: Duration = Duration::from_millis(50);
const ARN: &str = "arn:aws:acm:us-east-1:111111111111:certificate/bench";
/// Connections that each must be able to hold.
const CONNECTIONS: usize = 8192;

impl Candidate {
    /// Starts it in front of a target, and waits until it serves.
    pub fn start(who: Who, target: SocketAddr, setting: &Setting, client: &Client) -> Result<Self> {
        let (plain, port) = (peer::free_port()?, peer::free_port()?);
        let folder = setting.folder.join(who.name());
        fs::create_dir_all(&folder)?;
        let ip = peer::postern_or_local(who == Who::Postern);
        let addr = SocketAddrV4::new(ip, port);
        let (program, arguments) = match who {
            Who::Postern => {
                let more = format!(
                    "[[certificate]]\narn = \"{ARN}\"\ncertificate = \"{0}/chain.pem\"\n\
                     key = \"{0}/key.pem\"\n",
                    setting.folder.display()
                );
                let arguments = peer::postern_arguments(&folder, plain, target, &more)?;
                (setting.postern.clone(), arguments)
            }
            Who::Haproxy => (peer::haproxy_program(), haproxy(&folder, setting, addr, target)?),
            Who::Nginx => (peer::nginx_program(), nginx(&folder, setting, addr, target)?),
        };
        let process = Process::start(&program, &arguments, &folder.join("log"), setting.cpu)
            .with_context(|| format!("run {}", program.display()))?;
        let mut started = Self { who, addr: addr.into(), process };
        if who == Who::Postern {
            started.listen(&folder, port)?;
        }
        let limit = Limit::starting(READY_MAX);
        while let Err(error) = client.run(Work::Handshakes(8), started.addr) {
            started.process.must_be_running()?;
            if limit.is_over() {
                return Err(error.context(format!("wait for {}", who.name())));
            }
            thread::sleep(LOOK);
        }
        Ok(started)
    }

    /// Adds the TLS listener, as a provider would.
    fn listen(&mut self, folder: &Path, port: u16) -> Result<()> {
        let mut caller = peer::provider(&mut self.process, folder)?;
        let groups = caller.call(Service::Elb, "DescribeTargetGroups", &[])?;
        let group = groups.required("TargetGroupArn")?;
        let certificate = [("Certificates.member.1.CertificateArn", ARN)];
        peer::create_listener(&mut caller, ("TLS", port), group, &certificate)
    }
}

fn haproxy(
    folder: &Path,
    setting: &Setting,
    listen: SocketAddrV4,
    target: SocketAddr,
) -> Result<Vec<String>> {
    let both = setting.folder.join("both.pem");
    let text = format!(
        "global
    nbthread 1
    maxconn {CONNECTIONS}
    ssl-default-bind-options ssl-min-ver TLSv1.2
defaults
    mode tcp
    timeout connect 5s
    timeout client 350s
    timeout server 350s
frontend endpoint
    bind {listen} ssl crt {}
    default_backend targets
backend targets
    server target {target} send-proxy-v2
",
        both.display()
    );
    Ok(peer::haproxy_configured(folder, &text)?)
}

fn nginx(
    folder: &Path,
    setting: &Setting,
    listen: SocketAddrV4,
    target: SocketAddr,
) -> Result<Vec<String>> {
    let shared = setting.folder.display();
    let events = format!("worker_connections {};", 2 * CONNECTIONS);
    let server = format!(
        "listen {listen} ssl backlog=4096;
        ssl_certificate {shared}/chain.pem;
        ssl_certificate_key {shared}/key.pem;
        ssl_protocols TLSv1.2 TLSv1.3;
        proxy_pass {target};
        proxy_protocol on;
        proxy_buffer_size 64k;
        proxy_timeout 350s;"
    );
    Ok(peer::nginx_stream(folder, &events, &server)?)
}
