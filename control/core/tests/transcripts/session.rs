//! One run of a script: the registry, the time, the names.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use control_core::{
    Caller, Chore, Command, Decision, Draw, Event, Identity, Outcome, Record, Registry, ResourceId,
    Settings, Zone, decide, decide_chore,
    project::{project, project_changes},
    resource::{DomainToken, PermissionRemoval, VpcEndpoint},
};
use model::{
    BindFailure, BindFailureReason, EndpointAddr, Generation, ServiceId, Snapshot, Timestamp,
    VpcEndpointId,
};

use crate::{args::Args, balancing, service, show, verb};

/// Counts, so that every number is drawn once and scripts repeat.
pub(crate) struct Counting(u64);

impl Draw for Counting {
    fn bits(&mut self) -> u64 {
        self.0 += 1;
        self.0
    }
}

pub(crate) struct Session {
    pub(crate) registry: Registry,
    pub(crate) names: BTreeMap<String, ResourceId>,
    draw: Counting,
    now: Timestamp,
    snapshot: Snapshot,
}

impl Session {
    pub(crate) fn new() -> Self {
        let zone = |letter: &str| Zone {
            name: format!("us-east-1{letter}").parse().unwrap(),
            id: format!("use1-az{letter}").parse().unwrap(),
        };
        let mut zones: Vec<_> = ["a", "b", "c"].map(zone).into();
        // One without cross-Region access.
        zones.push(Zone { id: "use1-az3".parse().unwrap(), ..zone("d") });
        let mut settings = Settings::new("us-east-1".parse().unwrap(), zones);
        settings.ipv6_pool = Some("2001:db8::/55".parse().unwrap());
        settings.other_regions =
            ["us-west-2".parse().unwrap(), "eu-west-1".parse().unwrap()].into();
        settings.certificates = [
            ("shared".into(), None),
            ("ours".into(), Some("111111111111".parse().unwrap())),
            ("theirs".into(), Some("222222222222".parse().unwrap())),
        ]
        .into();
        settings.instances = [("i-1", "10.0.1.50", None), ("i-2", "10.9.9.9", Some("b"))]
            .into_iter()
            .chain([("i-3", "10.9.9.10", None), ("arn-alb", "10.9.9.8", None)])
            .map(|(name, address, zone)| (name.into(), balancing::instance(address, zone)))
            .collect();
        let registry = Registry::new(Arc::new(settings));
        Self {
            snapshot: project(&registry, Generation(0)),
            registry,
            names: BTreeMap::new(),
            draw: Counting(0),
            now: Timestamp(1_000_000),
        }
    }

    /// Does what a line asks for; answers with what happened.
    pub(crate) fn run(&mut self, line: &str) -> Vec<String> {
        let (who, rest) = line.split_once(": ").unwrap_or_else(|| panic!("who? {line}"));
        let mut args = Args::of(rest);
        let lines = match who {
            "postern" => self.chore(&mut args),
            who => self.submit(&caller(who), &mut args),
        };
        args.end();
        lines.iter().map(|line| self.named(line).trim_end().to_owned()).collect()
    }

    /// What a name stands for; an identifier stands for itself.
    pub(crate) fn id<T>(&self, name: &str) -> T
    where
        T: std::str::FromStr + TryFrom<Named>,
    {
        let known = self.names.get(name).map(|id| T::try_from(Named(*id)));
        match known {
            Some(Ok(id)) => id,
            Some(Err(_)) | None => {
                name.parse().unwrap_or_else(|_| panic!("{name} stands for nothing here"))
            }
        }
    }

    fn submit(&mut self, caller: &Caller, args: &mut Args<'_>) -> Vec<String> {
        let (times, verb) = match args.word() {
            word if word.starts_with('x') => (word[1..].parse().unwrap(), args.word()),
            word => (1, word),
        };
        if verb == "show" {
            return show::show(self, caller, args.word());
        }
        let (name, command) = verb::command(self, verb, args);
        let mut lines = Vec::new();
        for _ in 0..times {
            lines = self.decide(caller, &command, name);
        }
        lines
    }

