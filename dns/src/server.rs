//! Starting and stopping the DNS plane: which threads and tasks there are. Knows no wire format.

use std::{
    fmt, io,
    net::{self, IpAddr, SocketAddr},
    num::NonZeroUsize,
    path::PathBuf,
    sync::Arc,
    thread::{self, JoinHandle},
};

use arc_swap::ArcSwap;
use dns_core::{Catalog, CatalogBuilder, CookieSecret, ForwardPlan, Identity, Transport};
use model::{Clock, Health, Snapshot};
use tokio::{net::TcpListener, runtime::Handle, sync::watch, task};

use crate::{
    forward::{Forward, Forwarder},
    hand_off,
    inspector::Inspector,
    metrics::{self, Queries},
    query_log::{Log, QueryLog},
    responder::{Manner, RateLimit},
    socket::{self, Bound},
    tcp::{self, Encryption},
    udp::Workers,
    viewpoint::{Network, Viewpoint},
    zone_file::ZoneFiles,
    zones::{Source, Zones},
};

/// What an operator may set.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where to answer, over UDP and TCP; port 0 chooses one port that is free for both.
    pub listen: SocketAddr,
    /// How many threads answer UDP there.
    pub workers: NonZeroUsize,
    /// What is known about networks beside the snapshot.
    pub networks: Vec<Network>,
    /// Where to ask about names that are not ours; without it, such questions are refused.
    pub forward: Option<Forward>,
    /// What is said about this server.
    pub identity: Identity,
    /// What server cookies are made with; none if there are to be none.
    pub cookies: Option<CookieSecret>,
    /// How much who may have; everything without it.
    pub rate_limit: Option<RateLimit>,
    /// Whose questions are written down, and where; nobody's without it.
    pub query_log: Option<QueryLog>,
    /// Where to answer over TLS, if anywhere.
    #[cfg(feature = "dot")]
    pub tls: Option<crate::Tls>,
}

impl Config {
    /// Answers here, tells networks by the snapshot alone, and has none of the options.
    pub fn new(listen: SocketAddr, workers: NonZeroUsize) -> Self {
        Self {
            listen,
            workers,
            networks: Vec::new(),
            forward: None,
            identity: Identity::SILENT,
            cookies: None,
            rate_limit: None,
            query_log: None,
            #[cfg(feature = "dot")]
            tls: None,
        }
    }
}

