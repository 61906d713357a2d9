//! A running API with two accounts and a data plane that binds whatever it is told, and a client
//! that signs by hand so that it can also do it wrong.

mod rest;

use std::{
    future::Future,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant, SystemTime},
};

use aws_sigv4::{
    http_request::{SignableBody, SignableRequest, SignatureLocation, SigningSettings, sign},
    sign::v4,
};
use control::{
    AccessKey, Account, Config, Identities, Keeper, Limits, Policy, PolicyKind, Role, Secret, User,
    api,
    audit::{self, Audit},
    notify, store,
    tls::Tls,
};
use control_core::{Zone, throttle::Rates};
use model::{Binding, Clock, Health, Snapshot, TargetHealth, Timestamp};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::{oneshot, watch},
    task::JoinHandle,
};

/// How long anything here may take before the test is given up.
const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) const EC2: &str = "ec2";
pub(crate) const ELB: &str = "elasticloadbalancing";
pub(crate) const STS: &str = "sts";
pub(crate) const SHIFT: &str = "arc-zonal-shift";

/// Who calls, and with which secret.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Signer {
    pub(crate) key: &'static str,
    pub(crate) secret: &'static str,
    /// The session's, of a temporary key.
    pub(crate) token: Option<&'static str>,
}

pub(crate) const PROVIDER: Signer =
    Signer { key: "provider", secret: "provider's secret", token: None };
pub(crate) const CONSUMER: Signer =
    Signer { key: "consumer", secret: "consumer's secret", token: None };

/// Signs as the session that an answer has begun.
pub(crate) fn session(answer: &Answer) -> Signer {
    Signer {
        key: answer.get("AccessKeyId").leak(),
        secret: answer.get("SecretAccessKey").leak(),
        token: Some(answer.get("SessionToken").leak()),
    }
}

pub(crate) struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the test lends the machine's clock")]
    fn monotonic(&self) -> Instant {
        Instant::now()
    }

    #[expect(clippy::disallowed_methods, reason = "the test lends the machine's clock")]
    fn wall(&self) -> Timestamp {
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
        Timestamp(u64::try_from(since.as_millis()).unwrap())
    }
}

/// The machine's clock, or one that is ahead of it.
#[derive(Default)]
struct ShiftedClock {
    ahead_ms: AtomicU64,
}

impl Clock for ShiftedClock {
    fn monotonic(&self) -> Instant {
        SystemClock.monotonic()
    }

    fn wall(&self) -> Timestamp {
        SystemClock.wall() + Duration::from_millis(self.ahead_ms.load(Ordering::Relaxed))
    }
}

/// What came back.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Answer {
    /// The text of the first element with this name.
    pub(crate) fn text(&self, element: &str) -> Option<&str> {
        let (_, rest) = self.body.split_once(&format!("<{element}>"))?;
        rest.split_once(&format!("</{element}>")).map(|(text, _)| text)
    }

    /// The text of an element that must be there.
    pub(crate) fn get(&self, element: &str) -> String {
        self.text(element).unwrap_or_else(|| panic!("no {element} in {self:?}")).to_owned()
    }

    /// The texts of all elements with this name.
    pub(crate) fn all(&self, element: &str) -> Vec<&str> {
        let open = format!("<{element}>");
        self.body.split(&open).skip(1).filter_map(|rest| rest.split('<').next()).collect()
    }

    /// Status and error code.
    pub(crate) fn refusal(&self) -> (u16, &str) {
        (self.status, self.text("Code").or_else(|| self.detail("__type")).unwrap_or("none"))
    }

    /// The text of a member of JSON.
    pub(crate) fn detail(&self, name: &str) -> Option<&str> {
        let (_, rest) = self.body.split_once(&format!("\"{name}\":\""))?;
        rest.split_once('"').map(|(text, _)| text)
    }

    /// The answer, if it is one of success.
    pub(crate) fn ok(self) -> Self {
        assert_eq!(self.status, 200, "{self:?}");
        self
    }
}

/// A request before it is signed.
#[derive(Clone)]
pub(crate) struct Unsigned {
    pub(crate) method: &'static str,
    pub(crate) target: String,
    pub(crate) kind: &'static str,
    pub(crate) body: Vec<u8>,
    pub(crate) at: Timestamp,
}

