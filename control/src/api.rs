//! The AWS-compatible API on one port.
//!
//! A request goes through here from top to bottom: its service is known from the scope of its
//! signature, the signature is verified, the form is read, the caller is found to be permitted what
//! it asks, the operation runs, and the answer or the fault is put into the form of its protocol.
//! Relies on `http` for the transport, on `signature` for who is calling and on `authorization` for
//! what they may do. Does not know any operation: `ec2`, `elb` and `sts` do.

mod call;
mod metrics;
mod refusal;
mod request_id;
mod response;
mod service;

use std::{future::Future, sync::Arc};

use bytes::Bytes;
use control_core::Caller;
use http_body_util::Full;
use hyper::{Method, Response, StatusCode, http::request::Parts};
use model::{Clock, Health};
use tokio::{net::TcpListener, sync::watch};

pub(crate) use call::{Call, Ready};
pub(crate) use metrics::UNKNOWN as UNKNOWN_ACTION;
use request_id::RequestIds;
use response::Wire;
pub(crate) use service::Service;

use crate::{
    authorization::{Authorizer, Circumstances},
    config::Config,
    http::{self, BodyError, Handler, Peer},
    keeper::Keeper,
    query::{Dialect, Fault, Form, PageTokens},
    signature::{Claim, SignatureError, SignedRequest, Verifier},
};

/// What the API is made of.
#[derive(Clone)]
pub struct Api {
    /// Takes commands, and lends the registry for reads.
    pub keeper: Keeper,
    /// Region, zones, accounts and their keys.
    pub config: Arc<Config>,
    /// The time of day, for signatures.
    pub clock: Arc<dyn Clock>,
    /// What the data plane reports of targets.
    pub health: watch::Receiver<Arc<Health>>,
    /// Where request ids start.
    pub seed: u64,
}

/// Serves the API until `shutdown` ends, and then until the requests in progress have ended.
pub async fn serve(listener: TcpListener, api: Api, shutdown: impl Future<Output = ()> + Send) {
    metrics::describe();
    http::serve(listener, Arc::new(Server::new(api)), shutdown).await;
}

/// The API with what is made once of its configuration.
pub(crate) struct Server {
    api: Api,
    verifier: Verifier,
    authorizer: Authorizer,
    page_tokens: PageTokens,
    request_ids: RequestIds,
}

/// What became known of a request on its way, for the log and the numbers.
struct Progress {
    action: &'static str,
    caller: Option<Caller>,
}

impl Server {
    pub(crate) fn new(api: Api) -> Self {
        let keys = || {
            let keys = api.config.keys();
            keys.map(|(key, caller)| (&*key.access_key_id, &*key.secret_access_key.0, caller))
        };
        let verifier = Verifier::new(api.config.region.clone(), keys());
        let page_tokens = PageTokens::new(keys().map(|(_, secret, _)| secret));
        let authorizer = Authorizer::new(&api.config);
        let request_ids = RequestIds::seeded(api.seed);
        Self { api, verifier, authorizer, page_tokens, request_ids }
    }

    /// One request from its bytes to the document of its answer.
    async fn run(
        &self,
        request: Received<'_>,
        request_id: &str,
        progress: &mut Progress,
    ) -> Result<Vec<u8>, Fault> {
        check_head(request.head)?;
        let body = request.body.map_err(body_fault)?;
        let signed = signed_request(request.head, body);
        let dialect = request.service.map_or(Dialect::Ec2, Service::dialect);
        let refused = |error: SignatureError| refusal::signature_fault(&error, dialect);
        let claim = Claim::read(signed).map_err(refused)?;
        let service = Service::of_scope(&claim.scope.service).ok_or_else(not_served)?;
        let now = self.api.clock.wall();
        let identity = self.verifier.verify(&claim, signed, now).map_err(refused)?;
        progress.caller = Some(identity.caller.clone());

        let mut form = Form::parse(&[signed.query.as_bytes(), body])?;
        if claim.expires.is_some() {
            form = form.without_signature();
        }
        let peer = request.head.extensions.get::<Peer>().copied();
        let call = Call::new(self, identity, Circumstances { peer, now }, &form, service)?;
        self.authorizer.authorize(&call)?;
        let (action, document) = service.answer(&call, request_id).await;
        progress.action = action;
        document
    }
}

impl Handler for Server {
    async fn handle(&self, head: Parts, body: Result<Bytes, BodyError>) -> Response<Full<Bytes>> {
        let started = self.api.clock.monotonic();
        let request_id = self.request_ids.draw();
        let body = body.as_ref().map(AsRef::as_ref).map_err(|error| *error);
        let service = Service::of_request(signed_request(&head, body.unwrap_or_default()));
        let request = Received { head: &head, body, service };
        let mut progress = Progress { action: metrics::UNKNOWN, caller: None };
        let document = self.run(request, &request_id, &mut progress).await;

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
        let wire = Wire::of(service, &head.headers);
        response::of(document, wire, &request_id, self.api.clock.wall())
    }
}

/// A request as the transport hands it over.
#[derive(Clone, Copy)]
struct Received<'a> {
    head: &'a Parts,
    body: Result<&'a [u8], BodyError>,
    service: Option<Service>,
}

fn signed_request<'a>(head: &'a Parts, body: &'a [u8]) -> SignedRequest<'a> {
    SignedRequest {
        method: head.method.as_str(),
        path: head.uri.path(),
        query: head.uri.query().unwrap_or_default(),
        headers: &head.headers,
        body,
    }
}

/// All services here are spoken to with forms at the root.
fn check_head(head: &Parts) -> Result<(), Fault> {
    if head.method != Method::GET && head.method != Method::POST {
        let message = "Requests are made with GET or POST.";
        return Err(Fault::with_status(
            StatusCode::METHOD_NOT_ALLOWED,
            "MethodNotAllowed",
            message,
        ));
    }
    if head.uri.path() != "/" {
        let message = "There is nothing at this path; requests are made to /.";
        return Err(Fault::with_status(StatusCode::NOT_FOUND, "InvalidAction", message));
    }
    Ok(())
}

fn body_fault(error: BodyError) -> Fault {
    match error {
        BodyError::TooLarge => Fault::with_status(
            StatusCode::PAYLOAD_TOO_LARGE,
            "RequestEntityTooLarge",
            format!("The body of a request may have {} bytes.", http::BODY_BYTES_MAX),
        ),
        BodyError::TimedOut => Fault::with_status(
            StatusCode::REQUEST_TIMEOUT,
            "RequestTimeout",
            "The body of the request did not arrive in time.",
        ),
        BodyError::Broken => Fault::malformed_form("The body of the request cannot be read."),
    }
}

fn not_served() -> Fault {
    Fault::new("InvalidAction", "The service that the request is signed for is not served here.")
}