/// Why the DNS plane could not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Another socket has the address, or no interface has it, or the port needs a privilege.
    #[error("bind DNS address {addr} over {protocol}")]
    Bind {
        /// The address.
        addr: SocketAddr,
        /// `UDP` or `TCP`.
        protocol: &'static str,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The query log cannot be opened.
    #[error("open the DNS query log {}", .path.display())]
    QueryLog {
        /// Its file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The system has no room for another thread.
    #[error("start a DNS thread")]
    Thread(#[source] io::Error),
}

/// The running DNS plane. Dropping it stops it without waiting.
pub struct Server {
    /// The common one, then those of networks.
    local_addrs: Vec<SocketAddr>,
    #[cfg(feature = "dot")]
    tls_addr: Option<SocketAddr>,
    udp: Vec<Workers>,
    zones: JoinHandle<()>,
    query_log: Option<JoinHandle<()>>,
    tasks: Vec<task::JoinHandle<()>>,
    inspector: Inspector,
    /// Its end ends the tasks and the thread that watch it.
    stop: watch::Sender<bool>,
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server").field("local_addrs", &self.local_addrs).finish_non_exhaustive()
    }
}

impl Server {
    /// Binds the sockets and starts answering with what the two watches hold at this moment. TCP is
    /// served on `runtime`, UDP and the making of zones on threads of their own.
    ///
    /// # Errors
    ///
    /// When the address cannot be bound or a thread cannot be started; nothing is left running.
    pub fn start(
        config: Config,
        clock: Arc<dyn Clock>,
        snapshots: watch::Receiver<Arc<Snapshot>>,
        health: watch::Receiver<Arc<Health>>,
        runtime: Handle,
    ) -> Result<Self, StartError> {
        let source = Source { snapshots, health, files: ZoneFiles::default() };
        Self::start_from(config, clock, source, runtime)
    }

    /// Like [`Self::start`], and serves the zones of these files too, loading them again whenever
    /// they change.
    ///
    /// # Errors
    ///
    /// As [`Self::start`].
    pub fn start_with_zones(
        config: Config,
        files: ZoneFiles,
        clock: Arc<dyn Clock>,
        (snapshots, health): (watch::Receiver<Arc<Snapshot>>, watch::Receiver<Arc<Health>>),
        runtime: Handle,
    ) -> Result<Self, StartError> {
        Self::start_from(config, clock, Source { snapshots, health, files }, runtime)
    }

    fn start_from(
        config: Config,
        clock: Arc<dyn Clock>,
        source: Source,
        runtime: Handle,
    ) -> Result<Self, StartError> {
        metrics::describe();
        let listeners = bind(&config)?;
        let local_addrs: Vec<_> = listeners.iter().map(|(bound, _)| bound.addr).collect();
        let mut builder = CatalogBuilder::new(name_servers(local_addrs[0].ip()));
        let networks = config.networks.iter();
        builder.set_networks(networks.map(|it| (it.vpc, it.clients.clone())).collect());
        let inbound_only = config.networks.iter().filter(|it| it.private_names_inbound_only);
        builder.set_inbound_only(inbound_only.map(|it| it.vpc).collect());
        let forwarder = Arc::new(forwarder(&config, &mut builder, Arc::clone(&clock)));
        let (manner, query_log) = manner(&config, &source, Arc::clone(&clock))?;
        let manner = Arc::new(manner);
        let over_udp = Queries::new(Transport::Udp);
        let mut zones = Zones::new(source, builder, Arc::clone(&clock));
        let first = zones.build();
        let inspector = Inspector {
            moment: zones.inspected(&first),
            forwarder: Arc::clone(&forwarder),
            listeners: listeners.iter().map(|(bound, it)| (bound.addr, *it)).collect(),
            clock,
        };
        let catalog = Arc::new(ArcSwap::new(first));
        let (stop, stopped) = watch::channel(false);
        let (to_forward, handed_over) = hand_off::channel();
        let who = (Arc::clone(&forwarder), Arc::clone(&manner));
        let handed_over = hand_off::serve(handed_over, who, stopped.clone());
        let (mut udp, mut tasks) = (Vec::new(), vec![runtime.spawn(handed_over)]);
        let streams = Streams {
            catalog: Arc::clone(&catalog),
            forwarder: Arc::clone(&forwarder),
            manner: Arc::clone(&manner),
            queries: Queries::new(Transport::Tcp),
            stopped: stopped.clone(),
            runtime: runtime.clone(),
        };
        for (Bound { udp: sockets, tcp: listener, addr }, viewpoint) in listeners {
            let shared = (Arc::clone(&catalog), to_forward.clone());
            udp.push(Workers::start(sockets, shared, (&manner, &over_udp), viewpoint)?);
            tasks.push(streams.start(listener, addr, (viewpoint, Encryption::Off))?);
        }
        #[cfg(feature = "dot")]
        let tls_addr = match config.tls {
            Some(tls) => {
                let (listener, addr) = socket::bind_stream(tls.listen)?;
                let encryption = Encryption::Tls(tls.config.into());
                tasks.push(streams.start(listener, addr, (Viewpoint::Client, encryption))?);
                Some(addr)
            }
            None => None,
        };
        let zones = thread::Builder::new()
            .name("dns-zones".to_owned())
            .spawn(move || zones.run(&catalog, stopped, &runtime))
            .map_err(StartError::Thread)?;
        Ok(Self {
            local_addrs,
            #[cfg(feature = "dot")]
            tls_addr,
            udp,
            zones,
            query_log,
            tasks,
            inspector,
            stop,
        })
    }

    /// The address that answers, with the port chosen.
    pub fn local_addr(&self) -> SocketAddr {
        self.local_addrs[0]
    }

    /// The addresses that answer clients of one network, in the order of the configuration.
    pub fn network_addrs(&self) -> &[SocketAddr] {
        &self.local_addrs[1..]
    }

    /// The address that answers over TLS, with the port chosen.
    #[cfg(feature = "dot")]
    pub fn tls_addr(&self) -> Option<SocketAddr> {
        self.tls_addr
    }

    /// Looks at the server from beside.
    pub fn inspector(&self) -> Inspector {
        self.inspector.clone()
    }

    /// Stops answering and waits until threads and tasks have ended.
    pub async fn stop(self) {
        drop(self.stop);
        let threads = task::spawn_blocking(move || {
            self.udp.into_iter().for_each(Workers::join);
            if self.zones.join().is_err() {
                tracing::error!("the thread that makes DNS zones panicked");
            }
        });
        for task in self.tasks.into_iter().chain([threads]) {
            if let Err(error) = task.await {
                tracing::error!(%error, "end the DNS plane");
            }
        }
        // Nobody is left who answers, so what waits is all that is still to be written.
        let written = task::spawn_blocking(|| self.query_log.map(JoinHandle::join));
        if !matches!(written.await, Ok(None | Some(Ok(())))) {
            tracing::error!("the thread of the DNS query log panicked");
        }
    }
}

/// What all who answer over streams share.
struct Streams {
    catalog: Arc<ArcSwap<Catalog>>,
    forwarder: Arc<Forwarder>,
    manner: Arc<Manner>,
    queries: Queries,
    stopped: watch::Receiver<bool>,
    runtime: Handle,
}

impl Streams {
    /// Serves connections of a listener.
    fn start(
        &self,
        listener: net::TcpListener,
        addr: SocketAddr,
        how: (Viewpoint, Encryption),
    ) -> Result<task::JoinHandle<()>, StartError> {
        let _context = self.runtime.enter();
        let failed = |source| StartError::Bind { addr, protocol: "TCP", source };
        let listener = TcpListener::from_std(listener).map_err(failed)?;
        let shared = (Arc::clone(&self.catalog), Arc::clone(&self.forwarder));
        let manner = (Arc::clone(&self.manner), self.queries.clone());
        let served = tcp::serve(listener, shared, manner, how, self.stopped.clone());
        Ok(self.runtime.spawn(served))
    }
}

/// The forwarder of all plans, of which the builder gets the numbers.
fn forwarder(config: &Config, builder: &mut CatalogBuilder, clock: Arc<dyn Clock>) -> Forwarder {
    let mut plans = Vec::new();
    let mut number = |plan: &Forward| {
        plans.push(plan.clone());
        ForwardPlan(plans.len() - 1)
    };
    let others = config.forward.as_ref().map(&mut number);
    let of_network = |network: &Network| Some((network.vpc, number(network.forward.as_ref()?)));
    builder.set_forwarding(others, config.networks.iter().filter_map(of_network).collect());
    Forwarder::new(&plans, clock)
}

/// What all who answer share, and the thread of the query log.
fn manner(
    config: &Config,
    source: &Source,
    clock: Arc<dyn Clock>,
) -> Result<(Manner, Option<JoinHandle<()>>), StartError> {
    let start = |log: &QueryLog| {
        let failed = |source| StartError::QueryLog { path: log.file.clone(), source };
        Log::start(log, source.snapshots.clone()).map_err(failed)
    };
    let (log, thread) = config.query_log.as_ref().map(start).transpose()?.unzip();
    let (identity, cookies) = (config.identity.clone(), config.cookies.clone());
    Ok((Manner::new(identity, cookies, config.rate_limit.clone(), log, clock), thread))
}

/// Binds the address for all, then those for one network each.
fn bind(config: &Config) -> Result<Vec<(Bound, Viewpoint)>, StartError> {
    let common = socket::bind(config.listen, config.workers)?;
    let mut listeners = vec![(common, Viewpoint::Client)];
    for network in &config.networks {
        if let Some(listen) = network.listen {
            // One thread each: who needs more speed than that shares the common address.
            let bound = socket::bind(listen, NonZeroUsize::MIN)?;
            listeners.push((bound, Viewpoint::Network(network.vpc)));
        }
    }
    Ok(listeners)
}

/// The addresses to give for the zone's name server: the one listened on, if it is a single one.
fn name_servers(listen: IpAddr) -> Vec<IpAddr> {
    if listen.is_unspecified() { Vec::new() } else { vec![listen] }
}