pub(crate) struct Rig {
    pub(crate) address: std::net::SocketAddr,
    pub(crate) keeper: Keeper,
    pub(crate) audit: Audit,
    pub(crate) identities: Identities,
    clock: Arc<ShiftedClock>,
    stop: Option<oneshot::Sender<()>>,
    serving: Option<JoinHandle<()>>,
}

impl Rig {
    pub(crate) async fn start() -> Self {
        Self::start_with(|_| ()).await
    }

    /// Starts with a configuration that was changed before. These tests poll as fast as they can;
    /// how often one may is a test of its own.
    pub(crate) async fn start_with(change: impl FnOnce(&mut Config)) -> Self {
        let unlimited = |config: &mut Config| {
            config.limits.rates = Rates::UNLIMITED;
            change(config);
        };
        Self::start_as(unlimited, Audit::off(), None).await
    }

    /// Starts with TLS.
    pub(crate) async fn start_secure(tls: Tls, change: impl FnOnce(&mut Config)) -> Self {
        let unlimited = |config: &mut Config| {
            config.limits.rates = Rates::UNLIMITED;
            change(config);
        };
        Self::start_as(unlimited, Audit::off(), Some(tls)).await
    }

    /// Starts with an audit log.
    pub(crate) async fn start_audited(file: &Path) -> Self {
        let audit = Audit::start(&audit::Config::new(file)).unwrap();
        Self::start_as(|config| config.limits.rates = Rates::UNLIMITED, audit, None).await
    }

    /// Starts with other limits than the defaults.
    pub(crate) async fn start_limited(limit: impl FnOnce(&mut Limits)) -> Self {
        Self::start_as(|config| limit(&mut config.limits), Audit::off(), None).await
    }

    async fn start_as(change: impl FnOnce(&mut Config), audit: Audit, tls: Option<Tls>) -> Self {
        let mut config = config();
        change(&mut config);
        let config = Arc::new(config);
        let shifted = Arc::new(ShiftedClock::default());
        let clock: Arc<dyn Clock> = Arc::<ShiftedClock>::clone(&shifted);
        let (snapshots, snapshots_rx) =
            watch::channel(Arc::new(Snapshot::empty(config.region.clone())));
        let (health_tx, health) = watch::channel(Arc::new(Health::default()));
        let store = Box::new(store::Memory::default());
        let keeper = Keeper::start(
            Config::clone(&config),
            store,
            Arc::clone(&clock),
            1,
            snapshots,
            health.clone(),
        )
        .unwrap();
        tokio::spawn(bind_all(snapshots_rx, health_tx));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let (keeper, audit) = (keeper.clone(), audit.clone());
        let identities = Identities::new(&config.accounts);
        let api = api::Api {
            keeper: keeper.clone(),
            config,
            identities: identities.clone(),
            clock,
            health,
            seed: 1,
            audit: audit.clone(),
            tls,
        };
        let serving = tokio::spawn(api::serve(listener, api, async { drop(stopped.await) }));
        Self {
            address,
            keeper,
            audit,
            identities,
            clock: shifted,
            stop: Some(stop),
            serving: Some(serving),
        }
    }

    /// Sets the clock of the API so far ahead.
    pub(crate) fn set_ahead(&self, by: Duration) {
        let by = u64::try_from(by.as_millis()).unwrap();
        self.clock.ahead_ms.store(by, Ordering::Relaxed);
    }

    /// Delivers connection notifications until the rig is gone.
    pub(crate) fn deliver(&self, config: notify::Config) {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let courier = notify::Courier { keeper: self.keeper.clone(), clock, seed: 1 };
        tokio::spawn(notify::run(config, courier, std::future::pending()));
    }

    /// Messages that wait to be delivered.
    pub(crate) fn waiting(&self) -> usize {
        self.keeper.registry().messages().count()
    }

    /// Stops serving and waits until it has.
    pub(crate) async fn stop(&mut self) {
        drop(self.stop.take());
        within(self.serving.take().unwrap()).await.unwrap();
    }

