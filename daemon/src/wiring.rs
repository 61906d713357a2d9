//! What a running gateway is made of: channels and start order, top to bottom.
//!
//! Everything binds before anything serves, so that a taken address is told before it matters. The
//! planes meet in two channels: control sends snapshots, the data plane sends health. Stopping goes
//! the opposite way. Does not know what flows through the channels.

use std::{future::Future, io::IsTerminal, io::Write, net::SocketAddr, sync::Arc, time::Duration};

use anyhow::Context;
use control::{Keeper, api::Api, audit::Audit, notify::Courier, store::Redb, tls::Tls};
use dataplane::{Plane, UdpProxyHeader};
use dataplane_core::explain::Datagrams;
use dns::ZoneFiles;
use model::{Clock, EndpointState, Health, Snapshot, VpcEndpointId};
use tokio::{net::TcpListener, runtime::Handle, sync::watch, task::JoinHandle, time::timeout};
use tracing::{info, warn};

use crate::{
    admin::{self, Admin, Facts, Phase},
    bootstrap,
    clock::MachineClock,
    config::Config,
    demo::Demo,
    domain_proof,
    identity::IdentityFiles,
    listen,
    metrics::Exporter,
    reload::{self, Reload},
    runtime, settings,
    signal::{Hangup, Stop},
    state_dir::{Listening, StateDir},
    summary, telemetry, zone_files,
};

/// The store's file in the state folder.
const STORE: &str = "postern.redb";
/// How long the start waits for listeners and for accepted endpoints to be available. 10,000
/// endpoints take under a second; a target group's health is not waited for.
const SETTLE_WAIT: Duration = Duration::from_secs(10);
/// How long requests in progress may go on after the API has stopped taking new ones.
const REQUEST_WAIT: Duration = Duration::from_secs(5);
/// How long the last lines of the audit log may take to be on the disk.
const AUDIT_WAIT: Duration = Duration::from_secs(5);
/// How long the runtime's own threads may take to end.
const RUNTIME_WAIT: Duration = Duration::from_secs(1);

/// Runs a gateway until a signal to stop.
pub(crate) fn run(config: Config, identity_files: IdentityFiles) -> anyhow::Result<()> {
    let zone_files = zone_files::load(&config.dns.zones)?;
    let state = StateDir::take(&config.state_dir)?;
    let _log = telemetry::start(&config.log);
    runtime::raise_descriptor_limit();
    let clock: Arc<dyn Clock> = Arc::new(MachineClock);
    let exporter = Exporter::install(&*clock)?;
    let runtime = runtime::control()?;
    let done = runtime.block_on(async {
        let mut stop = Stop::catch().context("catch signals")?;
        let follow = (identity_files, Hangup::catch().context("catch signals")?);
        let mut gateway = Gateway::start(&config, zone_files, follow, (state, clock, exporter))?;
        tokio::select! {
            made = gateway.make_ready(&config) => made?,
            signal = stop.asked() => return gateway.end(&config, signal, &mut stop).await,
        }
        let signal = stop.asked().await;
        gateway.end(&config, signal, &mut stop).await
    });
    runtime.shutdown_timeout(RUNTIME_WAIT);
    done
}

/// A gateway that serves.
struct Gateway {
    state: StateDir,
    clock: Arc<dyn Clock>,
    listening: Listening,
    phase: watch::Sender<Phase>,
    snapshots: watch::Receiver<Arc<Snapshot>>,
    health: watch::Receiver<Arc<Health>>,
    plane: Plane,
    dns: dns::Server,
    keeper: Keeper,
    audit: Audit,
    proofs: Server,
    courier: Server,
    reload: Server,
    api: Server,
    admin: Server,
    demo: Demo,
}

