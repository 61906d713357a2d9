//! The certificates of TLS listeners: each pair of files is followed by itself, so that a faulty
//! one keeps no other from being renewed. Which ones there are is settled at the start.

use std::sync::Arc;

use dataplane::{Certificate, Certificates, CertificatesByArn};
use model::Clock;

use super::{Holder, Looked, Renewal};
use crate::{config::certificate::ListenerCertificate, metrics::Reloaded};

/// All of them.
pub(crate) struct ListenerCertificates {
    present: CertificatesByArn,
    shared: Certificates,
    renewals: Vec<(Arc<str>, Renewal)>,
}

impl ListenerCertificates {
    /// Starts with those that the configuration names.
    pub(crate) fn new(configured: &[ListenerCertificate], clock: &dyn Clock) -> Self {
        let mut renewals = Vec::new();
        let mut present = CertificatesByArn::new();
        for ListenerCertificate { arn, tls, .. } in configured {
            let holder = Holder::Listeners(Arc::clone(arn));
            renewals.push((Arc::clone(arn), Renewal::new(holder, tls, clock)));
            present.insert(Arc::clone(arn), Certificate::new(tls.certificate.certified_key()));
        }
        if !renewals.is_empty() {
            Reloaded::ListenerCertificates.began();
        }
        Self { shared: Certificates::new(present.clone()), present, renewals }
    }

    /// What the data plane presents.
    pub(crate) fn shared(&self) -> Certificates {
        self.shared.clone()
    }

    /// Looks at the files, and takes what is in those that have changed, or in all if it is asked
    /// for.
    pub(crate) fn look(&mut self, is_asked: bool, clock: &dyn Clock) {
        let (mut taken, mut failed) = (0, 0);
        for (arn, renewal) in &mut self.renewals {
            match renewal.look(is_asked, clock) {
                Looked::Nothing => {}
                Looked::Renewed(certificate) => {
                    let new = Certificate::new(certificate.certified_key());
                    self.present.insert(Arc::clone(arn), new);
                    taken += 1;
                }
                Looked::Failed => failed += 1,
            }
        }
        if taken > 0 {
            self.shared.replace(self.present.clone());
        }
        if taken + failed > 0 {
            let are_well = self.renewals.iter().all(|(_, renewal)| renewal.is_well());
            Reloaded::ListenerCertificates.counted(taken, failed, are_well);
        }
    }
}