    fn decide(&mut self, caller: &Caller, command: &Command, name: Option<&str>) -> Vec<String> {
        let before = self.registry.clone();
        match decide(&self.registry, caller, command, &mut self.draw, self.now) {
            Ok(Decision { events, outcome }) => {
                if let (Some(name), Some(id)) = (name, made(&outcome)) {
                    self.names.insert(name.into(), id);
                }
                self.apply(&events)
            }
            Err(refusal) => {
                assert_eq!(before, self.registry, "a refused command changes nothing");
                vec![format!("refused: {refusal:?}")]
            }
        }
    }

    fn chore(&mut self, args: &mut Args<'_>) -> Vec<String> {
        let chore = match args.word() {
            "bound" => Chore::ReportBound(self.id(args.word())),
            "bind-failed" => {
                let endpoint: VpcEndpointId = self.id(args.word());
                let addr = EndpointAddr(args.need("addr"));
                let reason = BindFailureReason::AddressNotAvailable;
                Chore::ReportBindFailed(endpoint, BindFailure { addr, reason })
            }
            "released" => Chore::ReportReleased(self.id(args.word())),
            "looked-up" => self.looked_up(args),
            "wait" => {
                let wait: u64 = args.word().parse().unwrap();
                self.now = self.now + Duration::from_secs(wait);
                Chore::Tick { records_max: args.read("max").unwrap_or(100) }
            }
            "forget-zones" => {
                return self.set(|settings| settings.zones.clear());
            }
            "set" => {
                let (removal, quota) = (args.value("removal"), args.value("quota"));
                let of = args.value("of").map(|who| caller(who).account);
                return self.set(|settings| {
                    settings.permission_removal =
                        removal.and_then(PermissionRemoval::of_word).unwrap_or_default();
                    if let Some(quota) = quota {
                        service::limit(&mut settings.quotas, of, quota);
                    }
                });
            }
            "age" => {
                self.registry = aged(&self.registry);
                self.snapshot = project(&self.registry, self.snapshot.generation);
                return Vec::new();
            }
            "upgrade" => Chore::Upgrade { vpcs_max: args.read("max").unwrap_or(100) },
            "inbound" => return show::inbound(&self.snapshot),
            "forget-pool" => {
                let settings = Settings { ipv6_pool: None, ..self.registry.settings().clone() };
                self.registry = Registry::of(Arc::new(settings), self.registry.records());
                return Vec::new();
            }
            "move" => {
                let (name, to) = (args.word().into(), args.value("to"));
                return self.set(|settings| {
                    let to = to.map(|to| balancing::instance(to, None));
                    match to {
                        Some(to) => settings.instances.insert(name, to),
                        None => settings.instances.remove(&name),
                    };
                });
            }
            "shifted" => return balancing::shifted(&self.snapshot),
            "limits" => return balancing::limits(&self.snapshot),
            "listeners" => return balancing::listeners(&self.snapshot),
            "groups" => return balancing::served_groups(&self.snapshot),
            "snapshot" => return show::snapshot(&self.snapshot),
            verb => panic!("Postern cannot {verb}"),
        };
        let events = decide_chore(&self.registry, &chore, self.now);
        self.apply(&events)
    }

    /// Has the operator choose otherwise, and start anew.
    fn set(&mut self, change: impl FnOnce(&mut Settings)) -> Vec<String> {
        let mut settings = self.registry.settings().clone();
        change(&mut settings);
        self.registry = Registry::of(Arc::new(settings), self.registry.records());
        self.snapshot = project(&self.registry, self.snapshot.generation);
        Vec::new()
    }

    /// `looked-up svc found`; `of=old` reports about a token that the service does not have.
    fn looked_up(&self, args: &mut Args<'_>) -> Chore {
        let service: ServiceId = self.id(args.word());
        let outcome = serde_json::from_value(args.word().into()).unwrap();
        let private = self.registry.service(service).unwrap().private_dns.as_ref();
        let token = match args.value("of") {
            Some(_) => DomainToken::from_bits(0),
            None => private.unwrap().token.clone(),
        };
        Chore::ReportDomainVerification { service, token, outcome }
    }