impl Gateway {
    /// Binds everything and starts the planes. Must be called on the control runtime.
    fn start(
        config: &Config,
        zone_files: ZoneFiles,
        (identity_files, hangup): (IdentityFiles, Hangup),
        (state, clock, exporter): (StateDir, Arc<dyn Clock>, Exporter),
    ) -> anyhow::Result<Self> {
        let (api_listener, admin_listener) = bind(config)?;
        let demo = Demo::start(&config.demo_targets)?;
        let empty = Arc::new(Snapshot::empty(config.region.clone()));
        let (snapshots_out, snapshots) = watch::channel(empty);
        let (health_out, health) = watch::channel(Arc::new(Health::default()));
        let (phase, phases) = watch::channel(Phase::Starting);
        let reload = Reload::new(config, identity_files, Arc::clone(&clock));
        let certificates = reload.certificates();
        let settings =
            dataplane::Config { certificates: certificates.clone(), ..settings::dataplane(config) };
        let (connections_max, udp) = (settings.connections_max, datagrams(&settings));
        let plane = start_plane((config, settings), &clock, snapshots.clone(), health_out)?;
        let watches = (snapshots.clone(), health.clone());
        let dns = start_dns((config, reload.tls()), zone_files, &clock, watches)?;
        let listening = listening(&api_listener, dns.local_addr(), &admin_listener)?;
        control::metrics::describe();
        let store = Redb::open(state.path().join(STORE))?;
        let control = settings::control(config);
        let (seed, to_keeper) = (fastrand::u64(..), health.clone());
        let keeper = Keeper::start(
            control.clone(),
            Box::new(store),
            Arc::clone(&clock),
            seed,
            snapshots_out,
            to_keeper,
        )
        .context("start the control plane")?;
        let audit = start_audit(config)?;
        let proofs = start_proofs(config, &keeper, &clock);
        let api = Api {
            keeper: keeper.clone(),
            config: Arc::new(control),
            identities: reload.identities(),
            clock: Arc::clone(&clock),
            health: health.clone(),
            seed: fastrand::u64(..),
            audit: audit.clone(),
            tls: reload.tls(),
        };
        let courier = start_courier(config, &keeper, &clock);
        let api = Server::spawn(|stop| control::api::serve(api_listener, api, stop));
        let watches = (snapshots.clone(), health.clone());
        let planes = (dns.inspector(), keeper.clone());
        let facts = Facts { connections_max, idle_end: plane.idle_end(), udp, certificates };
        let admin = Admin::new(exporter, phases, watches, planes, facts);
        let reload = Server::spawn(|stop| reload::run(reload, hangup, stop));
        let admin = Server::spawn(|stop| admin::serve(admin_listener, admin, stop));
        Ok(Self {
            state,
            clock,
            listening,
            phase,
            snapshots,
            health,
            plane,
            dns,
            keeper,
            audit,
            proofs,
            courier,
            reload,
            api,
            admin,
            demo,
        })
    }

    /// Makes what the bootstrap asks for, waits until it is served, and says so.
    async fn make_ready(&mut self, config: &Config) -> anyhow::Result<()> {
        let applied = bootstrap::apply(&self.keeper, config).await?;
        let ids: Vec<_> = applied.endpoints.iter().map(|endpoint| endpoint.id).collect();
        if timeout(SETTLE_WAIT, self.settle(&ids)).await.is_err() {
            warn!("not everything is bound yet; GET /readyz on the admin address shows how far");
        }
        self.phase.send_replace(Phase::Ready);
        self.state.announce(self.listening)?;
        let Listening { api, dns, admin } = self.listening;
        info!(%api, %dns, %admin, "ready");
        let mut stdout = std::io::stdout();
        if config.summary || stdout.is_terminal() {
            let registry = self.keeper.registry();
            let text = summary::write(config, &registry, self.listening, self.plane.idle_end());
            // Nobody may be reading; that is no reason to stop.
            drop(stdout.write_all(text.as_bytes()));
        }
        Ok(())
    }

    /// Waits until every listener of the present snapshot was tried, and none of these endpoints is
    /// still pending.
    async fn settle(&mut self, endpoints: &[VpcEndpointId]) {
        let present = self.snapshots.borrow().generation;
        let is_settled = |snapshot: &Snapshot| {
            endpoints
                .iter()
                .filter_map(|id| snapshot.endpoints.get(id))
                .all(|endpoint| endpoint.state != EndpointState::Pending)
        };
        // A channel that has ended has nobody left to wait for.
        drop(self.health.wait_for(|health| health.generation >= present).await);
        drop(self.snapshots.wait_for(|snapshot| is_settled(snapshot)).await);
    }

    /// Lets connections end, then stops everything; a second signal ends the wait.
    async fn end(self, config: &Config, signal: &str, stop: &mut Stop) -> anyhow::Result<()> {
        info!(signal, "stopping; a second signal stops at once");
        self.phase.send_replace(Phase::Draining);
        self.state.withdraw();
        tokio::select! {
            () = self.stop(config.drain_timeout) => {
                info!("stopped");
                Ok(())
            }
            signal = stop.asked() => anyhow::bail!("stopped at once by a second {signal}"),
        }
    }

