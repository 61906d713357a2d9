//! How clients' TLS is terminated: versions, certificates, application protocols and resumption of
//! one listener.
//!
//! No early data: what is in it could be replayed. Sessions are resumed by tickets, whose keys are
//! the listener's own, are never stored, and change every six hours; so the memory of a session is
//! with the client. Does not know sockets.

use std::{cell::Cell, fmt, sync::Arc};

use model::{AlpnPolicy, TlsTermination};
use rustls::{
    ServerConfig,
    crypto::ring,
    server::{ClientHello, NoServerSessionStorage, ProducesTickets, ResolvesServerCert},
    sign::CertifiedKey,
    version::{TLS12, TLS13},
};

use super::certificate::Certificates;

/// The protocols of a policy, the preferred one first (AWS's guide to TLS listeners).
fn protocols(policy: AlpnPolicy) -> &'static [&'static [u8]] {
    match policy {
        AlpnPolicy::None => &[],
        AlpnPolicy::Http1Only => &[b"http/1.1", b"http/1.0"],
        AlpnPolicy::Http2Only => &[b"h2"],
        AlpnPolicy::Http2Optional => &[b"http/1.1", b"http/1.0", b"h2"],
        AlpnPolicy::Http2Preferred => &[b"h2", b"http/1.1", b"http/1.0"],
    }
}

/// How one listener terminates TLS.
pub(crate) struct Terminator {
    settings: Arc<TlsTermination>,
    certificates: Certificates,
    /// The default first.
    arns: Arc<[Arc<str>]>,
    /// None if the system had no randomness for their keys: then no session is resumed.
    tickets: Option<Arc<dyn ProducesTickets>>,
    plain: Arc<ServerConfig>,
    /// With application protocols, if the policy has some.
    negotiating: Option<Arc<ServerConfig>>,
}

impl Terminator {
    /// A listener that was not known before.
    pub(crate) fn new(settings: &Arc<TlsTermination>, certificates: &Certificates) -> Self {
        let tickets = ring::Ticketer::new()
            .inspect_err(|error| tracing::error!(%error, "draw keys for TLS session tickets"));
        Self::with(settings, certificates, tickets.ok())
    }

    /// The same listener with other settings: tickets stay good.
    pub(crate) fn changed(&self, settings: &Arc<TlsTermination>) -> Self {
        Self::with(settings, &self.certificates, self.tickets.clone())
    }

    /// What it was made by.
    pub(crate) fn settings(&self) -> &TlsTermination {
        &self.settings
    }

    fn with(
        settings: &Arc<TlsTermination>,
        certificates: &Certificates,
        tickets: Option<Arc<dyn ProducesTickets>>,
    ) -> Self {
        let more = settings.certificates.iter().filter(|arn| **arn != settings.default_certificate);
        let arns: Arc<[_]> =
            std::iter::once(&settings.default_certificate).chain(more).cloned().collect();
        let versions: &[_] = if settings.is_tls12_allowed { &[&TLS13, &TLS12] } else { &[&TLS13] };
        let resolver = Resolver { certificates: certificates.clone(), arns: Arc::clone(&arns) };
        let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_protocol_versions(versions)
            .expect("ring has cipher suites of TLS 1.2 and 1.3")
            .with_no_client_auth()
            .with_cert_resolver(Arc::new(resolver));
        config.session_storage = Arc::new(NoServerSessionStorage {});
        if let Some(tickets) = &tickets {
            config.ticketer = Arc::clone(tickets);
        }
        let protocols = protocols(settings.alpn);
        let negotiating = (!protocols.is_empty()).then(|| {
            let mut config = config.clone();
            config.alpn_protocols = protocols.iter().map(|it| it.to_vec()).collect();
            Arc::new(config)
        });
        Self {
            settings: Arc::clone(settings),
            certificates: certificates.clone(),
            arns,
            tickets,
            plain: Arc::new(config),
            negotiating,
        }
    }

    /// Whether any of its certificates is loaded.
    pub(crate) fn has_certificate(&self) -> bool {
        self.certificates.has_any(&self.arns)
    }

    /// Whether what the client offers is to be seen before a handshake begins.
    pub(crate) fn negotiates(&self) -> bool {
        self.negotiating.is_some()
    }

    /// How the handshake with a client goes that offers these protocols. One that offers none of
    /// the policy's is served without any, as on a Network Load Balancer.
    pub(crate) fn config_for<'a>(
        &self,
        mut offered: impl Iterator<Item = &'a [u8]>,
    ) -> &Arc<ServerConfig> {
        let policy = protocols(self.settings.alpn);
        match &self.negotiating {
            Some(negotiating) if offered.any(|it| policy.contains(&it)) => negotiating,
            _ => &self.plain,
        }
    }
}

impl fmt::Debug for Terminator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Terminator").field("settings", &self.settings).finish_non_exhaustive()
    }
}

thread_local! {
    /// The host that a client named in the message that this thread takes at the moment.
    static NAMED: Cell<Option<Box<str>>> = const { Cell::new(None) };
}

/// The host that the client named, if its message was taken just now, on this thread: rustls shows
/// it to nobody else than the one who chooses the certificate.
pub(super) fn take_named() -> Option<Box<str>> {
    NAMED.take()
}

/// Chooses among the listener's certificates as they are at the moment of the handshake.
#[derive(Debug)]
struct Resolver {
    certificates: Certificates,
    arns: Arc<[Arc<str>]>,
}

impl ResolvesServerCert for Resolver {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        NAMED.set(hello.server_name().map(Into::into));
        self.certificates.choose(&self.arns, hello.server_name(), hello.signature_schemes())
    }
}
