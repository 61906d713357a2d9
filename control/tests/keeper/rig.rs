//! A keeper with a clock, a data plane and a store that tests move by hand.

use std::{
    sync::{
        Arc, Condvar, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use control::{
    Config, Keeper, StartError, SubmitError,
    store::{CommitError, LoadError, Loaded, Revision, Store, Watch, WatchError, Write},
};
use control_core::{
    Caller, Command, Outcome, Registry, Tags, Zone,
    command::{CreateEndpoint, CreateLoadBalancer, CreateService, CreateSubnet, CreateVpc},
    resource::{EndpointService, Scheme, VpcEndpoint},
};
use model::{
    Binding, Clock, EndpointState, Generation, Health, IpAddressType, Snapshot, SubnetId,
    Timestamp, VpcEndpointId, VpcId,
};
use tokio::sync::watch;

/// Longest that anything here may take; only a failing test waits for it.
const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) struct Rig {
    pub(crate) keeper: Keeper,
    pub(crate) clock: Arc<Hands>,
    pub(crate) snapshots: watch::Receiver<Arc<Snapshot>>,
    health: watch::Sender<Arc<Health>>,
}

/// A clock whose wall time tests move.
#[derive(Default)]
pub(crate) struct Hands(AtomicU64);

impl Hands {
    pub(crate) fn advance(&self, by: Duration) {
        self.0.fetch_add(u64::try_from(by.as_millis()).unwrap(), Ordering::SeqCst);
    }
}

impl Clock for Hands {
    #[expect(clippy::disallowed_methods, reason = "durations of commits are not tested")]
    fn monotonic(&self) -> Instant {
        Instant::now()
    }

    fn wall(&self) -> Timestamp {
        Timestamp(self.0.load(Ordering::SeqCst))
    }
}

pub(crate) fn provider() -> Caller {
    Caller::root("111111111111".parse().unwrap())
}

pub(crate) fn consumer() -> Caller {
    Caller::root("222222222222".parse().unwrap())
}

impl Rig {
    pub(crate) fn start(store: impl Store) -> Self {
        Self::try_start(store).unwrap()
    }

    /// Starts when this much time is over.
    pub(crate) fn start_at(store: impl Store, time: Duration) -> Self {
        let clock = Hands::default();
        clock.advance(time);
        Self::start_by(store, clock).unwrap()
    }

    pub(crate) fn try_start(store: impl Store) -> Result<Self, StartError> {
        Self::start_by(store, Hands::default())
    }

    fn start_by(store: impl Store, clock: Hands) -> Result<Self, StartError> {
        let zones = vec![Zone { name: "us-east-1a".parse().unwrap(), id: "az1".parse().unwrap() }];
        let config = Config::new("us-east-1".parse().unwrap(), zones);
        let clock = Arc::new(clock);
        let (sender, snapshots) =
            watch::channel(Arc::new(Snapshot::empty("us-east-1".parse().unwrap())));
        let (health, receiver) = watch::channel(Arc::new(Health::default()));
        // Two keepers of one seed would draw the same identifiers: the second must notice.
        let keeper = Keeper::start(config, Box::new(store), clock.clone(), 1, sender, receiver)?;
        Ok(Self { keeper, clock, snapshots, health })
    }

    pub(crate) async fn submit(
        &self,
        caller: Caller,
        command: Command,
    ) -> Result<Outcome, SubmitError> {
        self.keeper.submit(caller, command).await
    }

    pub(crate) async fn network(
        &self,
        caller: &Caller,
        vpc: &str,
        subnet: &str,
    ) -> (VpcId, SubnetId) {
        let (cidr, tags) = (vpc.parse().unwrap(), Tags::none());
        let vpc = self
            .submit(caller.clone(), Command::CreateVpc(CreateVpc { cidr, ipv6: None, tags }))
            .await;
        let Ok(Outcome::Vpc(vpc)) = vpc else { panic!("{vpc:?}") };
        let (cidr, tags) = (Some(subnet.parse().unwrap()), Tags::none());
        let create = CreateSubnet { vpc: vpc.id, cidr, ipv6: None, zone: None, tags };
        let subnet = self.submit(caller.clone(), Command::CreateSubnet(create)).await;
        let Ok(Outcome::Subnet(subnet)) = subnet else { panic!("{subnet:?}") };
        (vpc.id, subnet.id)
    }

    /// A service of the provider that the consumer may use.
    pub(crate) async fn service(&self) -> Arc<EndpointService> {
        let (_, subnet) = self.network(&provider(), "10.0.0.0/16", "10.0.1.0/24").await;
        let create = Command::CreateLoadBalancer(CreateLoadBalancer {
            name: "front".into(),
            subnets: vec![subnet],
            scheme: Scheme::Internal,
            ip_address_type: IpAddressType::Ipv4,
            security_groups: [].into(),
            tags: Tags::none(),
        });
        let balancer = self.submit(provider(), create).await;
        let Ok(Outcome::LoadBalancer(balancer)) = balancer else { panic!("{balancer:?}") };
        let create = Command::CreateService(CreateService {
            load_balancers: [balancer.id].into(),
            acceptance_required: true,
            ip_address_types: [].into(),
            private_dns_name: None,
            supported_regions: [].into(),
            catalog: None,
            tags: Tags::none(),
            client_token: None,
        });
        let service = self.submit(provider(), create).await;
        let Ok(Outcome::Service(service)) = service else { panic!("{service:?}") };
        let add = vec!["*".parse().unwrap()];
        let permit =
            Command::ModifyServicePermissions { service: service.id, add, remove: Vec::new() };
        self.submit(provider(), permit).await.unwrap();
        service
    }

    /// An endpoint of the consumer that waits for acceptance.
    pub(crate) async fn endpoint(&self, service: Arc<EndpointService>) -> Arc<VpcEndpoint> {
        let (vpc, subnet) = self.network(&consumer(), "10.0.0.0/16", "10.0.1.0/24").await;
        let created = self.submit(consumer(), create_endpoint(vpc, &service, subnet)).await;
        let Ok(Outcome::Endpoint(endpoint)) = created else { panic!("{created:?}") };
        assert_eq!(endpoint.state, EndpointState::PendingAcceptance);
        endpoint
    }

    pub(crate) async fn accept(&self, endpoint: &VpcEndpoint) {
        let (service, endpoint) = (endpoint.service, endpoint.id);
        self.submit(provider(), Command::AcceptConnection { service, endpoint }).await.unwrap();
    }

    pub(crate) fn generation(&self) -> Generation {
        self.snapshots.borrow().generation
    }

    pub(crate) fn state(&self, endpoint: VpcEndpointId) -> Option<EndpointState> {
        self.keeper.registry().endpoint(endpoint).map(|it| it.state)
    }

    /// The data plane reports on one endpoint.
    pub(crate) fn bind(&self, endpoint: VpcEndpointId, generation: Generation, binding: Binding) {
        let bindings = [(endpoint, binding)].into();
        self.health.send_replace(Arc::new(Health { generation, bindings, ..Health::default() }));
    }

    /// The data plane reports that it has nothing.
    pub(crate) fn release(&self, generation: Generation) {
        self.health.send_replace(Arc::new(Health { generation, ..Health::default() }));
    }

    /// Waits until the registry is so.
    pub(crate) async fn until(&self, is_so: impl Fn(&Registry) -> bool) -> Arc<Registry> {
        let wait = async {
            loop {
                let registry = self.keeper.registry();
                if is_so(&registry) {
                    return registry;
                }
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        };
        tokio::time::timeout(PATIENCE, wait).await.expect("it never came to be so")
    }
}

pub(crate) fn create_endpoint(vpc: VpcId, service: &EndpointService, subnet: SubnetId) -> Command {
    Command::CreateEndpoint(CreateEndpoint {
        vpc,
        service_name: service.name(&"us-east-1".parse().unwrap()),
        subnets: vec![subnet],
        addresses: Vec::new(),
        ip_address_type: IpAddressType::Ipv4,
        dns_record_ip_type: None,
        private_dns: false,
        security_groups: [].into(),
        policy: None,
        tags: Tags::none(),
        client_token: None,
    })
}

/// A store whose commits are counted, held up and failed.
pub(crate) struct Counted<S> {
    store: S,
    commits: Arc<Commits>,
}

#[derive(Default)]
pub(crate) struct Commits {
    done: AtomicU64,
    fails: AtomicBool,
    waited_for: AtomicBool,
    held: Mutex<bool>,
    freed: Condvar,
}

impl<S: Store> Counted<S> {
    pub(crate) fn new(store: S) -> (Self, Arc<Commits>) {
        let commits = Arc::new(Commits::default());
        (Self { store, commits: Arc::clone(&commits) }, commits)
    }
}

impl Commits {
    pub(crate) fn done(&self) -> u64 {
        self.done.load(Ordering::SeqCst)
    }

    /// Holds up commits, or lets them go on.
    pub(crate) fn hold(&self, is_held: bool) {
        *self.held.lock().unwrap() = is_held;
        self.freed.notify_all();
    }

    /// Whether a commit is or was held up.
    pub(crate) fn is_waited_for(&self) -> bool {
        self.waited_for.load(Ordering::SeqCst)
    }

    pub(crate) fn fail_next(&self) {
        self.fails.store(true, Ordering::SeqCst);
    }
}

impl<S: Store> Store for Counted<S> {
    fn load(&mut self) -> Result<Loaded, LoadError> {
        self.store.load()
    }

    fn commit(&mut self, expected: Revision, writes: &[Write]) -> Result<Revision, CommitError> {
        if self.commits.fails.swap(false, Ordering::SeqCst) {
            let cause = "the disk is on fire".into();
            return Err(CommitError::Failed { expected, cause });
        }
        self.commits.waited_for.store(true, Ordering::SeqCst);
        let held = self.commits.held.lock().unwrap();
        drop(self.commits.freed.wait_while(held, |is_held| *is_held).unwrap());
        self.commits.done.fetch_add(1, Ordering::SeqCst);
        self.store.commit(expected, writes)
    }

    fn watch(&mut self, from: Revision) -> Result<Watch, WatchError> {
        self.store.watch(from)
    }
}