    async fn stop(self, drain_timeout: Duration) {
        self.reload.stop().await;
        self.api.stop().await;
        // No request is left that could have a line written.
        if timeout(AUDIT_WAIT, self.audit.stop()).await.is_err() {
            warn!("the last lines of the audit log were not written");
        }
        self.courier.stop().await;
        self.plane.drain(self.clock.monotonic() + drain_timeout).await;
        self.demo.stop();
        self.proofs.stop().await;
        self.dns.stop().await;
        self.keeper.stop().await;
        self.admin.stop().await;
    }
}

fn bind(config: &Config) -> anyhow::Result<(TcpListener, TcpListener)> {
    let api = listen::tcp("the API (listen.api)", config.listen.api)?;
    let admin = listen::tcp("metrics and readiness (listen.admin)", config.listen.admin)?;
    Ok((api, admin))
}

/// Where all of it listens.
fn listening(api: &TcpListener, dns: SocketAddr, admin: &TcpListener) -> anyhow::Result<Listening> {
    let api = api.local_addr().context("read the API's address")?;
    Ok(Listening { api, dns, admin: admin.local_addr().context("read the admin address")? })
}

fn datagrams(settings: &dataplane::Config) -> Datagrams {
    Datagrams {
        flows_max: settings.udp_flows_max,
        has_header: settings.udp_proxy_header != UdpProxyHeader::Off,
    }
}

fn start_plane(
    (config, settings): (&Config, dataplane::Config),
    clock: &Arc<dyn Clock>,
    snapshots: watch::Receiver<Arc<Snapshot>>,
    health: watch::Sender<Arc<Health>>,
) -> anyhow::Result<Plane> {
    let plane = Plane::start(settings, Arc::clone(clock), snapshots, health, Handle::current());
    let plane = plane.context("start the data plane")?;
    let wanted = config.dataplane.idle_end;
    if wanted.is_some_and(|wanted| wanted != plane.idle_end()) {
        warn!("idle connections are reset: dataplane.idle_end = \"silent\" needs CAP_NET_ADMIN");
    }
    Ok(plane)
}

fn start_dns(
    (config, certificate): (&Config, Option<Tls>),
    zone_files: ZoneFiles,
    clock: &Arc<dyn Clock>,
    watches: (watch::Receiver<Arc<Snapshot>>, watch::Receiver<Arc<Health>>),
) -> anyhow::Result<dns::Server> {
    let started = dns::Server::start_with_zones(
        settings::dns(config, certificate.as_ref())?,
        zone_files,
        Arc::clone(clock),
        watches,
        Handle::current(),
    );
    started.map_err(|error| match error {
        dns::StartError::Bind { addr, source, .. } => {
            let is_common = addr == config.listen.dns;
            let what = if is_common { "DNS (listen.dns)" } else { "DNS (listen of dns.view)" };
            listen::failed(what, addr, source).into()
        }
        other => anyhow::Error::new(other),
    })
}

/// A task that serves until it is told to stop.
struct Server {
    task: JoinHandle<()>,
    stop: watch::Sender<bool>,
}

impl Server {
    fn spawn<F>(serve: impl FnOnce(StopAsked) -> F) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let (stop, mut stopped) = watch::channel(false);
        let asked = Box::pin(async move {
            // An error says that the sender is gone, which means the same.
            drop(stopped.wait_for(|asked| *asked).await);
        });
        Self { task: tokio::spawn(serve(asked)), stop }
    }

    async fn stop(self) {
        self.stop.send_replace(true);
        match timeout(REQUEST_WAIT, self.task).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => warn!(%error, "a server's task broke off"),
            Err(_) => warn!("requests in progress were cut off"),
        }
    }
}

/// Ends when a server is told to stop.
type StopAsked = std::pin::Pin<Box<dyn Future<Output = ()> + Send>>;

fn start_audit(config: &Config) -> anyhow::Result<Audit> {
    Ok(match &config.audit {
        Some(audit) => Audit::start(&settings::audit(audit))?,
        None => Audit::off(),
    })
}

/// Has domains proved for control.
fn start_proofs(config: &Config, keeper: &Keeper, clock: &Arc<dyn Clock>) -> Server {
    let (keeper, clock) = (keeper.clone(), Arc::clone(clock));
    let servers = config.dns.verification.clone();
    Server::spawn(|stop| domain_proof::run(keeper, servers, clock, stop))
}

/// Has connection notifications delivered.
fn start_courier(config: &Config, keeper: &Keeper, clock: &Arc<dyn Clock>) -> Server {
    let courier =
        Courier { keeper: keeper.clone(), clock: Arc::clone(clock), seed: fastrand::u64(..) };
    let notify = config.notifications.clone();
    Server::spawn(|stop| control::notify::run(notify, courier, stop))
}
