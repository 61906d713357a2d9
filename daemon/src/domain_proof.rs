//! The task that proves providers' domains: it looks for the TXT records that control waits for,
//! and reports what it found.
//!
//! A domain is looked up when it is new, when its provider asks, and again and again after that: a
//! proof that is gone counts no more. Each round takes a bounded number of services; the others
//! have their turn in the next. Does not know what a proof is good for.

use std::{
    collections::BTreeMap,
    future::Future,
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use control::Keeper;
use control_core::{
    Chore, Registry,
    resource::{DomainOutcome, DomainState, DomainToken, PrivateDns},
};
use dns::{Name, Proof};
use model::{Clock, ServiceId, Timestamp};
use tokio::{task::JoinSet, time::interval};

/// How often the services are looked through. Who has just set a record waits about this long.
const ROUND: Duration = Duration::from_secs(1);
/// Look-ups at a time; one takes some nine seconds at worst.
const LOOK_UPS_MAX: usize = 16;
/// When a proven domain is looked up again.
const PROVEN_AGAIN: Duration = Duration::from_secs(3600);
/// When any other domain is looked up again: its record may appear, or its servers come back.
const UNPROVEN_AGAIN: Duration = Duration::from_secs(60);

/// Looks domains up, asking these servers, until told to stop.
pub(crate) async fn run(
    keeper: Keeper,
    servers: Vec<SocketAddr>,
    clock: Arc<dyn Clock>,
    stop: impl Future<Output = ()>,
) {
    let mut plan = Plan::default();
    let servers: Arc<[SocketAddr]> = servers.into();
    let mut rounds = interval(ROUND);
    tokio::pin!(stop);
    loop {
        tokio::select! {
            () = &mut stop => return,
            _ = rounds.tick() => {}
        }
        let mut look_ups = JoinSet::new();
        for (service, private) in plan.due(&keeper.registry(), clock.monotonic()) {
            let servers = Arc::clone(&servers);
            look_ups.spawn(async move { report(service, &private, &servers).await });
        }
        loop {
            let done = tokio::select! {
                () = &mut stop => return,
                done = look_ups.join_next() => done,
            };
            let Some(Ok(chore)) = done else { break };
            if let Err(error) = keeper.report(chore).await {
                tracing::debug!(%error, "report a domain's proof");
                return;
            }
        }
    }
}

/// When each service's domain is due.
#[derive(Default)]
struct Plan(BTreeMap<ServiceId, Planned>);

struct Planned {
    token: DomainToken,
    asked: Option<Timestamp>,
    next: Instant,
}

impl Plan {
    /// The domains to look up now, which are thereby planned anew.
    fn due(&mut self, registry: &Registry, now: Instant) -> Vec<(ServiceId, PrivateDns)> {
        let mut due = Vec::new();
        let mut kept = BTreeMap::new();
        for service in registry.services() {
            let Some(private) = &service.private_dns else { continue };
            let known = self.0.remove(&service.id);
            let known = known.filter(|it| it.token == private.token && it.asked == private.asked);
            let planned = match known {
                Some(planned) if planned.next > now || due.len() == LOOK_UPS_MAX => planned,
                None if due.len() == LOOK_UPS_MAX => continue,
                _ => {
                    due.push((service.id, private.clone()));
                    let is_proven = private.state == DomainState::Verified;
                    let again = if is_proven { PROVEN_AGAIN } else { UNPROVEN_AGAIN };
                    let (token, asked) = (private.token.clone(), private.asked);
                    Planned { token, asked, next: now + again }
                }
            };
            kept.insert(service.id, planned);
        }
        self.0 = kept;
        due
    }
}

/// Looks a domain up: what there is to report.
async fn report(service: ServiceId, private: &PrivateDns, servers: &[SocketAddr]) -> Chore {
    let token = private.token.clone();
    let domain = private.domain();
    let record = format!("{}.{domain}", token.record_name());
    let outcome = match (record.parse::<Name>(), domain.parse::<Name>()) {
        _ if servers.is_empty() => DomainOutcome::NoResolver,
        (Ok(record), Ok(domain)) => {
            match dns::prove(servers, &record, &domain, &token.record_value()).await {
                Proof::Found => DomainOutcome::Found,
                Proof::Missing => DomainOutcome::Missing,
                Proof::Different => DomainOutcome::Different,
                Proof::Unanswered => DomainOutcome::Unanswered,
            }
        }
        // Too long a name for a record below it: there can be none.
        _ => DomainOutcome::Missing,
    };
    tracing::info!(%service, domain, %record, outcome = outcome.as_str(), "looked a domain up");
    Chore::ReportDomainVerification { service, token, outcome }
}
