//! Reading files again while the gateway runs: when they change, and all at once on SIGHUP.
//!
//! Each kind of file has its own rules of what is taken; here is only when to look. Looking is
//! bounded: one thread, one look at a time, and a pause between two.

use std::{future::Future, pin::pin, sync::Arc, time::Duration};

use control::{Identities, tls::Tls};
use dataplane::Certificates;
use model::Clock;
use tokio::{task::spawn_blocking, time::sleep};
use tracing::{error, info};

use crate::{
    certificate::{ApiCertificate, listeners::ListenerCertificates},
    config::Config,
    identity::IdentityFiles,
    metrics::Reloaded,
    settings,
    signal::Hangup,
};

/// How long between two looks at the files; a change is taken after two looks at most.
const PAUSE: Duration = Duration::from_secs(1);

/// What is read again.
pub(crate) struct Reload {
    clock: Arc<dyn Clock>,
    certificate: Option<ApiCertificate>,
    listeners: ListenerCertificates,
    identities: Identities,
    identity_files: IdentityFiles,
}

impl Reload {
    /// Follows what the configuration named at the start.
    pub(crate) fn new(
        config: &Config,
        identity_files: IdentityFiles,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let certificate = config.tls.as_ref().map(|tls| ApiCertificate::new(tls, &*clock));
        let listeners = ListenerCertificates::new(&config.certificates, &*clock);
        Reloaded::Identities.began();
        let identities = Identities::new(&settings::accounts(config));
        Self { clock, certificate, listeners, identities, identity_files }
    }

    /// Whom the API knows.
    pub(crate) fn identities(&self) -> Identities {
        self.identities.clone()
    }

    /// What the API is encrypted with.
    pub(crate) fn tls(&self) -> Option<Tls> {
        self.certificate.as_ref().map(ApiCertificate::tls)
    }

    /// What TLS listeners present.
    pub(crate) fn certificates(&self) -> Certificates {
        self.listeners.shared()
    }

    fn look(&mut self, is_asked: bool) {
        if let Some(certificate) = &mut self.certificate {
            certificate.look(is_asked, &*self.clock);
        }
        self.listeners.look(is_asked, &*self.clock);
        if let Some(accounts) = self.identity_files.look(is_asked) {
            self.identities.replace(&accounts);
        }
    }
}

/// Looks again and again until `stop` ends.
pub(crate) async fn run(mut reload: Reload, mut hangup: Hangup, stop: impl Future<Output = ()>) {
    let mut stop = pin!(stop);
    loop {
        let is_asked = tokio::select! {
            () = &mut stop => return,
            () = hangup.asked() => true,
            () = sleep(PAUSE) => false,
        };
        if is_asked {
            info!("reading certificates and identities again, as SIGHUP asks");
        }
        // Files may be on a disk that is slow.
        let looked = spawn_blocking(move || {
            reload.look(is_asked);
            reload
        });
        reload = match looked.await {
            Ok(reload) => reload,
            Err(error) => {
                error!(%error, "files are not followed any more");
                // SIGHUP must still not end the process.
                return stop.await;
            }
        };
    }
}