    /// Applies events, and checks on the way what must hold at every step.
    fn apply(&mut self, events: &[Event]) -> Vec<String> {
        let mut lines = Vec::new();
        for event in events {
            self.registry.apply(event);
            lines.push(event.kind.to_string());
        }
        let stored = self.registry.records().map(|it| Record::decode(&it.encode()).unwrap());
        let reloaded = Registry::of(Arc::new(self.registry.settings().clone()), stored);
        assert_eq!(reloaded, self.registry, "what is stored reloads to the same registry");
        let generation = Generation(self.snapshot.generation.0 + 1);
        let changed: Vec<_> =
            events.iter().flat_map(|it| &it.changes).map(control_core::Change::key).collect();
        let next = project_changes(&self.registry, &self.snapshot, &changed, generation);
        self.snapshot = next.unwrap_or_else(|| self.snapshot.clone());
        let whole = project(&self.registry, self.snapshot.generation);
        assert_eq!(whole, self.snapshot, "a snapshot made of changes is the whole snapshot");
        if lines.is_empty() {
            lines.push("nothing happened".into());
        }
        lines
    }

    /// A line with names for identifiers.
    fn named(&self, line: &str) -> String {
        let mut line = line.to_owned();
        for (name, id) in &self.names {
            line = line.replace(&id.to_string(), name);
        }
        line
    }
}

/// The registry as it was before VPCs came with a security group and a route table.
fn aged(registry: &Registry) -> Registry {
    let old = registry.records().filter_map(|record| match record {
        Record::SecurityGroup(_) | Record::RouteTable(_) => None,
        Record::Endpoint(endpoint) => {
            let security_groups = [].into();
            Some(Arc::new(VpcEndpoint { security_groups, ..(*endpoint).clone() }).into())
        }
        record => Some(record),
    });
    Registry::of(Arc::new(registry.settings().clone()), old)
}

/// A resource that a name stands for.
pub(crate) struct Named(pub(crate) ResourceId);

macro_rules! named {
    ($($kind:ident $id:ident)*) => {
        $(impl TryFrom<Named> for model::$id {
            type Error = ();

            fn try_from(named: Named) -> Result<Self, ()> {
                match named.0 {
                    ResourceId::$kind(id) => Ok(id),
                    _ => Err(()),
                }
            }
        })*
    };
}

named! {
    Vpc VpcId
    Subnet SubnetId
    LoadBalancer LoadBalancerId
    Listener ListenerId
    TargetGroup TargetGroupId
    Service ServiceId
    SecurityGroup SecurityGroupId
    RouteTable RouteTableId
    Endpoint VpcEndpointId
    Notification NotificationId
}

fn caller(who: &str) -> Caller {
    let (account, user) = who.split_once('/').map_or((who, None), |(it, user)| (it, Some(user)));
    let account = match account {
        "provider" => "111111111111",
        "consumer" => "222222222222",
        "stranger" => "333333333333",
        _ => panic!("who is {who}?"),
    };
    let identity = user.map_or(Identity::Root, |user| Identity::User(user.into()));
    Caller { account: account.parse().unwrap(), identity }
}

fn made(outcome: &Outcome) -> Option<ResourceId> {
    match outcome {
        Outcome::Done => None,
        Outcome::Vpc(it) => Some(it.id.into()),
        Outcome::Subnet(it) => Some(it.id.into()),
        Outcome::LoadBalancer(it) => Some(it.id.into()),
        Outcome::Listener(it) => Some(it.id.into()),
        Outcome::TargetGroup(it) => Some(it.id.into()),
        Outcome::Service(it) => Some(it.id.into()),
        Outcome::PermissionsAdded(added) => added.first().map(|it| it.id.into()),
        Outcome::Notification(it) => Some(it.id.into()),
        Outcome::SecurityGroup(it) => Some(it.id.into()),
        Outcome::RouteTable(it) => Some(it.id.into()),
        Outcome::RouteTableAssociated(_)
        | Outcome::VpcBlock { .. }
        | Outcome::SubnetBlock { .. }
        | Outcome::RulesAdded { .. }
        | Outcome::RulesRevoked { .. } => None,
        Outcome::Endpoint(it) => {
            assert!(!it.regional_name.as_str().is_empty());
            Some(it.id.into())
        }
    }
}