    /// Calls an operation with members that are written as they are.
    pub(crate) async fn call(&self, signer: Signer, service: &str, form: &str) -> Answer {
        let request = if service == SHIFT { rest::request(form) } else { form_request(form) };
        self.send(&request, Some(signer), service).await
    }

    /// Signs a request and sends it.
    pub(crate) async fn send(
        &self,
        request: &Unsigned,
        signer: Option<Signer>,
        service: &str,
    ) -> Answer {
        let headers = signer.map_or_else(String::new, |signer| {
            let settings = SigningSettings::default();
            self.signed(request, signer, service, settings).0
        });
        self.exchange(&self.bytes(request, &headers)).await
    }

    /// The request as bytes, with more headers.
    pub(crate) fn bytes(&self, request: &Unsigned, headers: &str) -> Vec<u8> {
        let Unsigned { method, target, kind, body, .. } = request;
        let mut bytes = format!(
            "{method} {target} HTTP/1.1\r\nhost: {}\r\ncontent-type: {kind}\r\n\
             content-length: {}\r\nconnection: close\r\n{headers}\r\n",
            self.address,
            body.len()
        )
        .into_bytes();
        bytes.extend_from_slice(body);
        bytes
    }

    /// The signature, as headers and as members of the query.
    pub(crate) fn signed(
        &self,
        request: &Unsigned,
        signer: Signer,
        service: &str,
        settings: SigningSettings,
    ) -> (String, String) {
        let token = signer.token.map(str::to_owned);
        let identity =
            aws_credential_types::Credentials::new(signer.key, signer.secret, token, None, "test")
                .into();
        let params = v4::SigningParams::builder()
            .identity(&identity)
            .region("us-east-1")
            .name(service)
            .time(SystemTime::UNIX_EPOCH + Duration::from_millis(request.at.0))
            .settings(settings)
            .build()
            .unwrap();
        let uri = format!("http://{}{}", self.address, request.target);
        let headers = [("content-type", request.kind)].into_iter();
        let body = SignableBody::Bytes(&request.body);
        let signable = SignableRequest::new(request.method, uri, headers, body).unwrap();
        let (instructions, _) = sign(signable, &params.into()).unwrap().into_parts();
        let (headers, query) = instructions.into_parts();
        let headers =
            headers.iter().map(|header| format!("{}: {}\r\n", header.name(), header.value()));
        let encode = |text: &str| {
            percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC)
                .to_string()
        };
        let query = query.iter().map(|(name, value)| format!("&{name}={}", encode(value)));
        (headers.collect(), query.collect())
    }

    /// Signs in the query and sends.
    pub(crate) async fn presigned(&self, target: &str, signer: Signer, service: &str) -> Answer {
        let mut request = form_request("");
        request.method = "GET";
        request.target = target.to_owned();
        let mut settings = SigningSettings::default();
        settings.signature_location = SignatureLocation::QueryParams;
        settings.expires_in = Some(Duration::from_secs(60));
        let (_, query) = self.signed(&request, signer, service, settings);
        request.target.push_str(&query);
        self.exchange(&self.bytes(&request, "")).await
    }

    /// Writes bytes and reads until the server closes.
    pub(crate) async fn exchange(&self, bytes: &[u8]) -> Answer {
        within(async {
            let mut stream = TcpStream::connect(self.address).await.unwrap();
            // The server may answer and close before it has all; what it said then counts.
            drop(stream.write_all(bytes).await);
            let mut answer = Vec::new();
            drop(stream.read_to_end(&mut answer).await);
            parse(&answer)
        })
        .await
    }

    /// Asks until the answer is as wished.
    pub(crate) async fn until(
        &self,
        signer: Signer,
        form: &str,
        wished: impl Fn(&Answer) -> bool,
    ) -> Answer {
        within(async {
            loop {
                let answer = self.call(signer, EC2, form).await.ok();
                if wished(&answer) {
                    return answer;
                }
                tokio::task::yield_now().await;
            }
        })
        .await
    }
}

