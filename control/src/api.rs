//! The AWS-compatible API on one port.
//!
//! A request goes through here from top to bottom: its service is known from the scope of its
//! signature, the signature is verified, the form is read, the caller is found to be permitted what
//! it asks, the operation runs, and the answer or the fault is put into the form of its protocol.
//! Relies on `http` for the transport, on `signature` for who is calling and on `authorization` for
//! what they may do. Does not know any operation: `ec2`, `elb` and `sts` do.

mod actions;
mod call;
mod metrics;
mod received;
mod refusal;
mod request_id;
mod response;
mod service;
mod unread;

use std::{
    future::Future,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use bytes::Bytes;
use control_core::{
    Caller,
    throttle::{ActionClass, Throttle},
};
use http_body_util::Full;
use hyper::{Response, header::USER_AGENT, http::request::Parts};
use model::{Clock, Health};
use tokio::{net::TcpListener, sync::watch};

pub(crate) use actions::actions;
pub(crate) use call::{Call, Change, Ready};
pub(crate) use metrics::UNKNOWN as UNKNOWN_ACTION;
use received::{Received, body_fault, check_head, not_served, signed_request};
use request_id::RequestIds;
use response::Wire;
pub(crate) use service::Service;
use unread::Unread;

use crate::{
    audit::{Audit, Entry, ErrorForm, Parameters},
    authorization::Circumstances,
    config::Config,
    http::{self, Arrival, BodyError, Channel, Handler},
    identities::{self, Identities},
    keeper::Keeper,
    query::{Dialect, Fault, PageTokens},
    signature::{Claim, SignatureError, Verifier},
    tls::Tls,
};

/// How often the log says that somebody speaks plain HTTP to the port of TLS: whoever can reach the
/// port must not be able to fill it.
const PLAIN_HTTP_WARNED: Duration = Duration::from_secs(60);

/// What the API is made of.
#[derive(Clone)]
pub struct Api {
    /// Takes commands, and lends the registry for reads.
    pub keeper: Keeper,
    /// Region, zones, limits.
    pub config: Arc<Config>,
    /// Whom it knows.
    pub identities: Identities,
    /// The time of day, for signatures.
    pub clock: Arc<dyn Clock>,
    /// What the data plane reports of targets.
    pub health: watch::Receiver<Arc<Health>>,
    /// Where request ids start.
    pub seed: u64,
    /// Where it is written down who did what.
    pub audit: Audit,
    /// What connections are encrypted with; none if they are not.
    pub tls: Option<Tls>,
}

/// Serves the API until `shutdown` ends, and then until the requests in progress have ended.
pub async fn serve(listener: TcpListener, api: Api, shutdown: impl Future<Output = ()> + Send) {
    metrics::describe();
    let limits = http::Limits::of(&api.config.limits);
    let tls = api.tls.clone();
    http::serve(listener, tls, Arc::new(Server::new(api)), limits, shutdown).await;
}

/// Every operation that is served: the service's name in scopes and policies, and its own.
pub fn operations() -> impl Iterator<Item = (&'static str, &'static str)> {
    let services = [Service::Ec2, Service::Elb, Service::Sts, Service::ZonalShift];
    services.into_iter().flat_map(|service| {
        service.operations().iter().map(move |operation| (service.name(), *operation))
    })
}

/// The API with what is made once of its configuration.
pub(crate) struct Server {
    api: Api,
    verifier: Verifier,
    page_tokens: PageTokens,
    request_ids: RequestIds,
    throttle: Mutex<Throttle>,
    plain_http_warned: Mutex<Option<Instant>>,
    unread: Unread,
}

/// What became known of a request on its way, for the log and the numbers.
struct Progress {
    action: &'static str,
    caller: Option<Caller>,
    access_key_id: Option<String>,
    parameters: Option<Parameters>,
}

impl Server {
    pub(crate) fn new(api: Api) -> Self {
        let verifier = Verifier::new(api.config.region.clone());
        // Those of the start: a page may be asked for after other keys were read.
        let secrets = identities::keys(&api.config.accounts);
        let page_tokens = PageTokens::new(secrets.map(|(key, _)| &*key.secret_access_key.0));
        let request_ids = RequestIds::seeded(api.seed);
        let throttle = Mutex::new(Throttle::new(api.config.limits.rates));
        let (plain_http_warned, unread) = (Mutex::default(), Unread::default());
        Self { api, verifier, page_tokens, request_ids, throttle, plain_http_warned, unread }
    }

    /// Refuses what came unencrypted where it must not, and sees that the operator hears of it.
    fn check_channel(&self, arrival: Arrival) -> Result<(), Fault> {
        if arrival.channel != Channel::PlainForTls {
            return Ok(());
        }
        let now = self.api.clock.monotonic();
        let mut warned = self.plain_http_warned.lock().unwrap_or_else(PoisonError::into_inner);
        if warned.is_none_or(|at| now.saturating_duration_since(at) >= PLAIN_HTTP_WARNED) {
            *warned = Some(now);
            let peer = arrival.peer.ip();
            tracing::warn!(%peer, "plain HTTP came to the API's port, which is served with TLS");
        }
        let message = "The API is served with TLS here: use an endpoint URL with https://.";
        Err(Fault::new("InvalidRequest", message))
    }

    /// Takes a token of the caller's bucket: the first thing done for a caller that is known.
    fn throttle(&self, caller: &Caller, class: ActionClass, dialect: Dialect) -> Result<(), Fault> {
        let now = self.api.clock.monotonic();
        // Every state of the table is a right one, whatever a panic broke off.
        let mut throttle = self.throttle.lock().unwrap_or_else(PoisonError::into_inner);
        throttle.take(&caller.account, class, now).map_err(|_| {
            metrics::throttled(class);
            Fault::throttled(dialect)
        })
    }

    /// One request from its bytes to the document of its answer.
    async fn run(
        &self,
        request: Received<'_>,
        request_id: &str,
        progress: &mut Progress,
    ) -> Result<Vec<u8>, Fault> {
        let dialect = request.service.map_or(Dialect::Ec2, Service::dialect);
        self.check_channel(request.arrival)?;
        if request.arrival.is_refused {
            return Err(Fault::throttled(dialect));
        }
        let body = request.body.map_err(body_fault)?;
        if !request.is_rest() {
            check_head(request.head)?;
        }
        let signed = signed_request(request.head, body);
        let refused = |error: SignatureError| refusal::signature_fault(&error, dialect);
        let claim = Claim::read(signed).map_err(refused)?;
        progress.access_key_id = Some(claim.scope.access_key_id.clone());
        let service = Service::of_scope(&claim.scope.service).ok_or_else(not_served)?;
        let now = self.api.clock.wall();
        let known = self.api.identities.now();
        let verified = self.verifier.verify(&known.keys, &claim, signed, now);
        let identity = verified.map_err(refused)?;
        progress.caller = Some(identity.caller.clone());
        self.throttle(&identity.caller, request.class(), service.dialect())?;

        let mut form = request.form(body)?;
        if claim.expires.is_some() {
            form = form.without_signature();
        }
        if self.api.audit.is_on() {
            progress.parameters = Some(Parameters::of(&form));
        }
        let circumstances = Circumstances { arrival: request.arrival, now };
        let call = Call::new(self, &known, identity, circumstances, &form, service)?;
        progress.action = service.operation(call.action()).unwrap_or(metrics::UNKNOWN);
        known.authorizer.authorize(&call)?;
        let (action, document) = service.answer(&call, request_id).await;
        progress.action = action;
        document
    }
}

impl Progress {
    fn begun() -> Self {
        Self { action: metrics::UNKNOWN, caller: None, access_key_id: None, parameters: None }
    }
}

impl Server {
    /// Has it written down who asked for what, and how it was answered.
    async fn audit(
        &self,
        request: Received<'_>,
        request_id: &str,
        progress: &Progress,
        fault: Option<&Fault>,
    ) {
        let agent = request.head.headers.get(USER_AGENT).and_then(|agent| agent.to_str().ok());
        let entry = Entry {
            at: self.api.clock.wall(),
            service: request.service.map(Service::name),
            // What a stranger says it wanted is worth knowing, too.
            action: match progress.action {
                metrics::UNKNOWN => request.stated_action().unwrap_or(metrics::UNKNOWN),
                action => action,
            },
            class: request.class(),
            region: self.api.config.region.as_str(),
            peer: request.arrival.peer.ip(),
            tls: request.tls(),
            user_agent: agent,
            caller: progress.caller.as_ref(),
            access_key_id: progress.access_key_id.as_deref(),
            request_id,
            event_id: &self.request_ids.draw(),
            parameters: progress.parameters.as_ref(),
            fault,
            error_form: request.service.map_or(ErrorForm::Plain, Service::error_form),
        };
        self.api.audit.record(&entry).await;
    }
}

impl Handler for Server {
    async fn handle(
        &self,
        arrival: Arrival,
        head: Parts,
        body: Result<Bytes, BodyError>,
    ) -> Response<Full<Bytes>> {
        let started = self.api.clock.monotonic();
        let request_id = self.request_ids.draw();
        let body = body.as_ref().map(AsRef::as_ref).map_err(|error| *error);
        let service = Service::of_request(signed_request(&head, body.unwrap_or_default()));
        let request = Received { head: &head, body, service, arrival };
        let mut progress = Progress::begun();
        let document = self.run(request, &request_id, &mut progress).await.and_then(|document| {
            self.unread.keep(document).ok_or_else(|| {
                metrics::no_room();
                Fault::throttled(service.map_or(Dialect::Ec2, Service::dialect))
            })
        });
        let document = document.map_err(|fault| request.restated(fault));

        let code = document.as_ref().map_or_else(|fault| fault.code, |_| metrics::OK);
        let name = service.map_or(metrics::UNKNOWN, Service::name);
        let took = self.api.clock.monotonic().saturating_duration_since(started);
        metrics::answered(name, progress.action, code, took);
        tracing::debug!(
            request_id,
            service = name,
            action = progress.action,
            account = progress.caller.as_ref().map(|caller| caller.account.as_str()),
            code,
            took_us = took.as_micros(),
            "answered an API request"
        );
        if self.api.audit.is_on() {
            let fault = document.as_ref().err();
            self.audit(request, &request_id, &progress, fault).await;
        }
        let wire = Wire::of(service, &head.headers);
        response::of(document, wire, &request_id, self.api.clock.wall())
    }
}