pub(crate) fn form_request(form: &str) -> Unsigned {
    Unsigned {
        method: "POST",
        target: "/".to_owned(),
        kind: "application/x-www-form-urlencoded; charset=utf-8",
        body: form.as_bytes().to_vec(),
        at: SystemClock.wall(),
    }
}

pub(crate) async fn within<T>(work: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, work).await.expect("done in time")
}

pub(crate) fn parse(answer: &[u8]) -> Answer {
    let text = String::from_utf8(answer.to_vec()).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
    let status = status.unwrap_or_else(|| panic!("no status in {text:?}"));
    if head.contains("text/xml") {
        assert_well_formed(body);
    }
    Answer { status, head: head.to_owned(), body: body.to_owned() }
}

fn assert_well_formed(body: &str) {
    let mut reader = quick_xml::Reader::from_str(body);
    loop {
        match reader.read_event() {
            Ok(quick_xml::events::Event::Eof) => return,
            Ok(_) => {}
            Err(error) => panic!("{error} in {body}"),
        }
    }
}

pub(crate) fn config() -> Config {
    let zone = |name: &str, id: &str| Zone { name: name.parse().unwrap(), id: id.parse().unwrap() };
    let zones = vec![zone("us-east-1a", "use1-az1"), zone("us-east-1b", "use1-az2")];
    let mut config = Config::new("us-east-1".parse().unwrap(), zones);
    for (id, signer) in [("111111111111", PROVIDER), ("222222222222", CONSUMER)] {
        config.accounts.push(Account {
            id: id.parse().unwrap(),
            name: signer.key.to_owned(),
            keys: vec![AccessKey {
                access_key_id: signer.key.to_owned(),
                secret_access_key: Secret(signer.secret.to_owned()),
            }],
            users: Vec::new(),
            roles: Vec::new(),
        });
    }
    config
}

/// A user whose key has its name, and a secret that all users share.
pub(crate) const fn user(name: &'static str) -> Signer {
    Signer { key: name, secret: "user's secret", token: None }
}

/// Adds a user to an account. The statement is the policy's only one; none is no policy.
pub(crate) fn add_user(config: &mut Config, account: &str, name: &str, statement: Option<&str>) {
    let account = config.accounts.iter_mut().find(|it| it.id.as_str() == account).unwrap();
    let secret_access_key = Secret(user("").secret.to_owned());
    account.users.push(User {
        name: name.to_owned(),
        keys: vec![AccessKey { access_key_id: name.to_owned(), secret_access_key }],
        policies: statement.into_iter().map(|it| policy(it, PolicyKind::Identity)).collect(),
    });
}

/// Adds a role to an account, with the statements of its trust policy and of its only other one.
pub(crate) fn add_role(
    config: &mut Config,
    account: &str,
    name: &str,
    trust: &str,
    statements: &str,
) {
    let account = config.accounts.iter_mut().find(|it| it.id.as_str() == account).unwrap();
    account.roles.push(Role {
        name: name.to_owned(),
        trust_policy: policy(trust, PolicyKind::Trust),
        policies: vec![policy(statements, PolicyKind::Identity)],
        max_session_duration: Duration::from_secs(2 * 3600),
    });
}

/// A policy of one or more statements.
pub(crate) fn policy(statements: &str, kind: PolicyKind) -> Arc<Policy> {
    let text = format!(r#"{{"Version":"2012-10-17","Statement":[{statements}]}}"#);
    Arc::new(Policy::parse(&text, kind).unwrap())
}

/// Reports every endpoint bound and every target healthy.
async fn bind_all(
    mut snapshots: watch::Receiver<Arc<Snapshot>>,
    health: watch::Sender<Arc<Health>>,
) {
    loop {
        let snapshot = snapshots.borrow_and_update().clone();
        let mut report = Health { generation: snapshot.generation, ..Health::default() };
        report.bindings = snapshot.endpoints.keys().map(|id| (*id, Binding::Bound)).collect();
        for group in snapshot.target_groups.values() {
            let targets =
                group.targets.iter().map(|it| ((group.id, it.addr), TargetHealth::Healthy));
            report.targets.extend(targets);
        }
        health.send_replace(Arc::new(report));
        if snapshots.changed().await.is_err() {
            return;
        }
    }
}
